"""One person of a clip as smoothed tracks of body parts, with the person's own right and front.

It knows joints by part and side only, never by index, so a mirrored clip gives the mirrored tracks to the last bit.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.ndimage import gaussian_filter1d

from skllm.skeleton import Skeleton, Topology

Series = Float[np.ndarray, " T"]
Track = Float[np.ndarray, "T 3"]

_SMOOTH = 0.08           # seconds, sigma of a Gaussian: about 0.2 s wide at half height
_BRIDGED = 0.3           # seconds; a joint unseen for longer stays unseen
_MOSTLY = 0.5            # a joint seen in less of the frames than the best of its group by this share is left out of it
_INNER = re.compile(r"(?i)collar|clav")
_NARROW = 1 / 3          # a pair of joints this much closer together than the widest of its part lies on the spine
_FLAT = 1e-3             # a body this thin, as a share of its size, is a picture
_FRONTAL = 0.4           # a flat body shows its front or back where shoulders or hips are this wide beside the trunk
_LEVEL = 0.5             # a shoulder or hip line steeper than this (cosine) has no facing
_HEIGHTS = (("shoulders", 3.5), ("neck", 3.1), ("head", 2.4))     # a standing adult's height over the distance from the hips
SIDES = ("left", "right")


@dataclass(frozen=True)
class Body:
    """One person's tracks in world axes, NaN where unseen.

    tracks: by part and side; "shoulders" and "hips" are the middles between left and right, "crown" is as high as the head's highest joint
    rough:  the same before smoothing
    size:   metres, about the height of this body when it stands
    flat:   the clip is a picture without depth
    right:  unit vector to the person's right, level; NaN where it is not known
    """

    fps: float
    size: float
    flat: bool
    tracks: Mapping[tuple[str, str], Track]
    rough: Mapping[tuple[str, str], Track]
    right: Track

    @property
    def front(self) -> Track:
        """Level unit vector to the person's front; in a picture there is none."""
        x, y, z = self.right.T
        return np.full_like(self.right, np.nan) if self.flat else np.stack([-z, y, x], 1)

    def get(self, part: str, side: str) -> Track | None:
        """The track, or None where the format lacks it or it is never seen."""
        return self.tracks.get((part, side))


def runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """First and last-plus-one of each run of true values."""
    if mask.all():
        return [(0, len(mask))]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def bridge(values: np.ndarray, fps: float) -> np.ndarray:
    """Short gaps filled with a straight line; what is unseen before, after or for longer stays NaN."""
    values = values.copy()
    unseen = ~np.isfinite(values[:, 0])
    for start, stop in runs(unseen) if unseen.any() else ():
        if start and stop < len(values) and (stop - start + 1) / fps <= _BRIDGED:
            share = (np.arange(start, stop) - start + 1)[:, None] / (stop - start + 1)
            values[start:stop] = values[start - 1] * (1 - share) + values[stop] * share
    return values


def smooth(values: np.ndarray, fps: float) -> np.ndarray:
    """Every seen stretch smoothed on its own; at its ends it continues point-symmetrically, so a ramp stays a ramp."""
    values = values.copy()
    sigma = _SMOOTH * fps
    reach = max(1, round(3 * sigma))
    for start, stop in runs(np.isfinite(values[:, 0])):
        piece = values[start:stop]
        if len(piece) > 2:
            edge = min(reach, len(piece) - 1)
            before, after = 2 * piece[0] - piece[edge:0:-1], 2 * piece[-1] - piece[-2:-2 - edge:-1]
            values[start:stop] = gaussian_filter1d(np.concatenate([before, piece, after]), sigma, axis=0)[edge:edge + len(piece)]
    return values


