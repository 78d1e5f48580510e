"""What stays as it is, how the person stands at the start, and what left and right do in turn."""

from collections.abc import Collection
from itertools import pairwise

import numpy as np

from skllm.motion.body import SIDES, Body
from skllm.motion.facts import Fact
from skllm.motion.movements import at_the_start, axes_of, joint_angle, trunk_angles
from skllm.motion.swings import swings

# As shares of the standing height.
_STAYS = {"foot": 0.045, "hand": 0.05, "elbow": 0.06}
_STRIDE = 0.18           # from one foot to the other, for one to stand in front
_WIDE = 0.30             # feet farther apart than this stand wide
_ABOVE = {"crown": 0.05, "shoulders": 0.05}
_SWUNG = 0.06            # the least swing of hands that go in turn

_STRAIGHT = 150.0        # degrees; a limb that never bends below this is straight
_BENT = (50.0, 130.0)    # and one that stays between these is bent
_UPRIGHT = 12.0          # degrees to any side; a trunk within this stays upright
_OPPOSED = -0.5          # correlation of left and right
_TURNS = 3               # so many swings or steps at least are "in turn"


def _end(body: Body) -> float:
    return (len(body.right) - 1) / body.fps


def stays(body: Body) -> list[Fact]:
    """The hands, feet and elbows that keep their place, and a trunk that stays upright."""
    found = []
    for part, share in _STAYS.items():
        still = [side for side in SIDES if _spread(body, part, side) < share * body.size]
        found += [Fact("stay", part, _side(still), stop=_end(body))] if still else []
    angles = trunk_angles(body)
    upright = angles and all(np.isfinite(angle).all() and np.abs(angle).max() <= _UPRIGHT for angle in angles.values())
    return [*found, Fact("stay", "trunk", "middle", "up", stop=_end(body))] if upright and not body.flat else found


def _spread(body: Body, part: str, side: str) -> float:
    """How wide a ball the part stays in: of arms beside the shoulders, of feet in the room; infinite if unknown."""
    track, shoulders = body.get(part, side), body.get("shoulders", "middle")
    if track is None or (part != "foot" and shoulders is None):
        return float("inf")
    place = track if part == "foot" else track - shoulders
    return 2 * float(np.linalg.norm(place - place.mean(0), axis=1).max()) if np.isfinite(place).all() else float("inf")


def kept_angles(body: Body) -> list[Fact]:
    """The knees and elbows that are straight throughout, and those that are bent throughout."""
    found = []
    for part in ("knee", "elbow"):
        angles = {side: angle for side in SIDES if (angle := joint_angle(body, part, side)) is not None and np.isfinite(angle).all()}
        low, high = ({side: float(limit(angle)) for side, angle in angles.items()} for limit in (np.min, np.max))
        straight = {side: low[side] for side in angles if low[side] >= _STRAIGHT}
        bent = {side: high[side] for side in angles if low[side] >= _BENT[0] and high[side] <= _BENT[1]}
        found += [Fact("straight", part, _side(straight), amount=min(straight.values()), stop=_end(body))] if straight else []
        found += [Fact("bent", part, _side(bent), amount=max(bent.values()), stop=_end(body))] if bent else []
    return found


def _side(which: Collection[str]) -> str:
    return "both" if len(which) == 2 else next(iter(which))


def stances(body: Body) -> list[Fact]:
    """At the start: a foot in front of the other, feet wide apart."""
    frame = at_the_start(body)
    feet = [body.get("foot", side) for side in SIDES]
    found = []
    if all(foot is not None for foot in feet):
        gap = feet[1][0] - feet[0][0]
        ahead, aside = float(gap @ frame.front[0]), float(gap @ frame.right[0])
        if abs(ahead) >= _STRIDE * body.size:
            found.append(Fact("stance", "foot", "right" if ahead > 0 else "left", "forward", abs(ahead)))
        if aside >= _WIDE * body.size:
            found.append(Fact("stance", "foot", "both", "out", aside))
    return found


def raised(body: Body) -> list[Fact]:
    """At the start: hands above the head, or else above the shoulders."""
    hands = {side: hand for side in SIDES if (hand := body.get("hand", side)) is not None}
    for what, share in _ABOVE.items():
        level = body.get(what, "middle")
        above = {side: float(hand[0, 1] - level[0, 1]) for side, hand in hands.items()} if level is not None else {}
        up = {side: far for side, far in above.items() if far >= share * body.size}
        if up:
            return [Fact("stance", "hand", _side(up), what, min(up.values()))]
    return []


def alternations(body: Body, stepped: list[Fact]) -> list[Fact]:
    """Feet that step in turn, and hands that swing forward and back in turn."""
    found = []
    inturn = sorted(stepped, key=lambda one: one.start)
    if len(inturn) >= _TURNS and all(a.side != b.side for a, b in pairwise(inturn)):
        middle = float(np.median([one.amount for one in inturn]))
        found.append(Fact("alternate", "foot", "both", "", middle, inturn[0].start, inturn[-1].stop, len(inturn)))
    ways = [axes_of(body, "hand", side).get("front") for side in SIDES]
    if any(way is None or not np.isfinite(way).all() for way in ways) or len(ways[0]) < 3:
        return found
    swung = [swings(way, _SWUNG * body.size) for way in ways]
    if min(map(len, swung)) >= _TURNS and np.corrcoef(*ways)[0, 1] <= _OPPOSED:
        amounts = [float(np.median([abs(one.amount) for one in some])) for some in swung]
        first, last = min(some[0].start for some in swung), max(some[-1].stop for some in swung)
        found.append(Fact("alternate", "hand", "both", "forward", sum(amounts) / 2, first / body.fps, last / body.fps, min(map(len, swung))))
    return found
