"""Topology and Skeleton: the one record that every floor knows.

World: metres and seconds; x to the viewer's right, y up, z away from the viewer (so a left-handed frame).
"""

import numbers
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

PARTS = ("waist", "chest", "neck", "head", "shoulder", "elbow", "wrist", "hand", "hip", "knee", "ankle", "foot", "other")
SIDES = ("left", "right", "middle")

# First match wins, on the lower-cased name without its side and separators.
_PART_OF_NAME = (
    ("toe|foot", "foot"),
    ("hand|thumb|finger|index|pinky|^ring", "hand"),
    ("wrist", "wrist"),
    ("elbow|forearm|lowerarm|lowarm", "elbow"),
    ("spineshoulder|shouldercenter|chest|thorax|torso|spine[23]|upperback", "chest"),
    ("shoulder|collar|clavicle|upperarm|uparm|^arm", "shoulder"),
    ("ankle|heel", "ankle"),
    ("^hips|hipcenter|midhip|pelvis|waist|root|spine|belly|lowerback|abdomen", "waist"),
    ("hip|upleg|upperleg|thigh", "hip"),
    ("knee|leg|shin|calf", "knee"),
    ("neck", "neck"),
    ("head|nose|eye|ear|jaw|mouth", "head"),
)
_LEFT = re.compile(r"left|^[lL](?=[A-Z_. \-])|[_. \-][lL](?=$|[_. \-])")
_RIGHT = re.compile(r"right|^[rR](?=[A-Z_. \-])|[_. \-][rR](?=$|[_. \-])")
_PREFIX = re.compile(r"^(.*:|bip\d+[ _]+|character\d*_|b_(?=[lr]_))", re.IGNORECASE)       # what animation programs put before a name
_SPEED_WINDOW = 1 / 15   # seconds to either side: two frames of a 30 fps sensor, wide enough to average its jitter
_FARTHEST = 1000.0       # metres; a larger coordinate means that the unit is wrong


def _bare_name(joint: str) -> str:
    return _PREFIX.sub("", joint)


def side_of_name(joint: str) -> str:
    """'left', 'right' or 'middle', read from a joint's name (`ElbowLeft`, `left_elbow`, `LElbow`, `elbow.L`)."""
    joint = _bare_name(joint)
    camel = joint.replace("Left", "left").replace("Right", "right").replace("LEFT", "left").replace("RIGHT", "right")
    return "left" if _LEFT.search(camel) else "right" if _RIGHT.search(camel) else "middle"


def sides_of_names(joints: Sequence[str]) -> list[str]:
    """The side of each joint; a bare first letter l or r counts where the same name exists with the other letter (lfemur, rfemur)."""
    other = {"l": "r", "r": "l", "L": "R", "R": "L"}
    sides = []
    for joint in joints:
        paired = joint[:1] in other and other[joint[0]] + joint[1:] in joints
        side = side_of_name(joint)
        sides.append({"l": "left", "r": "right"}[joint[0].lower()] if side == "middle" and paired else side)
    return sides


def part_of_name(joint: str) -> str:
    """The body part (one of `PARTS`) that a joint's name speaks of; 'other' where it names none."""
    bare = re.sub(r"(?i)left|right", "", _bare_name(joint))
    bare = re.sub(r"^[lLrR](?=[A-Z_. \-])|[_. \-][lrLR](?=$|[_. \-])", "", bare)
    plain = re.sub(r"[^a-z0-9]", "", bare.lower())
    return next((part for pattern, part in _PART_OF_NAME if re.search(pattern, plain)), "other")


