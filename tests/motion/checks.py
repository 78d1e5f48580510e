"""Every fact looked up again in the raw coordinates: by joint names, without smoothing, frames or thresholds of the package.

The person's right is a complex number (x + iz), so turning is a phase; angles come from the law of cosines.
"""

import cmath
import warnings
from math import degrees

import numpy as np

from skllm.motion import Fact
from skllm.skeleton import Skeleton

SIDES = ("left", "right")
_COCO = {"hand": "{}_wrist", "wrist": "{}_wrist", "elbow": "{}_elbow", "shoulder": "{}_shoulder", "pelvis": "{}_hip", "hip": "{}_hip",
         "knee": "{}_knee", "ankle": "{}_ankle", "foot": "{}_ankle"}
_NTU = {"hand": "Hand{0} HandTip{0} Thumb{0}", "wrist": "Wrist{}", "elbow": "Elbow{}", "shoulder": "Shoulder{}", "pelvis": "Hip{}", "hip": "Hip{}",
        "knee": "Knee{}", "ankle": "Ankle{}", "foot": "Foot{}", "head": "Head"}
# How each format writes left and right, and which joints are which part.
NAMES = {
    "ui_prmd_kinect22": ("LR", {
        "hand": "{}Hand", "wrist": "{}Hand", "elbow": "{}Forearm", "shoulder": "{}UpperArm", "pelvis": "{}UpperLeg", "hip": "{}UpperLeg",
        "knee": "{}LowerLeg", "ankle": "{}Foot", "foot": "{0}Foot {0}Toes", "head": "Head"}),
    "vicon_plug_in_gait39": ("LR", {
        "hand": "{}FIN", "wrist": "{}WRA", "elbow": "{}ELB", "shoulder": "{}SHO", "pelvis": "{0}ASI {0}PSI", "hip": "{}THI", "knee": "{}KNE",
        "ankle": "{}ANK", "foot": "{}TOE", "head": "LFHD RFHD LBHD RBHD"}),
    "ntu25": (("Left", "Right"), _NTU),
    "coco17": (SIDES, {**_COCO, "head": "nose"}),
    "deepmimic_humanoid": (SIDES, {**_COCO, "head": "neck"}),
    "acclaim": ("lr", {
        "hand": "{0}hand {0}thumb {0}fingers", "wrist": "{}radius", "elbow": "{}humerus", "shoulder": "{}clavicle", "pelvis": "{}hipjoint",
        "hip": "{}hipjoint", "knee": "{}femur", "ankle": "{}tibia", "foot": "{0}foot {0}toes", "head": "head"}),
    "bvh:walk_cmu": (("Left", "Right"), {
        "hand": "{0}Hand {0}FingerBase {0}HandIndex1 {0}HandIndex1_End", "wrist": "{}Hand", "elbow": "{}ForeArm", "shoulder": "{}Arm",
        "pelvis": "{}UpLeg", "hip": "{}UpLeg", "knee": "{}Leg", "ankle": "{}Foot", "foot": "{0}Foot {0}ToeBase {0}ToeBase_End", "head": "Head"}),
    "unitree_g1_23": (SIDES, {
        "hand": "{}_hand", "wrist": "{}_hand", "elbow": "{}_elbow", "shoulder": "{}_shoulder_pitch", "pelvis": "{}_hip_pitch",
        "hip": "{}_hip_pitch", "knee": "{}_knee", "ankle": "{}_ankle_pitch", "foot": "{0}_ankle_pitch {0}_ankle_roll", "head": "torso"}),
    "deepmimic_dog": (SIDES, {
        "hand": "{0}_hand {0}_finger", "wrist": "{}_hand", "elbow": "{}_forearm", "shoulder": "{}_shoulder", "pelvis": "{}_upper_leg",
        "hip": "{}_upper_leg", "knee": "{}_leg", "ankle": "{}_foot", "foot": "{0}_foot {0}_toe", "head": "head"}),
}


