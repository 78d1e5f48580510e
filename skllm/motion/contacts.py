"""What touches what: feet and the floor, hands and head."""

import numpy as np
from jaxtyping import Float

from skllm.motion.body import SIDES, Body, Track, runs, smooth
from skllm.motion.facts import Fact

Series = Float[np.ndarray, " T"]

# As shares of the standing height.
_LIFTED = 0.045          # a foot that comes this high has left the floor
_DOWN = 0.02             # below this it stands on it
_FLOORS = 0.08           # a foot whose lowest place is this much above the other's never came down
_CLOSE = {"hand": 0.09, "head": 0.13, "knee": 0.10}
_APART = 1.5             # a touch ends this much farther away than it begins
_STEP = 0.12             # a foot set down this far from where it left has made a step
_SWING_SPEED = 0.25      # heights a second; a foot that is faster is on its way
_SLOW = 0.3              # of that speed it begins and ends
_BRIEF = 0.1             # seconds; what lasts less is not told
_HOVER = 0.7             # seconds; nobody is in the air for so long, so the sensor has lost the feet
_LOW = 5                 # per cent of the frames in which a foot is taken to be at its lowest


def heights(body: Body) -> dict[str, Series]:
    """Metres by which the lowest part of each foot is above where it stands."""
    tracks = {side: [one for part in ("ankle", "foot") if (one := body.get(part, side)) is not None] for side in SIDES}
    rest = {side: [np.nanpercentile(track[:, 1], _LOW) for track in some] for side, some in tracks.items()}
    if all(rest.values()) and len(rest["left"]) == len(rest["right"]):
        floors = [min(pair) for pair in zip(rest["left"], rest["right"], strict=True)]
        for side in SIDES:
            rest[side] = [low if high - low > _FLOORS * body.size else high for high, low in zip(rest[side], floors, strict=True)]
    return {side: np.minimum.reduce([track[:, 1] - low for track, low in zip(tracks[side], rest[side], strict=True)])
            for side in SIDES if tracks[side]}


def hovers(body: Body) -> bool:
    """Both feet are off the floor for longer than a leap: what this clip shows of the feet is not told."""
    high = heights(body)
    if len(high) < 2 or body.flat:
        return False
    aloft = np.minimum(high["left"], high["right"]) > _DOWN * body.size
    return any((stop - start) / body.fps >= _HOVER for start, stop in runs(aloft))


def lifts(body: Body) -> list[Fact]:
    """When a foot is off the floor, and how high; not in a picture, where a nearer floor is lower."""
    found = []
    for side, height in ({} if body.flat else heights(body)).items():
        for start, stop in runs(height > _DOWN * body.size):
            top = float(height[start:stop].max())
            if top >= _LIFTED * body.size and (stop - start) / body.fps >= _BRIEF:
                found.append(Fact("lift", "foot", side, "up", top, start / body.fps, (stop - 1) / body.fps))
    return found


def supports(body: Body, lifted: list[Fact]) -> list[Fact]:
    """Where one foot is up and the other stays down throughout, the other carries the body."""
    high = heights(body) if lifted else {}
    found = []
    for one in lifted:
        other = SIDES[one.side == "left"]
        during = slice(round(one.start * body.fps), round(one.stop * body.fps) + 1)
        if other in high and (high[other][during] <= _DOWN * body.size).all():
            found.append(Fact("support", "foot", other, "", 0.0, one.start, one.stop))
    return found


def steps(body: Body) -> list[Fact]:
    """Each time a foot goes quickly from one place to another, with the way of it as the person faces when it begins."""
    found = []
    for side in SIDES:
        foot = body.get("foot", side)
        if foot is None or len(foot) < 3:
            continue
        speed = np.linalg.norm(np.gradient(foot[:, [0, 2]], axis=0), axis=1) * body.fps
        for start, stop in runs(speed > _SLOW * _SWING_SPEED * body.size):
            if speed[start:stop].max() < _SWING_SPEED * body.size:
                continue
            way = foot[stop - 1] - foot[start]
            direction, amount = _level_way(body, way, start, side)
            if direction and amount >= _STEP * body.size:
                found.append(Fact("step", "foot", side, direction, amount, start / body.fps, (stop - 1) / body.fps))
    return found


def _level_way(body: Body, way: Float[np.ndarray, " 3"], frame: int, side: str) -> tuple[str, float]:
    """The larger of forward and sideways, and how far; nothing where the facing is not known."""
    ahead, aside = float(way @ body.front[frame]), float(way @ body.right[frame]) * (-1 if side == "left" else 1)
    known = {("forward", "back"): ahead, ("out", "in"): aside}
    known = {words: far for words, far in known.items() if np.isfinite(far)}
    if not known:
        return "", 0.0
    words = max(known, key=lambda one: abs(known[one]))
    return words[known[words] < 0], abs(known[words])


def touches(body: Body) -> list[Fact]:
    """When the hands meet, and when one comes close to the head or a knee; not in a picture, where in front of is not at."""
    if body.flat:
        return []
    hands = {side: body.rough.get(("hand", side)) for side in SIDES}
    found = _meetings(body, hands["left"], hands["right"], "hand", "both", "hand")
    for side in SIDES:
        found += _meetings(body, hands[side], body.rough.get(("head", "middle")), "hand", side, "head")
        found += [one for knee in SIDES for one in _meetings(body, hands[side], body.rough.get(("knee", knee)), "hand", side, "knee")]
    return found


def _meetings(body: Body, one: Track | None, other: Track | None, part: str, side: str, what: str) -> list[Fact]:
    """One fact for all the times at which two parts come close, from the first to the last."""
    if one is None or other is None:
        return []
    gap = smooth(np.linalg.norm(one - other, axis=1)[:, None], body.fps)[:, 0]      # smoothed last: a hand that jumps has not passed between
    close = _CLOSE[what] * body.size
    near = [(a, b) for a, b in runs(gap < _APART * close) if (gap[a:b] < close).any()]
    inner = [(a + int(np.flatnonzero(gap[a:b] < close)[0]), a + int(np.flatnonzero(gap[a:b] < close)[-1])) for a, b in near]
    if not inner:
        return []
    closest = float(min(gap[a:b + 1].min() for a, b in inner))
    return [Fact("touch", part, side, what, closest, inner[0][0] / body.fps, inner[-1][1] / body.fps, len(inner))]
