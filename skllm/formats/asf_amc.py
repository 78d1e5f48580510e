"""Acclaim motion capture as CMU and HDM05 have it: a body (.asf) and its motion (.amc), 120 fps."""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from skllm.formats.axes import Y_UP_FACING_Z
from skllm.formats.files import File
from skllm.formats.kinematics import forward
from skllm.skeleton import Skeleton, Topology

_INCH = 0.0254           # metres; lengths are inches times the number that the .asf states
_MOST_BONES = 1000
_PART_OF_BONE = {        # a joint stands at the far end of the bone that names it
    "root": "waist", "hipjoint": "hip", "femur": "knee", "tibia": "ankle", "foot": "foot", "toes": "foot", "lowerback": "waist",
    "upperback": "chest", "thorax": "chest", "lowerneck": "neck", "upperneck": "neck", "head": "head", "clavicle": "shoulder",
    "humerus": "elbow", "radius": "wrist", "wrist": "wrist", "hand": "hand", "fingers": "hand", "thumb": "hand",
}


@dataclass
class _Bone:
    name: str
    offset: np.ndarray = field(default_factory=lambda: np.zeros(3))
    axis: np.ndarray = field(default_factory=lambda: np.eye(3))
    freedoms: tuple[str, ...] = ()
    parent: int = -1


def acclaim_topology(name: str, bones: list[str], parents: list[int]) -> Topology:
    """The topology of bones with Acclaim's names (lfemur, thorax, ...), whose sides are their first letter."""
    sided = {bone: bone[1:] in _PART_OF_BONE and bone[0] in "lr" and bone not in _PART_OF_BONE for bone in bones}
    parts = [_PART_OF_BONE.get(bone[1:] if sided[bone] else bone, "other") for bone in bones]
    sides = [{"l": "left", "r": "right"}[bone[0]] if sided[bone] else "middle" for bone in bones]
    return Topology.from_parents(name, bones, parents, parts, sides)


def read_amc(file: File, asf: str | Path | None = None, fps: float | int = 120.0) -> Skeleton:
    """One motion in metres, y up and seen from +z, where people mostly face.

    asf: the body's file; where it is not given, the .asf near the motion whose name begins the motion's (the longest such), or the only one there.
    """
    body = File(asf) if asf is not None else _asf_beside(file)
    bones, scale = _body(body)
    values = _motion(file, bones)
    local = np.stack([_rotations(bone, values[n]) for n, bone in enumerate(bones)], 1)
    root = np.stack([values[0][:, bones[0].freedoms.index(axis)] for axis in ("tx", "ty", "tz")], -1)
    xyz = forward([bone.parent for bone in bones], np.stack([bone.offset for bone in bones]), local, root, far_ends=True) * scale
    return file.to_skeleton(xyz @ Y_UP_FACING_Z, acclaim_topology("acclaim", [bone.name for bone in bones], [bone.parent for bone in bones]),
                            file.positive(fps, "fps", "120"))


def bodies_near(path: Path) -> list[Path]:
    """The .asf files beside a motion, in the folder above, and in that one's folder `asf`."""
    above = path.absolute().parent.parent
    return [body for folder in (path.parent, above, above / "asf") for body in sorted(folder.glob("*")) if body.suffix.lower() == ".asf"]


def _asf_beside(file: File) -> File:
    """Of the bodies near the motion, in the nearest folder that has its own, the one whose name begins the motion's."""
    near = bodies_near(file.path)
    for folder in dict.fromkeys(path.parent for path in near):
        found = [path for path in near if path.parent == folder]
        named = sorted((path for path in found if file.stem.startswith(path.stem)), key=lambda path: -len(path.stem))
        if named or len(found) == 1:
            return File((named or found)[0])
    raise file.bad("its body", "no .asf of its own lies beside it or in the folder above", "name it: load(path, asf=...)")


def _body(file: File) -> tuple[list[_Bone], float]:
    """The bones, parents first, each as an offset from its parent's end; and metres in one unit of length."""
    try:
        parts = dict(re.findall(r"^:(\w+)([^:]*)", re.sub(r"#.*", "", file.text), re.MULTILINE))
        degrees, length = "deg" in parts["units"], float(re.search(r"length\s+(\S+)", parts["units"])[1])
        bones = {"root": _Bone("root", freedoms=tuple(re.search(r"order\s+(.*)", parts["root"])[1].lower().split()))}
        for text in re.findall(r"begin(.*?)end", parts["bonedata"], re.DOTALL):
            bone = _bone(text, degrees)
            bones[bone.name] = bone
        ordered = _ordered(bones, parts["hierarchy"])
        _refuse_what_is_not_applied(parts["root"], ordered)
        if not {"tx", "ty", "tz"} <= set(ordered[0].freedoms) or not 0 < length < np.inf:
            raise ValueError("root without tx ty tz, or no length")
    except (KeyError, TypeError, ValueError, IndexError, OverflowError, AttributeError) as wrong:
        raise file.bad("its grammar", f"not a whole .asf ({str(wrong)[:80]})", "copy it again") from None
    return ordered, _INCH / length


