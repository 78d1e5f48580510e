"""Numbers measured of one body's motion, by name: what `claims` and `quiz` decide by.

Lengths are in shares of the body's size, angles in degrees, speeds in sizes a second, and counts; NaN where it cannot be told.
"""

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float

from skllm.motion.body import SIDES, Body, Track
from skllm.motion.contacts import heights, hovers
from skllm.motion.movements import heading, joint_angle
from skllm.motion.swings import swings

Series = Float[np.ndarray, " T"]

_HELD = 0.1              # seconds for which a level must be reached, so that one bad frame decides nothing
_ENDING = 0.25           # seconds at the start and at the end
_REACH = 1 / 15          # seconds to either side over which speed is measured
_CLAP, _TOUCH = (0.12, 0.06), (0.18, 0.025)      # hands so near have met, and met again after so much more between them: surely, perhaps
_IDLE = 0.10             # sizes a second; what is slower is a sensor's trembling
_MOVED = 0.5             # sizes of way; hands that go less hardly move
_SWUNG = 0.06            # sizes; the least way to or fro
_STEPS = 0.2             # sizes a second by which the stepping leg is faster than the standing one
_LYING = 0.20            # sizes by which the shoulders of somebody who sits are above the hips at least


def measured(body: Body) -> dict[str, float]:
    """Every measure by name, NaN or absent where it cannot be told."""
    found = _hand_places(body) | _hand_movements(body) | _trunk(body) | _legs(body) | _ways(body) | _endings(body)
    return found | {"carry": float(np.minimum(found["before body"], found["travel"] - 0.35))}


def held(values: Series, fps: float, seconds: float = _HELD) -> float:
    """The level that values reach for so long in all; NaN where less than half of them are seen."""
    seen = np.sort(values[np.isfinite(values)])
    if 2 * len(seen) < len(values):
        return np.nan
    return float(np.interp(max(0.0, len(seen) - 1 - seconds * fps), np.arange(len(seen)), seen))


def there_and_back(values: Series) -> float:
    """The most by which values rise and later fall again."""
    seen = values[np.isfinite(values)]
    if 2 * len(seen) < len(values):
        return np.nan
    before, after = np.minimum.accumulate(seen), np.minimum.accumulate(seen[::-1])[::-1]
    return float((seen - np.maximum(before, after)).max())


def change(values: Series, fps: float) -> float:
    """The last quarter of a second beside the first."""
    return opening(values[::-1], fps) - opening(values, fps)


def opening(values: Series, fps: float) -> float:
    """The middle value of the first quarter of a second."""
    seen = values[:max(1, round(_ENDING * fps))]
    return float(np.median(seen))