@dataclass(frozen=True)
class Topology:
    """Which joints a format has, how bones join them, and what each joint means.

    bones: pairs of joint indices, counted from 0; parts and sides: one of `PARTS` and `SIDES` a joint.
    """

    name: str
    joint_names: tuple[str, ...]
    bones: tuple[tuple[int, int], ...]
    parts: tuple[str, ...]
    sides: tuple[str, ...]

    def __post_init__(self) -> None:
        joints = len(self.joint_names)
        if joints == 0:
            raise ValueError(f"topology {self.name!r} has no joints; name at least one")
        if len(set(self.joint_names)) < joints:
            raise ValueError(f"topology {self.name!r} names a joint twice; joint names tell joints apart")
        for bone in self.bones:
            if not all(0 <= end < joints for end in bone):
                raise ValueError(f"topology {self.name!r}: bone {bone} names a joint outside 0..{joints - 1}; count from 0")
        for what, values, known in (("parts", self.parts, PARTS), ("sides", self.sides, SIDES)):
            if len(values) != joints or not set(values) <= set(known):
                raise ValueError(f"topology {self.name!r}: {what} must hold one of {known} for each of {joints} joints; got {values}")

    @classmethod
    def from_bones(cls, name: str, joint_names, bones, parts=None, sides=None) -> "Topology":
        """A topology from joint names and 0-based bones; parts and sides are read from the names unless given."""
        names = tuple(joint_names)
        if not all(isinstance(joint, str) and joint for joint in names):
            raise ValueError(f"topology {name!r}: joint names are words; got {names[:6]}")
        try:
            pairs = tuple((int(a), int(b)) for a, b in bones)
        except (TypeError, ValueError):
            raise ValueError(f"topology {name!r}: bones are pairs of joint numbers from 0, such as [(0, 1), (1, 2)]; got {bones!r}") from None
        if any(a == b for a, b in pairs):
            raise ValueError(f"topology {name!r}: a bone joins a joint with itself; name two joints")
        return cls(
            name, names, pairs,
            tuple(parts) if parts else tuple(map(part_of_name, names)),
            tuple(sides) if sides else tuple(sides_of_names(names)),
        )

    @classmethod
    def from_parents(cls, name: str, joint_names, parents, parts=None, sides=None) -> "Topology":
        """A topology from each joint's parent index (-1 for a root)."""
        bones = [(p, j) for j, p in enumerate(parents) if p >= 0]
        return cls.from_bones(name, joint_names, bones, parts, sides)

    def find(self, part: str, side: str = "middle") -> list[int]:
        """Indices of the joints of one body part and side, in the format's order."""
        return [j for j, at in enumerate(zip(self.parts, self.sides, strict=True)) if at == (part, side)]


def _numbers(values) -> Tensor:
    """A float32 copy; masked values are NaN."""
    if isinstance(values, Tensor):
        return values.detach().to("cpu", torch.float32, copy=True)
    try:
        array = np.ma.filled(values.astype(np.float64), np.nan) if isinstance(values, np.ma.MaskedArray) else np.asarray(values)
        if array.dtype.kind == "c":
            raise TypeError("complex numbers")
        with np.errstate(over="ignore"):                     # what float32 cannot hold becomes infinite, which is refused
            return torch.as_tensor(array.astype(np.float32))
    except (TypeError, ValueError) as wrong:
        raise ValueError(f"xyz must be an array of numbers [T J 3] or [T P J 3] ({wrong})") from None


def _shaped(values, shape: tuple[int, ...], what: str) -> Tensor:
    """The values as float32 of that shape, where the axis of people may be left out for one person."""
    values = torch.as_tensor(np.array(values, dtype=np.float32))
    if shape[1] == 1 and values.shape == (shape[0], *shape[2:]):
        values = values[:, None]
    if values.shape != tuple(shape):
        raise ValueError(f"{what} must have shape {tuple(shape)}, as xyz has; got {tuple(values.shape)}")
    return values


