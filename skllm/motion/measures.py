"""A clip becomes the facts of its motion, in the person's own frame; nothing is said of what was not seen."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from skllm.motion.body import SIDES, Body, body_of, busiest
from skllm.motion.contacts import hovers, lifts, steps, supports, touches
from skllm.motion.facts import Fact
from skllm.motion.movements import bends, leans, limb, travel, turns
from skllm.motion.postures import alternations, kept_angles, raised, stances, stays
from skllm.skeleton import Skeleton

_ALIKE = 0.6             # left and right did the same together where the smaller is at least this share of the larger
_AT_ONCE = 0.5           # and where they share this much of their time
_LEAST_SECONDS = 1 / 3    # of a clip, to tell moving from holding still
_LEAST_TRACKS = 2         # parts of the body that are seen in a third of the frames
_AT_REST = ("stay", "straight", "bent", "support", "stance")


def facts(clip: Skeleton, person: int | None = None) -> tuple[Fact, ...]:
    """What one person of the clip does, in order of time; by default the one who moves most.

    A clip in which no movement reaches its threshold gives one fact: holding still. One that is too short to tell (under a third of a
    second), or in which hardly a named joint is seen, gives none.
    """
    if person is not None and not 0 <= person < clip.people:
        raise ValueError(f"the clip has people 0 to {clip.people - 1}; got person {person}")
    body = body_of(clip, busiest(clip) if person is None else person)
    if body is None or (clip.frames - 1) / clip.fps < _LEAST_SECONDS or _seen_parts(body) < _LEAST_TRACKS:
        return ()
    found = _measured(body)
    if all(one.kind in _AT_REST for one in found):
        return (Fact("still", "body", "middle", stop=(clip.frames - 1) / clip.fps),)
    return tuple(sorted(found, key=lambda one: (one.start, one.stop, one.kind, one.part, one.direction, -one.amount)))


def _seen_parts(body: Body) -> int:
    named = [track for (part, _), track in body.rough.items() if part in ("hand", "foot", "elbow", "knee", "head", "hips")]
    return sum(bool(np.isfinite(track).all(1).mean() > 1 / 3) for track in named)


def _measured(body: Body) -> list[Fact]:
    gone, hovering = travel(body), hovers(body)
    moving = [*gone]
    for part in ("hand", "elbow") if gone or hovering else ("hand", "elbow", "foot", "knee"):
        moving += both_sides({side: limb(body, part, side) for side in SIDES})
    moving += limb(body, "head", "middle") + [one for one in limb(body, "hips", "middle") if not gone or one.direction in ("up", "down")]
    for part in ("knee", "elbow"):
        moving += both_sides({side: bends(body, part, side) for side in SIDES})
    lifted, stepped = ([], []) if hovering else (lifts(body), steps(body))
    moving += leans(body) + turns(body) + lifted + stepped + touches(body) + alternations(body, stepped if gone else [])
    return moving + supports(body, lifted) + stays(body) + kept_angles(body) + ([] if hovering else stances(body)) + raised(body)


def both_sides(found: Mapping[str, list[Fact]]) -> list[Fact]:
    """The facts of left and right, where two that are alike and at the same time become one of both."""
    rest, together = {side: list(some) for side, some in found.items()}, []
    pairs = [(a, b) for a in found["left"] for b in found["right"] if _alike(a, b)]
    for a, b in sorted(pairs, key=lambda pair: (-_shared(*pair), pair[0].start + pair[1].start)):
        if a in rest["left"] and b in rest["right"]:
            rest["left"].remove(a)
            rest["right"].remove(b)
            together.append(replace(
                a, side="both", amount=(a.amount + b.amount) / 2, start=min(a.start, b.start), stop=max(a.stop, b.stop),
                also=a.also if a.also == b.also else (), through=a.through if a.through == b.through else (), returns=a.returns and b.returns,
            ))
    return together + rest["left"] + rest["right"]


def _alike(a: Fact, b: Fact) -> bool:
    same = (a.kind, a.direction, a.count) == (b.kind, b.direction, b.count)
    return same and min(a.amount, b.amount) >= _ALIKE * max(a.amount, b.amount) and _shared(a, b) >= _AT_ONCE


def _shared(a: Fact, b: Fact) -> float:
    """The time of both as a share of the time of either."""
    both, either = min(a.stop, b.stop) - max(a.start, b.start), max(a.stop, b.stop) - min(a.start, b.start)
    return both / either if either > 0 else 0.0
