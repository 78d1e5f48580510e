"""How the parts of one body move: limbs, joint angles, and the trunk as a whole; one list of facts for each."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from skllm.motion.body import Body, smooth
from skllm.motion.facts import Fact
from skllm.motion.swings import Swing, overlap, repetitions, swings

Series = Float[np.ndarray, " T"]

# The least change that is a fact: metres as a share of the standing height, or degrees.
_LEAST = {"hand": 0.08, "elbow": 0.08, "head": 0.06, "foot": 0.07, "knee": 0.08, "hips": 0.05}
_LEAST_DEGREES = {"bend": 25.0, "lean": 15.0, "turn": 25.0}
_FAR = 0.25              # of the height: hips that end this far away, on the level, have travelled
_ALSO = 0.4              # a second direction is named from this share of the first
_BULGE = 0.15            # and one that is passed through, from this share
_ABSORBED = 0.5          # a smaller swing that shares this much of its time with a larger one is part of it
_MANY = 4                # so many swings within one larger swing are a movement of their own
_ACROSS = 0.02           # of the height past the middle of the body
_OPENING = 0.3           # seconds at the start that fix the frame in which the body's way is told
_WORDS = {"up": ("up", "down"), "front": ("forward", "back"), "out": ("out", "in"), "side": ("right", "left"), "bend": ("straighten", "bend")}
_LIMBS = {"knee": ("hip", "knee", "ankle"), "elbow": ("shoulder", "elbow", "wrist")}
_BESIDE_SHOULDERS = ("hand", "elbow", "head")         # the others are measured in the room


def limb(body: Body, part: str, side: str) -> list[Fact]:
    """The movements of one limb: its largest swings along each of its axes; smaller ones at the same time belong to them."""
    axes = axes_of(body, part, side)
    least = _LEAST[part] * body.size
    swung = {axis: swings(values, least) for axis, values in axes.items()}
    kept: list[tuple[str, list[Swing]]] = []
    for axis in sorted(swung, key=lambda one: -max((abs(swing.amount) for swing in swung[one]), default=0)):
        larger = [swing for _, group in kept for swing in group]
        own = [swing for swing in swung[axis] if not _absorbed(swing, swung[axis], larger)]
        kept += [(axis, group) for group in _groups(own)]
    return [_fact(body, "move", part, side, axis, group, axes, least) for axis, group in kept]


def _groups(found: list[Swing]) -> list[list[Swing]]:
    """A repetition as one group, other swings each on its own."""
    return [found] if repetitions(found) > 1 else [[one] for one in found]


def _absorbed(swing: Swing, alike: list[Swing], larger: list[Swing]) -> bool:
    """It belongs to a larger swing at the same time, unless several to-and-fros do: those are something else than that one way."""
    return any(overlap(swing, one) >= _ABSORBED and sum(overlap(other, one) >= _ABSORBED for other in alike) < _MANY for one in larger)


def _fact(body: Body, kind: str, part: str, side: str, axis: str, group: list[Swing], axes: Mapping[str, Series], least: float) -> Fact:
    one = group[0]
    times = max(1, repetitions(group))
    amount = float(np.median([abs(swing.amount) for swing in group]))
    direction = _WORDS[axis][one.amount < 0]
    if direction == "in" and axes[axis][one.stop] < -_ACROSS * body.size and _middle(body, part) is not None:
        direction = "across"
    others = {other: values for other, values in axes.items() if other != axis}
    also = _also(one, others, max(least, _ALSO * abs(one.amount)))
    during = slice(one.start, one.stop + 1)
    bent = {other: values[during] for other, values in others.items()}
    through = _through(axes[axis][during], bent, max(least / 2, _BULGE * abs(one.amount))) if times == 1 else ()
    return Fact(kind, part, side, direction, amount, one.start / body.fps, group[-1].stop / body.fps, times, also,
                tuple(word for word in through if word not in also), one.returns)


def _also(one: Swing, others: Mapping[str, Series], least: float) -> tuple[str, ...]:
    """The other directions that change enough."""
    changes = {axis: float(values[one.stop] - values[one.start]) for axis, values in others.items()}
    return tuple(sorted(_WORDS[axis][change < 0] for axis, change in changes.items() if abs(change) >= least))


def _through(way: Series, others: Mapping[str, Series], least: float) -> tuple[str, ...]:
    """Where the movement bulges out of the straight line between its ends: an arm that goes up through the front or the side."""
    share = (way - way[0]) / (way[-1] - way[0])
    bulges = {}
    for axis, values in others.items():
        off = values - (values[0] + share * (values[-1] - values[0]))
        far = float(off[np.abs(off).argmax()])
        if abs(far) >= least:
            bulges[_WORDS[axis][far < 0]] = abs(far)
    most = max(bulges.values(), default=0.0)
    return tuple(sorted(word for word, far in bulges.items() if far >= _ALSO * most))


def axes_of(body: Body, part: str, side: str) -> dict[str, Series]:
    """Where the limb is along each axis that is known: arms and head beside the shoulders, the rest beside where the hips were first seen."""
    track = body.get(part, side)
    if track is None:
        return {}
    frame = body if part in _BESIDE_SHOULDERS else at_the_start(body)
    middle = _middle(body, part)
    place = track if middle is None else track - middle
    across = (place * frame.right).sum(1) * (-1 if side == "left" else 1)
    axes = {"up": place[:, 1], "front": (place * frame.front).sum(1), "side" if side == "middle" else "out": across}
    return {axis: values for axis, values in axes.items() if np.isfinite(values).any()}


def _middle(body: Body, part: str) -> Float[np.ndarray, "... 3"] | None:
    if part in _BESIDE_SHOULDERS:
        return body.get("shoulders", "middle")
    hips = body.get("hips", "middle")
    return None if hips is None else hips[np.isfinite(hips[:, 0])][0]


def at_the_start(body: Body) -> Body:
    """The body with its right as it was at the start, throughout."""
    known = np.flatnonzero(np.isfinite(body.right[:, 0]))[:max(1, round(_OPENING * body.fps))]
    mean = body.right[known].mean(0) if len(known) else np.full(3, np.nan)
    length = np.linalg.norm(mean)
    return replace(body, right=np.tile(mean / length if length > 0 else np.full(3, np.nan), (len(body.right), 1)))


def bends(body: Body, part: str, side: str) -> list[Fact]:
    """How far a knee or an elbow bends and straightens; not in a picture, which shows angles too small or too large."""
    angle = joint_angle(body, part, side)
    return [] if angle is None else _angles(body, "bend", part, side, {"bend": angle})


def joint_angle(body: Body, part: str, side: str) -> Series | None:
    """Degrees at the joint, 180 where the limb is straight; None where the format or the view lacks it."""
    ends = [body.rough.get((one, side)) for one in _LIMBS[part]]
    if body.flat or any(end is None for end in ends):
        return None
    upper, joint, lower = ends
    a, b = upper - joint, lower - joint
    angle = np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b), axis=1), (a * b).sum(1)))
    return smooth(angle[:, None], body.fps)[:, 0]      # smoothed last: limbs that jump would else seem to fold


def _angles(body: Body, kind: str, part: str, side: str, axes: Mapping[str, Series]) -> list[Fact]:
    """Swings of angles as facts."""
    least = _LEAST_DEGREES[kind]
    return [_fact(body, kind, part, side, axis, group, {axis: values}, least)
            for axis, values in axes.items() for group in _groups(swings(values, least))]


def trunk_angles(body: Body) -> dict[str, Series]:
    """Degrees by which the line from hips to shoulders leans forward and to the right; NaN while the shoulders are below the hips."""
    shoulders, hips = body.get("shoulders", "middle"), body.get("hips", "middle")
    if shoulders is None or hips is None:
        return {}
    line = shoulders - hips
    line[line[:, 1] <= 0] = np.nan
    line /= np.linalg.norm(line, axis=1, keepdims=True)
    ways = {"front": (line * body.front).sum(1), "side": (line * body.right).sum(1)}
    return {axis: np.degrees(np.arcsin(np.clip(way, -1, 1))) for axis, way in ways.items()}


def leans(body: Body) -> list[Fact]:
    """How far the trunk tilts forward, back, or to a side."""
    return _angles(body, "lean", "trunk", "middle", trunk_angles(body))


def turns(body: Body) -> list[Fact]:
    """How far the whole body turns about the vertical, to its own left or right."""
    return [] if body.flat else _angles(body, "turn", "body", "middle", {"side": heading(body)})


def heading(body: Body) -> Series:
    """Degrees by which the body has turned to its right, up to a constant."""
    angle = np.arctan2(-body.right[:, 2], body.right[:, 0])
    seen = np.isfinite(angle)
    angle[seen] = np.degrees(np.unwrap(angle[seen]))
    return angle


def travel(body: Body) -> list[Fact]:
    """Where the hips have gone on the level, if they end far from where they started."""
    axes = {axis: values[np.isfinite(values)] for axis, values in axes_of(body, "hips", "middle").items() if axis != "up"}
    ways = {axis: float(values[-1] - values[0]) for axis, values in axes.items()}
    axis = max(ways, key=lambda name: abs(ways[name]), default=None)
    if axis is None or abs(ways[axis]) < _FAR * body.size:
        return []
    also = tuple(_WORDS[other][way < 0] for other, way in ways.items() if other != axis and abs(way) >= _ALSO * abs(ways[axis]))
    seen = np.flatnonzero(np.isfinite(body.get("hips", "middle")[:, 0]))
    return [Fact("travel", "body", "middle", _WORDS[axis][ways[axis] < 0], abs(ways[axis]), float(seen[0]) / body.fps, float(seen[-1]) / body.fps,
                 1, also)]