def _joints(clip: Skeleton, xyz: Float[np.ndarray, "T J 3"], part: str, side: str) -> list[int]:
    """The joints of a part and side that are worth averaging: not on the spine, and not seen much less than the others."""
    found = clip.topology.find(part, side)
    kept = [j for j in found if not _INNER.search(clip.topology.joint_names[j])] or found
    other = {"left": "right", "right": "left"}.get(side)
    across = clip.topology.find(part, other) if other else []
    if len(across) == len(found) > 1:
        gaps = {j: _median(np.linalg.norm(xyz[:, j] - xyz[:, k], axis=1)) for j, k in zip(found, across, strict=True)}
        widest = max(gaps.values())
        kept = [j for j in kept if gaps[j] >= _NARROW * widest] or kept
    often = {j: np.isfinite(xyz[:, j, 0]).mean() for j in kept}
    best = max(often.values(), default=0)
    return [j for j in kept if best and often[j] > _MOSTLY * best]


def _median(values: np.ndarray) -> float:
    seen = values[np.isfinite(values)]
    return float(np.median(seen)) if len(seen) else 0.0


# What a track is made of: the first part that the format has, and whether only its first joint counts.
_MADE_OF: Mapping[str, tuple[tuple[str, bool], ...]] = {
    "hand": (("hand", False), ("wrist", False)), "wrist": (("wrist", True), ("hand", True)), "elbow": (("elbow", True),),
    "shoulder": (("shoulder", True),), "pelvis": (("waist", False), ("hip", False)), "hip": (("hip", True), ("waist", False)),
    "knee": (("knee", True),), "ankle": (("ankle", True), ("foot", True)), "foot": (("foot", False), ("ankle", False)),
}
# Middles, from the first of: both sides of a track, or joints in the middle of the body.
_MIDDLES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "shoulders": (("both", "shoulder"), ("middle", "chest"), ("middle", "neck")),
    "hips": (("both", "pelvis"), ("middle", "waist")),
    "neck": (("middle", "neck"),),
    "head": (("middle", "head"), ("sides", "head")),
}


def _tracks(clip: Skeleton, xyz: Float[np.ndarray, "T J 3"]) -> dict[tuple[str, str], Track]:
    tracks = {}
    for name, sources in _MADE_OF.items():
        for part, first in sources:
            both = {side: _joints(clip, xyz, part, side) for side in SIDES}
            if any(both.values()):
                tracks |= {(name, side): xyz[:, found[:1] if first else found].mean(1) for side, found in both.items() if found}
                break
    for name, sources in _MIDDLES.items():
        for how, part in sources:
            if (middle := _middle(clip, xyz, tracks, how, part)) is not None:
                tracks[name, "middle"] = middle
                break
    crown = [j for side in ("middle", *SIDES) for j in clip.topology.find("head", side)]
    if crown and ("head", "middle") in tracks:
        tracks["crown", "middle"] = tracks["head", "middle"].copy()
        tracks["crown", "middle"][:, 1] = xyz[:, crown, 1].max(1)
    return tracks


def _middle(clip: Skeleton, xyz: Float[np.ndarray, "T J 3"], tracks: Mapping, how: str, part: str) -> Track | None:
    if how == "middle":
        found = _joints(clip, xyz, part, "middle")
        return xyz[:, found[0]] if found else None
    if how == "both":
        pair = [tracks.get((part, side)) for side in SIDES]
    else:
        groups = [_joints(clip, xyz, part, side) for side in SIDES]
        pair = [xyz[:, found].mean(1) if found else None for found in groups]
    return None if pair[0] is None or pair[1] is None else (pair[0] + pair[1]) / 2


def _is_flat(xyz: Float[np.ndarray, "T J 3"]) -> bool:
    """All joints of all frames lie in one upright plane."""
    level = xyz[..., [0, 2]].reshape(-1, 2)
    level = level[np.isfinite(level[:, 0])]
    level = level - level.mean(0)
    xx, zz, xz = (level[:, 0] ** 2).mean(), (level[:, 1] ** 2).mean(), (level[:, 0] * level[:, 1]).mean()
    whole = xx + zz
    return bool(xx * zz - xz * xz <= _FLAT ** 2 * whole * whole)