class Raw:
    """The unsmoothed coordinates of the first person of a clip, by part."""

    def __init__(self, clip: Skeleton):
        self.xyz, self.fps, self.frames = clip.xyz[:, 0].double().numpy(), clip.fps, clip.frames
        self.index = {name: j for j, name in enumerate(clip.topology.joint_names)}
        letters, self.names = NAMES[clip.topology.name]
        self.letters = dict(zip(SIDES, letters, strict=True))

    def at(self, part: str, side: str = "middle") -> np.ndarray:
        names = self.names[part].format(self.letters.get(side, "")).split()
        with warnings.catch_warnings(action="ignore"):                    # a moment in which none of them is seen
            return np.nanmean(self.xyz[:, [self.index[name] for name in names]], 1)

    def middle(self, part: str) -> np.ndarray:
        return (self.at(part, "left") + self.at(part, "right")) / 2

    def near(self, values: np.ndarray, seconds: float, reach: float = 0.07) -> np.ndarray:
        """The mean over a moment around a time."""
        t, w = round(seconds * self.fps), max(1, round(reach * self.fps))
        return values[max(0, t - w):t + w + 1].mean(0)

    def during(self, values: np.ndarray, fact: Fact) -> np.ndarray:
        return values[round(fact.start * self.fps):round(fact.stop * self.fps) + 1]

    def right(self) -> np.ndarray:
        """[T] complex, from left to right, both lines together."""
        line = sum(self.at(part, "right") - self.at(part, "left") for part in ("shoulder", "pelvis"))
        return line[:, 0] + 1j * line[:, 2]

    def own(self, way: np.ndarray, right: complex) -> dict[str, float]:
        """A displacement as seen by a person whose right points there."""
        turned = complex(way[0], way[2]) / (right / abs(right))
        return {"up": way[1], "down": -way[1], "right": turned.real, "left": -turned.real, "forward": turned.imag, "back": -turned.imag}

    def placed(self, part: str, side: str) -> np.ndarray:
        """[T 3] right, up, forward of a limb: arms beside the shoulders in the frame of each moment, the rest in that of the start."""
        beside = part in ("hand", "elbow", "head")
        track = self.middle("pelvis") if part == "hips" else self.at(part, side)
        place = track - self.middle("shoulder") if beside else track - self.middle("pelvis")[0]
        right = self.right() if beside else np.full(self.frames, self.right()[:max(1, round(0.3 * self.fps))].mean())
        own = [self.own(p, r) for p, r in zip(place, right, strict=True)]
        return np.array([[one["right"], one["up"], one["forward"]] for one in own])

    def angle(self, part: str, side: str) -> np.ndarray:
        a, b, c = (self.at(one, side) for one in {"knee": ("hip", "knee", "ankle"), "elbow": ("shoulder", "elbow", "wrist")}[part])
        ab, bc, ac = (np.linalg.norm(p - q, axis=1) for p, q in ((a, b), (b, c), (a, c)))
        return np.degrees(np.arccos(np.clip((ab ** 2 + bc ** 2 - ac ** 2) / (2 * ab * bc), -1, 1)))


_AXES = {"right": (0, 1), "left": (0, -1), "up": (1, 1), "down": (1, -1), "forward": (2, 1), "back": (2, -1)}


def _axis(direction: str, side: str) -> tuple[int, int]:
    if direction in ("out", "in", "across"):
        return 0, (1 if side == "right" else -1) * (1 if direction == "out" else -1)
    return _AXES[direction]


def _sides(fact: Fact) -> tuple[str, ...]:
    return SIDES if fact.side == "both" else (fact.side,)