def speed(track: Track, fps: float) -> Float[np.ndarray, " S"]:
    """How fast a track is, in its own unit a second; S is T without its ends."""
    reach = min(max(1, round(_REACH * fps)), (len(track) - 1) // 2)
    return np.linalg.norm(track[2 * reach:] - track[:-2 * reach], axis=1) * (fps / (2 * reach))


def place(body: Body, part: str, side: str, middle: str = "shoulders") -> Track:
    """How far up, to the front and outwards (of the middle: to the right) a part is from a middle, in sizes; NaN where unknown."""
    track, centre = body.get(part, side), body.get(middle, "middle")
    if track is None or centre is None:
        return np.full_like(body.right, np.nan)
    off = (track - centre) / body.size
    return np.stack([off[:, 1], (off * body.front).sum(1), (off * body.right).sum(1) * (-1 if side == "left" else 1)], 1)


def _sided(name: str, left: Series, right: Series, fps: float, way: int = 1) -> dict[str, float]:
    """The level held by the left, the right, either, and both at once; with way -1 the lowest."""
    left, right = way * left, way * right
    sides = {"left": left, "right": right, "any": np.fmax(left, right), "both": np.minimum(left, right)}
    return {f"{name} {which}": way * held(values, fps) for which, values in sides.items()}


def _height(body: Body, part: str, side: str = "middle") -> Series:
    track = body.get(part, side)
    return np.full(len(body.right), np.nan) if track is None else track[:, 1] / body.size


def _distance(body: Body, one: tuple[str, str], other: tuple[str, str]) -> Series:
    a, b = body.get(*one), body.get(*other)
    return np.full(len(body.right), np.nan) if a is None or b is None or body.flat else np.linalg.norm(a - b, axis=1) / body.size


def _hand_places(body: Body) -> dict[str, float]:
    hands, fps = [place(body, "hand", side) for side in SIDES], body.fps
    high = [_height(body, "hand", side) for side in SIDES]
    knees = (_height(body, "knee", "left") + _height(body, "knee", "right")) / 2
    near = [_distance(body, ("hand", side), ("head", "middle")) for side in SIDES]
    apart = _distance(body, ("hand", "left"), ("hand", "right"))
    (up, front, out), (up2, front2, out2) = (hand.T for hand in hands)
    chest = np.minimum.reduce([front - 0.08, front2 - 0.08, up + 0.24, up2 + 0.24, 0.06 - up, 0.06 - up2, 0.16 - np.abs(out), 0.16 - np.abs(out2)])
    before = np.minimum.reduce([front - 0.12, front2 - 0.12, up + 0.36, up2 + 0.36])
    return {
        **_sided("above head", *(hand - _height(body, "crown") for hand in high), fps), **_sided("above shoulders", up, up2, fps),
        **_sided("from head", *near, fps, -1), **_sided("below knees", *(knees - hand for hand in high), fps),
        **_sided("front", front, front2, fps), **_sided("out", out, out2, fps), **_sided("across", -out, -out2, fps),
        "low at first": _most(opening(_height(body, "hips") - hand, fps) for hand in high),
        "hands apart": -held(-apart, fps), "meetings": _meetings(apart), "before chest": held(chest, fps, 0.3),
        "before body": held(before, fps, len(before) / fps / 2),
    }


def _most(values: Iterable[float]) -> float:
    """The largest that is known."""
    return float(max(values, key=lambda value: value if np.isfinite(value) else -np.inf))


def _meetings(apart: Series) -> float:
    """How often the hands come together: halfway between what is sure and what may be."""
    seen = apart[np.isfinite(apart)].tolist()
    return (_dips(seen, *_CLAP) + _dips(seen, *_TOUCH)) / 2 if 2 * len(seen) >= len(apart) else np.nan


def _dips(values: list[float], near: float, rise: float) -> int:
    """How often values come under `near`, rising by `rise` in between."""
    count, low, high = 0, np.inf, np.inf
    for value in values:
        if low < np.inf:
            low = min(low, value)
            low, high = (np.inf, value) if value >= low + rise else (low, high)
        elif value < near and value <= (high := max(high, value) if high < np.inf else high) - (rise if count else 0):
            count, low = count + 1, value
    return count


def _hand_movements(body: Body) -> dict[str, float]:
    fps, hands = body.fps, [_beside(body, "hand", side) for side in SIDES]
    high = [_height(body, "hand", side) for side in SIDES]
    return _shares(body) | {
        "hand spread": _most(_spread(hand, fps) for hand in hands),
        "to and fro": _most(map(_to_and_fro, hands)),
        "hand rise": _most(change(hand, fps) for hand in high), "hand fall": _most(-change(hand, fps) for hand in high),
        "hand up and down": _most(map(there_and_back, high)),
        "elbow bend": _most(np.nan if (angle := joint_angle(body, "elbow", side)) is None else there_and_back(-angle) for side in SIDES),
    }


def _shares(body: Body) -> dict[str, float]:
    """How the ways of the two hands compare; hands that both keep still move neither more nor alike."""
    ways = [_way(_beside(body, "hand", side), body.fps) for side in SIDES]
    most = max(float(np.max(ways)), _MOVED) if np.isfinite(ways).all() else np.nan
    more = (ways[0] - ways[1]) / most
    return {"left more": more, "right more": -more, "one more": abs(more), "alike": min(ways) / most, "hand way": float(np.max(ways))}


def _beside(body: Body, part: str, side: str, middle: str = "shoulders") -> Track:
    """Where a part is beside a middle, in the person's own frame; in a picture, in the picture."""
    track, centre = body.get(part, side), body.get(middle, "middle")
    return (track - centre) / body.size if body.flat and track is not None and centre is not None else place(body, part, side, middle)


def _way(track: Track, fps: float) -> float:
    """How far a part goes, to and fro, without its trembling."""
    fast = speed(track, fps)
    seen = fast[np.isfinite(fast)]
    return float(np.maximum(seen - _IDLE, 0).mean() * len(track) / fps) if 2 * len(seen) >= len(fast) > 0 else np.nan


def _spread(track: Track, fps: float) -> float:
    """How wide a ball the part stays in."""
    return 2 * held(np.linalg.norm(track - np.nanmedian(track, 0), axis=1), fps) if np.isfinite(track).any(0).all() else np.nan


def _to_and_fro(track: Track) -> float:
    if not np.isfinite(track).any():
        return np.nan
    return float(max(len(swings(axis, _SWUNG)) for axis in track.T))


def _trunk(body: Body) -> dict[str, float]:
    """Degrees between the trunk and the vertical; what a picture shows of it is no measure, but to the side."""
    up, front, out = place(body, "shoulders", "middle", "hips").T
    ahead, aside = np.degrees(np.arctan2(front, up)), np.degrees(np.arctan2(np.abs(out), np.hypot(up, 0 if body.flat else front)))
    tilt = np.degrees(np.arctan2(np.hypot(front, out), up))
    return {"lean": held(ahead, body.fps), "lean and back": there_and_back(ahead), "tilt": held(tilt, body.fps), "lean aside": held(aside, body.fps)}


def _legs(body: Body) -> dict[str, float]:
    fps, ankles, knees = body.fps, [_height(body, "ankle", side) for side in SIDES], [_height(body, "knee", side) for side in SIDES]
    over = [ankles[0] - ankles[1], ankles[1] - ankles[0]]
    (_, front, out), (_, front2, out2) = (place(body, "ankle", side, "hips").T for side in SIDES)
    angles = [np.full(len(out), np.nan) if (angle := joint_angle(body, "knee", side)) is None else angle for side in SIDES]
    up = {} if body.flat or hovers(body) else {side: high / body.size for side, high in heights(body).items()}
    left, right = (up.get(side, np.full(len(out), np.nan)) for side in SIDES)
    return {
        "knee angle": -held(-np.mean(angles, 0), fps), **_sided("foot up", left, right, fps),
        "foot over knee": held(np.fmax(ankles[0] - knees[1], ankles[1] - knees[0]), fps),
        "leg front": held(np.fmax(np.minimum(front - front2 - 0.2, over[0] - 0.06), np.minimum(front2 - front - 0.2, over[1] - 0.06)), fps),
        "leg out": held(np.fmax(np.minimum(out - 0.23, over[0] - 0.06), np.minimum(out2 - 0.23, over[1] - 0.06)), fps),
        "jump": held(np.minimum.reduce([left, right, *(_risen(body, part) for part in ("hips", "shoulders"))]), fps),
        "steps": _steps(body), **_thighs(body),
    }


def _risen(body: Body, part: str) -> Series:
    high = _height(body, part)
    return high - opening(high, body.fps)


def _steps(body: Body) -> float:
    """How often one leg moves while the other stands, in turn; told by the knees, which sensors see better than the feet."""
    pairs = [[body.get(part, side) for side in SIDES] for part in ("knee", "foot")]
    pair = next((pair for pair in pairs if all(track is not None for track in pair)), None)
    if pair is None:
        return np.nan
    left, right = (speed(track / body.size, body.fps) for track in pair)
    moves = np.sign(left - right) * (np.abs(left - right) > _STEPS)
    moves = moves[np.abs(moves) > 0]
    return float((np.diff(moves) != 0).sum() + (len(moves) > 0))


def _thighs(body: Body) -> dict[str, float]:
    """How upright the more upright thigh is, from 0 (level) to 1; nothing of somebody who lies."""
    drops = []
    for side in SIDES:
        hip, knee = body.get("hip", side), body.get("knee", side)
        if hip is not None and knee is not None and (long := held(np.linalg.norm(hip - knee, axis=1), body.fps)) > 0:
            drops.append((hip - knee)[:, 1] / long)
    if not drops:
        return {}
    upright = np.maximum.reduce(drops)
    seated = np.where(_height(body, "shoulders") - _height(body, "hips") < _LYING, np.nan, upright)
    return {"thigh at first": opening(seated, body.fps), "thigh at last": opening(seated[::-1], body.fps), "least thigh": -held(-upright, body.fps)}


def _ways(body: Body) -> dict[str, float]:
    """How far, how fast and how turned the whole body goes."""
    fps, hips = body.fps, body.get("hips", "middle")
    if hips is None:
        return {"travel": np.nan}
    level = hips[:, [0, 2]] / body.size
    turned = heading(body) if not body.flat else np.full(len(hips), np.nan)
    feet = [body.get("foot", side) for side in SIDES]
    fast = [speed(body.get(part, "middle") / body.size, fps) for part in ("hips", "shoulders") if body.get(part, "middle") is not None]
    hands = [speed(_beside(body, "hand", side), fps) for side in SIDES]
    return {
        "travel": held(np.linalg.norm(level - np.array([opening(axis, fps) for axis in level.T]), axis=1), fps),
        "turn": held(turned, fps) + held(-turned, fps),
        "feet spread": _most(np.nan if foot is None else _spread(foot / body.size, fps) for foot in feet),
        "body speed": held(np.minimum.reduce(fast), fps, 2 * _HELD), "hand speed": held(np.fmax(*hands), fps),
    }


def _endings(body: Body) -> dict[str, float]:
    fps, hips = body.fps, _height(body, "hips")
    fall, moved = -change(hips, fps), [_beside(body, part, side, "hips") for part in ("hand", "elbow", "knee") for side in SIDES]
    ways = [np.linalg.norm([change(axis, fps) for axis in track.T]) for track in (*moved, _beside(body, "head", "middle", "hips"))]
    seen = [way for way in ways if np.isfinite(way)]
    return {"hips fall": fall, "hips rise": -fall, "hips down and up": there_and_back(-hips),
            "pose change": float(np.max([*seen, abs(fall)])) if len(seen) > 2 else np.nan}