def _size(tracks: Mapping[tuple[str, str], Track], xyz: Float[np.ndarray, "T J 3"]) -> float:
    hips = tracks.get(("hips", "middle"))
    for name, times in _HEIGHTS:
        top = tracks.get((name, "middle"))
        if hips is not None and top is not None and (long := _median(np.linalg.norm(top - hips, axis=1))) > 0:
            return times * long
    seen = xyz[np.isfinite(xyz[..., 0])]
    return max(float(np.linalg.norm(np.ptp(seen, axis=0))), 1e-3)


def _right(tracks: Mapping[tuple[str, str], Track], flat: bool, frames: int, size: float) -> Track:
    """Level unit vectors from left to right: shoulder and hip line together, or the one that is seen."""
    lines = []
    for part in ("shoulder", "pelvis"):
        left, right = (tracks.get((part, side)) for side in SIDES)
        if left is not None and right is not None:
            line = right - left
            whole = np.linalg.norm(line, axis=1)
            line[:, 1] = 0
            tilted = ~(np.linalg.norm(line, axis=1) > _LEVEL * whole)
            line[tilted] = np.nan
            lines.append(line)
    if not lines:
        return np.full((frames, 3), np.nan)
    seen = np.isfinite(np.stack(lines)[..., 0])
    total = np.where(seen[..., None], np.stack(lines), 0).sum(0)
    total[~seen.any(0)] = np.nan
    if flat:
        wide = np.array([_median(line[:, 0]) for line in lines]), np.array([_median(line[:, 2]) for line in lines])
        whole = np.hypot(wide[0], wide[1]).max() if len(lines) else 0
        mean = np.array([wide[0].sum(), 0, wide[1].sum()])
        total = np.tile(mean if whole > _FRONTAL * size / 3.5 else np.full(3, np.nan), (frames, 1))
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return np.where(length > 0, total / np.where(length > 0, length, 1), np.nan)


def busiest(clip: Skeleton) -> int:
    """The person whose joints travel farthest from their own average place; of equals the first."""
    xyz = clip.xyz.numpy().astype(np.float64)
    seen = np.isfinite(xyz[..., 0])
    often = np.maximum(seen.sum(0), 1)
    mean = np.where(seen[..., None], xyz, 0).sum(0) / often[..., None]
    away = np.where(seen, ((xyz - mean) ** 2).sum(-1), 0).sum(0) / often               # [P J]
    joints = np.maximum((seen.any(0)).sum(-1), 1)
    return int((np.where(seen.any((0, 2)), away.sum(-1) / joints, -1)).argmax())


def parts_of(clip: Skeleton, person: int) -> dict[tuple[str, str], Track]:
    """The person's body parts as `Body.rough` has them, by part and side, without those that are never seen; short gaps are bridged."""
    xyz = clip.xyz[:, person].numpy().astype(np.float64)
    holed = ~np.isfinite(xyz[..., 0]).all(0)
    filled = np.stack([bridge(xyz[:, j], clip.fps) if holed[j] else xyz[:, j] for j in range(xyz.shape[1])], 1)
    return {key: track for key, track in _tracks(clip, filled).items() if np.isfinite(track).any()}


def body_of(clip: Skeleton, person: int) -> Body | None:
    """The person's smoothed tracks, or None where the person is never seen."""
    xyz = clip.xyz[:, person].numpy().astype(np.float64)
    if not np.isfinite(xyz).any():
        return None
    flat, rough = _is_flat(xyz), parts_of(clip, person)
    tracks = {key: smooth(track, clip.fps) for key, track in rough.items()}
    size = _size(tracks, xyz)
    return Body(clip.fps, size, flat, tracks, rough, _right(tracks, flat, clip.frames, size))


_TAIL = re.compile(r"(?i)(^|[^a-z])tail(?![a-rt-z])")          # not a tailbone's or a ponytail's


def is_tailed(topology: Topology) -> bool:
    """Whether the body has a tail, and so hands and feet that are no person's."""
    return any(_TAIL.search(name) for name in topology.joint_names)