def _refuse_what_is_not_applied(root: str, bones: list[_Bone]) -> None:
    rest = [float(n) for key in ("position", "orientation") for n in re.search(rf"{key}\s+(\S+)\s+(\S+)\s+(\S+)", root).groups()]
    turns = "".join(freedom[1] for freedom in bones[0].freedoms if freedom.startswith("r"))
    if any(rest) or turns != re.search(r"axis\s+(\w+)", root)[1].lower():
        raise ValueError("a root with a rest position or orientation, or whose order is not its axis")
    wrong = {freedom for bone in bones[1:] for freedom in bone.freedoms} - {"rx", "ry", "rz"}
    if wrong:
        raise ValueError(f"bones that move by {', '.join(sorted(wrong))}")


def _bone(text: str, degrees: bool) -> _Bone:
    fields = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line.strip()}
    offset = np.array([float(n) for n in fields["direction"][:3]]) * float(fields["length"][0])
    angles, order = [float(n) for n in fields["axis"][:3]], fields["axis"][3].lower()
    if offset.shape != (3,) or not np.isfinite(offset).all() or not np.isfinite(angles).all() or sorted(order) != ["x", "y", "z"]:
        raise ValueError(f"bone {fields['name']}")
    return _Bone(fields["name"][0], offset, Rotation.from_euler(order, angles, degrees=degrees).as_matrix(),
                 tuple(word.lower() for word in fields.get("dof", ())))


def _ordered(bones: dict[str, _Bone], hierarchy: str) -> list[_Bone]:
    children = {words[0]: words[1:] for line in hierarchy.splitlines() if len(words := line.split()) > 1}
    names, ordered = ["root"], []
    for name in names:                                     # grows as it goes: breadth first, parents before children
        ordered.append(bones[name])
        for child in children.get(name, ()):
            if child in names or len(names) > _MOST_BONES:
                raise ValueError(f"bone {child} has two parents")
            bones[child].parent = len(ordered) - 1
            names.append(child)
    return ordered


def _motion(file: File, bones: list[_Bone]) -> list[np.ndarray]:
    """For each bone its values [T, freedoms]."""
    lines = [line.split() for line in file.text.splitlines() if line.strip() and line.lstrip()[0] not in "#:"]
    per_frame = 1 + sum(bool(bone.freedoms) for bone in bones)
    if not lines or len(lines) % per_frame:
        raise file.bad("its frames", f"{len(lines)} lines, {per_frame} a frame", "the file may be cut short, or the .asf is another body's")
    values, by_bone = [], defaultdict(list)
    for line in lines:
        by_bone[line[0]].append(line[1:])
    for bone in bones:
        found = by_bone[bone.name] if bone.freedoms else []
        if bone.freedoms and len(found) != len(lines) // per_frame:
            raise file.bad(f"bone {bone.name}", f"{len(found)} lines in {len(lines) // per_frame} frames", "is the .asf another body's?")
        values.append(_numbers(file, bone, found, len(lines) // per_frame))
    if ":degrees" not in file.text.lower():
        raise file.bad("its head", "it does not say :DEGREES", "only degrees are read")
    return values


def _numbers(file: File, bone: _Bone, found: list[list[str]], frames: int) -> np.ndarray:
    try:
        values = np.array(found, dtype=np.float64).reshape(frames, len(bone.freedoms)) if found else np.zeros((frames, 0))
    except ValueError:
        raise file.bad(f"bone {bone.name}", f"not {len(bone.freedoms)} numbers in each frame", "copy it again") from None
    if not np.isfinite(values).all():
        raise file.bad(f"bone {bone.name}", "a value that is not finite", "copy it again")
    return values


def _rotations(bone: _Bone, values: np.ndarray) -> np.ndarray:
    """[T 3 3] within the parent's axes: the freedoms act about the bone's own axes."""
    turns = [(freedom[1], values[:, n]) for n, freedom in enumerate(bone.freedoms) if freedom in ("rx", "ry", "rz")]
    turned = np.broadcast_to(np.eye(3), (len(values), 3, 3))
    for axis, degrees in turns:                            # rx first, then ry, then rz, all about fixed axes
        turned = Rotation.from_euler(axis, degrees[:, None], degrees=True).as_matrix() @ turned
    return bone.axis @ turned @ bone.axis.T