def _went(signal: np.ndarray, raw: Raw, fact: Fact, slack: float) -> bool:
    """A way has its amount between its start and stop; a repetition crosses its middle twice a time, over its whole range."""
    if fact.count == 1:
        change = raw.near(signal, fact.stop) - raw.near(signal, fact.start)
        return abs(change - fact.amount) <= slack + 0.25 * fact.amount
    cut = raw.during(signal, fact)
    above = np.convolve(cut - (cut.max() + cut.min()) / 2, np.ones(5) / 5, "same") > 0
    return abs((above[1:] != above[:-1]).sum() / 2 - fact.count) <= 1.5 and np.ptp(cut) >= 0.7 * fact.amount


def move(raw: Raw, fact: Fact) -> bool:
    good = True
    each = [raw.placed(fact.part, side) for side in _sides(fact)]
    for side, place in zip(_sides(fact), each, strict=True):
        axis, sign = _axis(fact.direction, side)
        share = fact.amount if fact.side != "both" else None
        went = sign * (raw.near(place, fact.stop) - raw.near(place, fact.start))[axis]
        good &= (_went(sign * place[:, axis], raw, fact, 0.05) if share else went > 0.4 * fact.amount or fact.count > 1)
        for word in fact.also if fact.count == 1 else ():
            other, way = _axis(word, side)
            good &= way * (raw.near(place, fact.stop) - raw.near(place, fact.start))[other] > 0.15 * fact.amount
        if fact.direction == "across" and fact.count == 1:
            good &= raw.near(place, fact.stop)[0] * (1 if side == "right" else -1) < 0.02
        for word in fact.through:
            good &= _bulges(raw.during(place, fact), axis, *_axis(word, side), fact.amount)
    if fact.side == "both" and fact.count == 1:
        mean = np.mean([_axis(fact.direction, side)[1] * (raw.near(p, fact.stop) - raw.near(p, fact.start))[_axis(fact.direction, side)[0]]
                        for side, p in zip(_sides(fact), each, strict=True)])
        good &= abs(mean - fact.amount) <= 0.05 + 0.3 * fact.amount
    return bool(good)


def _bulges(place: np.ndarray, main: int, axis: int, sign: int, amount: float) -> bool:
    """Halfway along its main axis, or somewhere beside, the limb is off the chord, to that side."""
    ends = place[[0, -1]]
    share = (place[:, main] - ends[0, main]) / (ends[1, main] - ends[0, main])
    return (sign * (place[:, axis] - np.interp(share, [0, 1], ends[:, axis]))).max() > 0.07 * amount


def bend(raw: Raw, fact: Fact) -> bool:
    sign = 1 if fact.direction == "straighten" else -1
    angles = np.mean([raw.angle(fact.part, side) for side in _sides(fact)], 0)
    return _went(sign * angles, raw, fact, 12)


def lean(raw: Raw, fact: Fact) -> bool:
    line = raw.middle("shoulder") - raw.middle("pelvis")
    axis, sign = _AXES[fact.direction]
    own = [raw.own(v / np.linalg.norm(v), r) for v, r in zip(line, raw.right(), strict=True)]
    return _went(sign * np.degrees(np.arcsin([o["right" if axis == 0 else "forward"] for o in own])), raw, fact, 6)


def turn(raw: Raw, fact: Fact) -> bool:
    steps = [degrees(cmath.phase(b / a)) for a, b in zip(raw.right()[:-1], raw.right()[1:], strict=True)]
    return _went((-1 if fact.direction == "right" else 1) * np.cumsum([0, *steps]), raw, fact, 8)


def travel(raw: Raw, fact: Fact) -> bool:
    way = raw.own(raw.near(raw.middle("pelvis"), fact.stop, 0) - raw.near(raw.middle("pelvis"), fact.start, 0), raw.right()[:9].mean())
    return abs(way[fact.direction] - fact.amount) < 0.05 + 0.1 * fact.amount and all(way[word] > 0.3 * fact.amount for word in fact.also)


def step(raw: Raw, fact: Fact) -> bool:
    foot = raw.at("foot", fact.side)
    own = raw.own(raw.near(foot, fact.stop, 0.03) - raw.near(foot, fact.start, 0.03), raw.near(raw.right(), fact.start))
    own |= {"out": own[fact.side], "in": -own[fact.side]}
    return abs(own[fact.direction] - fact.amount) < 0.06 + 0.2 * fact.amount