@dataclass(frozen=True, eq=False)
class Skeleton:
    """A clip of moving joints.

    xyz: metres (x right, y up, z away from the viewer); NaN exactly where `seen` is 0, so that an absent joint
         can never pass for one at the origin
    seen: 0 where a joint or person is absent, else the sensor's confidence in (0, 1]
    fps: frames a second of `xyz` as recorded; a sampled clip keeps the recording's value
    velocity: metres a second, measured on the recorded frames; None until measured
    orientations: quaternions w x y z in the same axes, NaN where the format gives none; None if it has none at all
    name: where the clip came from, for titles and messages
    """

    xyz: Float[Tensor, "T P J 3"]
    seen: Float[Tensor, "T P J"]
    fps: float
    topology: Topology
    velocity: Float[Tensor, "T P J 3"] | None = None
    orientations: Float[Tensor, "T P J 4"] | None = None
    name: str = ""

    def __post_init__(self) -> None:
        T, P, J, _ = self.xyz.shape
        for what, values, last in (("xyz", self.xyz, (3,)), ("seen", self.seen, ()), ("velocity", self.velocity, (3,)),
                                   ("orientations", self.orientations, (4,))):
            if values is not None and values.shape != (T, P, J, *last):
                raise ValueError(f"{what} must have shape {(T, P, J, *last)} beside xyz {tuple(self.xyz.shape)}; got {tuple(values.shape)}")
        if J != len(self.topology.joint_names):
            raise ValueError(
                f"{self.topology.name} has {len(self.topology.joint_names)} joints, xyz has {J} (shape {tuple(self.xyz.shape)}); "
                "choose the topology of the format that the clip came from"
            )
        if T == 0 or P == 0:
            raise ValueError(f"a clip needs at least one frame and one person; xyz has shape {tuple(self.xyz.shape)}")
        if not (0 < self.fps < float("inf")):
            raise ValueError(f"fps must be a positive number of frames a second; got {self.fps}")
        if not ((self.seen >= 0) & (self.seen <= 1)).all():
            raise ValueError("seen must lie in 0..1 (0 = absent); scale the format's confidences first")
        finite = self.xyz.isfinite().all(-1)
        if not torch.equal(finite, self.seen > 0):
            t, p, j = (finite != (self.seen > 0)).nonzero()[0].tolist()
            raise ValueError(
                f"xyz must be finite where seen > 0 and NaN where seen is 0; it is not at frame {t}, person {p}, joint {j}; "
                "Skeleton.from_array marks absent joints for you"
            )
        if not (self.seen > 0).any():
            raise ValueError(f"nobody is seen in any frame of {self.name or 'the clip'}; is the recording empty?")

    @classmethod
    def from_array(cls, xyz, topology: Topology, fps: float | int, seen=None, orientations=None, name: str = "") -> "Skeleton":
        """A clip from an array [T J 3] or [T P J 3] in metres and our axes.

        Joints with a NaN or masked coordinate, or with `seen` 0 ([T J] or [T P J], confidences in 0..1), are marked absent.
        Raises ValueError on other shapes, infinities, and coordinates beyond a kilometre (a unit that is not metres).
        """
        if not isinstance(topology, Topology):
            raise ValueError(f"topology must be a Topology, such as Topology.from_bones(name, joint_names, bones); got {topology!r}")
        if isinstance(fps, bool) or not isinstance(fps, numbers.Real):
            raise ValueError(f"fps must be a positive number of frames a second; got {fps!r}")
        xyz = _numbers(xyz)
        if xyz.ndim == 3:
            xyz = xyz[:, None]
        if xyz.ndim != 4 or xyz.shape[-1] != 3:
            raise ValueError(f"xyz must be [T J 3] or [T P J 3]; got shape {tuple(xyz.shape)}")
        if xyz.isinf().any() or (xyz.nan_to_num().abs() > _FARTHEST).any():
            raise ValueError(f"xyz reaches {xyz.nan_to_num().abs().max():.3g}; coordinates are metres, finite and under {_FARTHEST:g}")
        sure = torch.ones(xyz.shape[:3]) if seen is None else _shaped(seen, xyz.shape[:3], "seen")
        sure = torch.where(xyz.isnan().any(-1), torch.zeros(()), sure)
        xyz = torch.where(sure[..., None] > 0, xyz, torch.nan)
        if orientations is not None:
            orientations = _shaped(orientations, (*xyz.shape[:3], 4), "orientations")
        return cls(xyz, sure, float(fps), topology, orientations=orientations, name=name)

    @property
    def frames(self) -> int:
        """How many frames the clip holds."""
        return self.xyz.shape[0]

    @property
    def people(self) -> int:
        """How many people the clip has room for; one may be absent in any frame."""
        return self.xyz.shape[1]

    def cut(self, start: int, stop: int) -> "Skeleton":
        """The frames from `start` up to `stop`, as a recording of their own; people who are not seen in them are left out.

        Raises ValueError where these frames are not the clip's, or show nobody. A stop beyond the end is the end.
        """
        held = slice(start, stop)
        if not 0 <= start < min(stop, self.frames):
            raise ValueError(f"the clip has frames 0 to {self.frames - 1}; cut({start}, {stop}) names none of them")
        people = (self.seen[held] > 0).any(2).any(0)
        if not people.any():
            raise ValueError(f"nobody is seen in frames {start} to {stop}; leave them out")
        turned = None if self.orientations is None else self.orientations[held][:, people]
        return replace(self, xyz=self.xyz[held][:, people], seen=self.seen[held][:, people], velocity=None, orientations=turned,
                       name=f"{self.name} {start}-{stop}")

    def measured(self) -> "Skeleton":
        """The same clip with its velocity in m/s: the central difference over a fifteenth of a second to either side.

        Where one side is out of the clip or unseen the difference is one-sided; a joint seen only once in the window
        has velocity 0; an unseen joint has NaN.
        """
        if self.velocity is not None:
            return self
        reach = max(1, round(self.fps * _SPEED_WINDOW))
        now = torch.arange(self.frames)
        sight = self.seen > 0

        def neighbour(at: Tensor) -> tuple[Tensor, Tensor]:
            there = sight[at] & sight
            return torch.where(there[..., None], self.xyz[at], self.xyz), torch.where(there, (at - now)[:, None, None], 0)

        (ahead, later), (behind, earlier) = neighbour((now + reach).clamp(max=self.frames - 1)), neighbour((now - reach).clamp(min=0))
        seconds = (later - earlier).clamp(min=1)[..., None] / self.fps
        return replace(self, velocity=(ahead - behind) / seconds)

    def sample(self, frames: int = 12, generator: torch.Generator | None = None) -> "Skeleton":
        """`frames` frames, one from each of as many equal segments; velocity is measured before and travels along.

        Without a generator the segments' centres are taken (evaluation); with one, a random frame of each (training).
        A clip shorter than `frames` repeats frames; a frame in which nobody is seen gives way to the nearest with somebody.
        """
        if frames < 1:
            raise ValueError(f"frames must be at least 1; got {frames}")
        whole = self.measured()
        within = torch.rand(frames, generator=generator) if generator else torch.full((frames,), 0.5)
        at = self._inhabited(((torch.arange(frames) + within) * self.frames / frames).long().clamp(max=self.frames - 1))
        turned = None if self.orientations is None else self.orientations[at]
        return replace(whole, xyz=whole.xyz[at], seen=whole.seen[at], velocity=whole.velocity[at], orientations=turned)

    def _inhabited(self, at: Tensor) -> Tensor:
        somebody = (self.seen > 0).any(2).any(1).nonzero()[:, 0]
        return somebody[(somebody - at[:, None]).abs().argmin(1)]

    def __repr__(self) -> str:
        people = f"{self.people} people" if self.people > 1 else "1 person"
        return f"Skeleton({self.name or 'clip'}: {self.topology.name}, {self.frames} frames at {self.fps:g} fps, {people})"

    def _repr_html_(self) -> str:
        from skllm.animation import animated_clip, html

        return html(animated_clip(self), repr(self))
