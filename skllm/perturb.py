"""A clip becomes the clip that a worse, slower, coarser or mirrored sensor would have given.

For recorded clips, before `sample`: a change of positions leaves velocity to be measured anew, and refuses a clip whose velocity
was measured before, since its frames may have been sampled.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from math import floor, isfinite

import torch
from torch import Tensor

from skllm.skeleton import Skeleton, Topology


def drop_joints(clip: Skeleton, share: float | int, generator: torch.Generator, each: str = "frame") -> Skeleton:
    """The clip with exactly round(share * J) of its J joints hidden: marked absent, never put at zero.

    The joints are drawn from all of them, seen or not, for each person: anew in every frame (each="frame"), or once, the
    same throughout (each="clip"). Where this would hide all that is seen of a person, the one drawn last stays, so nobody
    vanishes. Halves go to the even number, as Python rounds: 10 % of 25 joints are 2. Velocity that was measured before is
    hidden with its joint; else it is left to be measured from what stays.
    """
    _check_dice(generator)
    if not 0 <= share <= 1:
        raise ValueError(f"share is the part of the joints to hide, from 0 to 1; got {share}")
    if each not in ("frame", "clip"):
        raise ValueError(f"each must be 'frame' (draw anew in every frame) or 'clip' (hide the same throughout); got {each!r}")
    draws = torch.rand(clip.frames if each == "frame" else 1, *clip.seen.shape[1:], generator=generator)
    order = draws.argsort(-1).argsort(-1).expand(clip.seen.shape)      # 0 goes first
    last = torch.where(clip.seen > 0, order, -1).argmax(-1, keepdim=True)
    return _without(clip, (order < round(share * order.shape[-1])).scatter(-1, last, False))


def _without(clip: Skeleton, gone: Tensor) -> Skeleton:
    """The clip with the joints marked in `gone` [T P J] absent."""
    seen = torch.where(gone, 0, clip.seen)
    turned = None if clip.orientations is None else torch.where(gone[..., None], torch.nan, clip.orientations)
    speed = None if clip.velocity is None else torch.where(gone[..., None], torch.nan, clip.velocity)
    return replace(clip, xyz=torch.where(gone[..., None], torch.nan, clip.xyz), seen=seen, velocity=speed, orientations=turned)


def _check_dice(generator: torch.Generator) -> None:
    if not isinstance(generator, torch.Generator):
        raise ValueError(f"generator must be a torch.Generator, such as torch.Generator().manual_seed(0); got {generator!r}")


def _check_recorded(clip: Skeleton) -> None:
    if clip.velocity is not None:
        raise ValueError(f"{clip.name or 'the clip'} was measured or sampled already; change the recorded clip, then sample it")


def add_noise(clip: Skeleton, centimetres: float | int, generator: torch.Generator) -> Skeleton:
    """The clip with Gaussian noise of this standard deviation on x, y and z of every joint, independent in every frame.

    Absent joints stay absent, confidences and orientations stay as they are. Velocity is left to be measured anew, so it
    shakes too.
    """
    _check_dice(generator)
    _check_recorded(clip)
    if not (centimetres >= 0 and isfinite(centimetres)):
        raise ValueError(f"centimetres is the noise's standard deviation, 0 or more and finite; got {centimetres}")
    return replace(clip, xyz=clip.xyz + torch.randn(clip.xyz.shape, generator=generator) * (centimetres / 100), velocity=None)


_NEXT = {"wrist": "hand", "hand": "wrist", "ankle": "foot", "foot": "ankle"}


def _standing(topology: Topology, part: str, side: str) -> list[int]:
    """The joints of a part on a side; those of both where the middle is asked for and has none."""
    return topology.find(part, side) or [j for j, p in enumerate(topology.parts) if p == part and side == "middle"]


def relayout(clip: Skeleton, topology: Topology) -> Skeleton:
    """The same motion on another topology: each joint stands where the source's joints of its body part and side are.

    Several joints of one part fall together. Where the source lacks a part on that side, wrist and hand stand in for each other, and ankle
    and foot; other joints are absent. Confidences are not carried over: a joint that is found has confidence 1.
    """
    out = []
    for part, side in zip(topology.parts, topology.sides, strict=True):
        joints = _standing(clip.topology, part, side) or _standing(clip.topology, _NEXT.get(part, part), side)
        out.append(clip.xyz[:, :, joints].nanmean(2) if joints else torch.full_like(clip.xyz[:, :, 0], torch.nan))
    return Skeleton.from_array(torch.stack(out, 2), topology, clip.fps, name=f"{clip.name} as {topology.name}")


_FASTEST = 1000
_KINECT25 = tuple((
    "SpineBase SpineMid Neck Head ShoulderLeft ElbowLeft WristLeft HandLeft ShoulderRight ElbowRight WristRight HandRight "
    "HipLeft KneeLeft AnkleLeft FootLeft HipRight KneeRight AnkleRight FootRight SpineShoulder HandTipLeft ThumbLeft HandTipRight ThumbRight"
).split())

# Chains of bones, each from its joint nearest the middle; a chain with * is there for either side.
_CHAINS = {
    20: ("SpineBase SpineMid Neck Head", "Neck Shoulder* Elbow* Wrist* Hand*", "SpineBase Hip* Knee* Ankle* Foot*"),
    17: ("SpineBase Neck Head", "Neck Shoulder* Elbow* Wrist* Hand*", "SpineBase Hip* Knee* Ankle*"),
    13: ("Pelvis Chest Head", "Chest Shoulder* Elbow* Hand*", "Pelvis Knee* Foot*"),
}

# Which of the 25 joints a reduced one is the weighted average of; a joint that is not here is the one of its name. The
# paper contracts by "fixed weighted averages" whose weights are not known; these are ours.
_AVERAGES: Mapping[int, Mapping[str, Mapping[str, int]]] = {
    20: {},
    17: {},
    13: {
        "Chest": {"SpineShoulder": 2, "SpineMid": 1, "Neck": 1},
        "Pelvis": {"SpineBase": 2, "HipLeft": 1, "HipRight": 1},
        **{f"Hand{side}": {f"Wrist{side}": 1, f"Hand{side}": 1} for side in ("Left", "Right")},
        **{f"Foot{side}": {f"Ankle{side}": 1, f"Foot{side}": 1} for side in ("Left", "Right")},
    },
}


def _reduced_topology(joints: int) -> Topology:
    sided = [chain.replace("*", side) for chain in _CHAINS[joints] for side in (("Left", "Right") if "*" in chain else ("",))]
    chains = [chain.split() for chain in sided]
    names = list(dict.fromkeys(name for chain in chains for name in chain))
    bones = [(names.index(a), names.index(b)) for chain in chains for a, b in pairwise(chain)]
    return Topology.from_bones(f"kinect{joints}", names, bones)


REDUCED: Mapping[int, Topology] = {joints: _reduced_topology(joints) for joints in _CHAINS}


def _weights(joints: int) -> Tensor:
    """How much of each of the 25 joints is in each reduced one, [J 25]."""
    rows = [_AVERAGES[joints].get(name, {name: 1}) for name in REDUCED[joints].joint_names]
    return torch.tensor([[float(row.get(name, 0)) for name in _KINECT25] for row in rows])


def reduce(clip: Skeleton, joints: int) -> Skeleton:
    """A Kinect v2 clip with 20, 17 or 13 of its 25 joints, on the topology `REDUCED[joints]`.

    20: no hand tips, thumbs and SpineShoulder; shoulders hang on the neck. 17: nor SpineMid and feet; legs end at the
    ankles. 13: torso, hands and feet contracted by the weights in `_AVERAGES`. An average is over those of its joints that
    are seen, confidence too; it is absent where none is. Velocity is left to be measured anew; orientations are dropped.
    """
    if joints not in REDUCED:
        raise ValueError(f"a clip is reduced to {', '.join(map(str, REDUCED))} joints; got {joints}")
    if clip.topology.joint_names != _KINECT25:
        raise ValueError(
            f"only the 25 joints of Kinect v2 can be reduced, and {clip.name or 'the clip'} has the {len(clip.topology.joint_names)} of "
            f"{clip.topology.name}; use relayout(clip, topology) between other formats"
        )
    shares = _weights(joints) * (clip.seen > 0)[:, :, None]                                       # [T P J 25]
    whole = shares.sum(-1)
    sure = torch.where(whole > 0, (shares * clip.seen[:, :, None]).sum(-1) / whole, 0).clamp(max=1)
    shown = torch.where(clip.seen[..., None] > 0, clip.xyz, 0)                                    # where it is 0, so is the share
    return Skeleton(shares @ shown / whole[..., None], sure, clip.fps, REDUCED[joints], name=f"{clip.name} on {joints} joints")


def resample(clip: Skeleton, fps: float | int) -> Skeleton:
    """The clip as a sensor with another frame rate would have recorded it, from its first frame on, never past its last.

    Between two frames a joint moves in a straight line, with the lower of the two confidences; it is absent unless both
    have it. Nothing is smoothed before frames are left out, since no sensor does. Velocity is left to be measured anew;
    orientations are dropped.
    """
    _check_recorded(clip)
    if not 0 < fps <= _FASTEST:
        raise ValueError(f"fps must be a positive number of frames a second, up to {_FASTEST}; got {fps}")
    last = clip.frames - 1
    at = torch.arange(floor(last * fps / clip.fps + 1e-6) + 1, dtype=torch.float64) * clip.fps / fps
    at = torch.where((at - at.round()).abs() < 1e-6, at.round(), at).clamp(max=last)      # a frame that both rates have is that frame
    before, after = at.floor().long(), at.ceil().long()
    xyz = torch.lerp(clip.xyz[before], clip.xyz[after], (at - before).float()[:, None, None, None])
    seen = torch.minimum(clip.seen[before], clip.seen[after])
    return replace(clip, xyz=xyz, seen=seen, fps=float(fps), velocity=None, orientations=None)


_OTHER = {"left": "right", "right": "left", "middle": "middle"}


def opposite_joints(clip: Skeleton) -> list[int]:
    """For each joint the one of the same part on the other side; itself where there is none."""
    topology, found = clip.topology, []
    for j, (part, side) in enumerate(zip(topology.parts, topology.sides, strict=True)):
        same, across = topology.find(part, side), topology.find(part, _OTHER[side])
        found.append(across[same.index(j)] if len(same) == len(across) else j)
    return found


def mirror(clip: Skeleton) -> Skeleton:
    """The clip in a mirror: what the left hand did, the right now does; x and velocity's x change sign. Orientations are dropped.

    A body whose sides differ in joints or bones keeps its joints, and their sides are swapped instead. A label that says left or right
    goes through `mirror_label`.
    """
    swap, topology, flip = opposite_joints(clip), clip.topology, torch.tensor([-1.0, 1.0, 1.0])
    bones = {frozenset(bone) for bone in topology.bones}
    others = tuple(_OTHER[side] for side in topology.sides)
    if tuple(topology.sides[j] for j in swap) != others or {frozenset(swap[j] for j in bone) for bone in bones} != bones:
        swap, topology = list(range(len(swap))), replace(topology, sides=others)
    velocity = None if clip.velocity is None else clip.velocity[:, :, swap] * flip
    return replace(clip, topology=topology, xyz=clip.xyz[:, :, swap] * flip, seen=clip.seen[:, :, swap], velocity=velocity, orientations=None)


_OPPOSITE = {
    form(a): form(b)
    for a, b in (("left", "right"), ("right", "left"), ("clockwise", "counterclockwise"), ("counterclockwise", "clockwise"))
    for form in (str.lower, str.capitalize, str.upper)
}
_SIDED_WORD = re.compile(rf"(?<![^\W\d_])({'|'.join(_OPPOSITE)})(?=(?i:wards?|most|hand(?:ed)?)?(?![^\W\d_]))")
_SPELLINGS = re.compile(r"(?i)\b(?:anti[-_ ]?|counter[-_ ])clockwise")


def mirror_label(label: str) -> str:
    """The label with the words left and right, clockwise and counterclockwise swapped; doing it twice gives the label back.

    Whole words in small letters, Capitalised or CAPITALS, also with -wards, -most and -hand: "Raise left arm" becomes
    "Raise right arm", and "upright" stays. The sense is not read: "he left" becomes "he right". Of other spellings, such as
    "anti-clockwise", doing it twice gives "counterclockwise".
    """
    return _SIDED_WORD.sub(lambda found: _OPPOSITE[found[0]], _SPELLINGS.sub("counterclockwise", label))