def _above_the_floor(raw: Raw, side: str) -> np.ndarray:
    tracks = [raw.at(part, side)[:, 1] for part in ("ankle", "foot")]
    return np.min([track - np.sort(track)[len(track) // 20] for track in tracks], 0)


def lift(raw: Raw, fact: Fact) -> bool:
    return raw.during(_above_the_floor(raw, fact.side), fact).max() >= 0.7 * fact.amount


def support(raw: Raw, fact: Fact) -> bool:
    other = SIDES[fact.side == "left"]
    mine, theirs = (raw.during(_above_the_floor(raw, side), fact) for side in (fact.side, other))
    return np.percentile(mine, 90) < 0.06 and theirs.max() > 0.05


def touch(raw: Raw, fact: Fact) -> bool:
    others = {"hand": ("hand",), "head": ("head",), "knee": ("knee",)}[fact.direction]
    one = raw.at("hand", "right" if fact.side == "both" else fact.side)
    places = [raw.at(others[0], side) for side in (("left",) if fact.direction == "hand" else ("middle",) if fact.direction == "head" else SIDES)]
    gap = min(raw.during(np.linalg.norm(one - place, axis=1), fact).min() for place in places)
    return abs(gap - fact.amount) < 0.06 and gap < 0.25


def alternate(raw: Raw, fact: Fact) -> bool:
    places = [raw.during(raw.at(fact.part, side), fact) - raw.during(raw.middle("pelvis"), fact) for side in SIDES]
    ahead = [[raw.own(p, r)["forward"] for p, r in zip(place, raw.during(raw.right(), fact), strict=True)] for place in places]
    return np.mean(np.sign(np.diff(ahead[0], n=1)) != np.sign(np.diff(ahead[1], n=1))) > 0.6


def stay(raw: Raw, fact: Fact) -> bool:
    if fact.part == "trunk":
        line = raw.middle("shoulder") - raw.middle("pelvis")
        return bool((np.degrees(np.arctan2(np.hypot(line[:, 0], line[:, 2]), line[:, 1])) < 22).mean() > 0.9)
    places = [raw.at(fact.part, side) - (0 if fact.part == "foot" else raw.middle("shoulder")) for side in _sides(fact)]
    return all((np.linalg.norm(place - np.median(place, 0), axis=1) < 0.11).mean() > 0.95 for place in places)


def straight(raw: Raw, fact: Fact) -> bool:
    return all(np.percentile(raw.angle(fact.part, side), 10) > 143 for side in _sides(fact))


def bent(raw: Raw, fact: Fact) -> bool:
    angles = [raw.angle(fact.part, side) for side in _sides(fact)]
    return all(np.percentile(angle, 10) > 40 and np.percentile(angle, 90) < 140 for angle in angles)


def stance(raw: Raw, fact: Fact) -> bool:
    feet = {side: raw.near(raw.at("foot", side), 0) for side in SIDES}
    own = raw.own(feet["right"] - feet["left"], raw.right()[:9].mean())
    if fact.part == "foot":
        got = own["right"] if fact.side == "both" else own["forward"] * (1 if fact.side == "right" else -1)
        return abs(got - fact.amount) < 0.08
    level = raw.near(raw.at("head") if fact.direction == "crown" else raw.middle("shoulder"), 0)[1]
    return all(raw.near(raw.at("hand", side), 0)[1] > level for side in _sides(fact))


def still(raw: Raw, fact: Fact) -> bool:
    return bool(np.percentile(np.linalg.norm(raw.xyz - np.median(raw.xyz, 0), axis=-1), 90) < 0.12)


CHECKS = {check.__name__: check for check in (
    move, bend, lean, turn, travel, step, lift, support, touch, alternate, stay, straight, bent, stance, still,
)}
