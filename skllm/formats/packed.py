"""Many clips of one body in a `.npz`: `xyz` [frames J 3] of all clips end to end, `lengths`, `keys`; a JSON beside it says the rest.

The JSON (`<stem>.json` or `<stem>_meta.json`) holds `joint_names` or `marker_names`, `parents` (for markers, Plug-in-Gait's
bones are known), `fps`, and `up`: "y" (people face +z) or "z" (people along +x). Whole numbers are 0.2 mm.
"""

from pathlib import Path

from skllm.formats.asf_amc import acclaim_topology
from skllm.formats.axes import Y_UP_FACING_Z, Z_UP_FACING_X
from skllm.formats.files import File
from skllm.formats.topologies import marker_topology
from skllm.skeleton import Skeleton, Topology

_UNIT = 2e-4
_AXES = {"y": Y_UP_FACING_Z, "z": Z_UP_FACING_X}


def claims_packed(file: File) -> bool:
    """Whether the archive has `xyz`, `lengths` and `keys`."""
    return {"xyz", "lengths", "keys"} <= set(file.arrays)


def clips_of_packed(file: File) -> list[str]:
    """The clips' keys. Raises ValueError where the archive lacks what `claims_packed` asks for."""
    if not claims_packed(file):
        raise file.bad("the archive", f"it holds {', '.join(sorted(file.arrays)) or 'nothing'}", "it needs xyz, lengths and keys; copy it again")
    return [str(key) for key in file.arrays["keys"].ravel()]


def read_packed_archive(file: File, clip: str | None = None) -> Skeleton:
    """One clip of the archive; joints at exactly 0 are absent."""
    keys, lengths, xyz = clips_of_packed(file), file.arrays["lengths"], file.arrays["xyz"]
    if lengths.dtype.kind not in "iu" or lengths.shape != (len(keys),) or (lengths < 0).any() or xyz.ndim != 3 or lengths.sum() != len(xyz):
        raise file.bad("lengths", f"{len(keys)} keys, lengths {lengths.shape}, xyz {xyz.shape}", "they should fit together; copy it again")
    n = keys.index(file.pick(keys, clip))
    start = int(lengths[:n].sum())
    about = _about(file)
    points = xyz[start : start + int(lengths[n])]
    metres = points * (_UNIT if points.dtype.kind in "iu" else 1.0)
    return file.to_skeleton(metres @ _AXES[about["up"]], about["topology"], about["fps"], seen=~(points == 0).all(-1), name=keys[n])


def descriptions_beside(path: Path) -> list[Path]:
    """Where an archive's description may lie."""
    return [path.with_name(f"{path.stem}{end}.json") for end in ("", "_meta")]


def _about(file: File) -> dict:
    beside = descriptions_beside(file.path)
    found = next((path for path in beside if path.exists()), None)
    if found is None:
        raise file.bad("its description", f"neither {beside[0].name} nor {beside[1].name} lies beside it", "put the JSON there")
    content = File(found).json
    try:
        return {"up": _checked_up(content.get("up", "y")), "fps": float(content["fps"]), "topology": _topology(content, file.stem)}
    except (AttributeError, KeyError, TypeError, ValueError) as wrong:
        raise File(found).bad("its keys", f"no {wrong}", "it needs joint_names, parents and fps") from None


def _checked_up(up: str) -> str:
    if up not in _AXES:
        raise ValueError(f"'up' of {' or '.join(_AXES)} but {up!r}")
    return up


def _topology(content: dict, name: str) -> Topology:
    if "parents" in content:
        names = [str(joint).split("_@_")[-1] for joint in content["joint_names"]]       # a bone's far end names its joint
        acclaim = acclaim_topology(name, names, content["parents"])
        return acclaim if "other" not in acclaim.parts else Topology.from_parents(name, names, content["parents"])
    return marker_topology(name, list(content["marker_names"]))
