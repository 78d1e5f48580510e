"""Short questions about one person's motion, each with a short answer that the coordinates give by a clear margin.

Left and right are the person's own; a question whose answer is too close to call, or cannot be measured, is not asked.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from skllm.motion.body import SIDES, Body
from skllm.motion.claims import body_for
from skllm.motion.movements import heading
from skllm.motion.quantities import change, held, measured, place, speed
from skllm.motion.swings import swings
from skllm.skeleton import Skeleton

Measures = Mapping[str, float]
Series = Float[np.ndarray, " T"]

_COUNTS = ("never", "once", "twice", "three times", "more often")
_WAY = 0.15              # sizes; the least way that a hand goes anywhere
_CLEARLY = 1.5           # times as much as any other
_NARROW = 0.08           # sizes; on an axis that a hand uses less nothing is counted
_SURE = (0.3, 0.5)       # the count is sure if ways from so small and from so large a share of the widest give the same
_PLAIN = 3               # choices after which more are said to be more often


@dataclass(frozen=True)
class Question:
    """What is asked, the right answer, and every answer that this question can have."""

    topic: str
    text: str
    answer: str
    choices: tuple[str, ...]


def quiz(clip: Skeleton) -> list[Question]:
    """The questions that the motion of the person who moves most answers clearly, in a fixed order; none where nobody can be measured."""
    body = body_for(clip)
    if body is None:
        return []
    found = measured(body)
    answered = [(topic, text, answer(body, found), choices) for topic, text, choices, answer in _ASKED]
    return [Question(topic, text, answer, choices) for topic, text, answer, choices in answered if answer]


def _between(value: float, low: float, high: float, words: tuple[str, str]) -> str:
    """The first word up to the lower limit, the second from the higher one."""
    return words[0] if value <= low else words[1] if value >= high else ""


def _signed(value: float, near: float, far: float, words: tuple[str, str, str]) -> str:
    """The words for clearly below nothing, about nothing, and clearly above it."""
    return words[0] if value <= -far else words[2] if value >= far else words[1] if abs(value) <= near else ""


def _hand_more(body: Body, found: Measures) -> str:
    if not found["hand way"] >= _WAY:
        return ""
    return _signed(-found["left more"], 0.3, 0.6, ("the left hand", "both about equally", "the right hand"))


def _hand_higher(body: Body, found: Measures) -> str:
    over = found["above shoulders right"] - found["above shoulders left"]
    return _signed(over, 0.03, 0.12, ("the left hand", "both equally high", "the right hand"))


def _busy_hand(body: Body, found: Measures) -> tuple[str, Float[np.ndarray, "T 3"]] | None:
    """The side that clearly moves more and where its hand is; None where both do or neither does."""
    if not (found["one more"] >= 0.6 and found["hand way"] >= _WAY):
        return None
    side = SIDES[found["right more"] > 0]
    return side, place(body, "hand", side)


def _first_way(body: Body, found: Measures) -> str:
    busy = _busy_hand(body, found)
    swung = swings(busy[1][:, 0], _WAY) if busy else []
    return ("up" if swung[0].amount > 0 else "down") if swung else ""


def _direction(body: Body, found: Measures) -> str:
    """On which side of its shoulder the busy hand is when it is farthest from where it began, if that is clear."""
    busy = _busy_hand(body, found)
    if busy is None or not np.isfinite(busy[1]).all():
        return ""
    side, track = busy
    far = int(np.linalg.norm(track - np.median(track[:max(1, round(body.fps / 4))], 0), axis=1).argmax())
    up, front, out = track[far] - place(body, "shoulder", side)[far]
    aside = out if side == "right" else -out
    ways = {"above it": up, "below it": -up, "in front of it": front, "behind it": -front, "to the right of it": aside, "to the left of it": -aside}
    best, second = sorted(ways, key=ways.get, reverse=True)[:2]
    return best if ways[best] >= _WAY and ways[best] >= _CLEARLY * ways[second] else ""


def _to_and_fro(body: Body, found: Measures) -> str:
    """How often the busy hand goes there and back; an arc goes out and in twice on one axis while it does so once on its widest."""
    busy = _busy_hand(body, found)
    axes = sorted((axis for axis in busy[1].T if np.isfinite(axis).all()), key=np.ptp) if busy else []
    wide = [axis for axis in axes if np.ptp(axis) >= _NARROW]
    counts = [[len(swings(axis, share * float(np.ptp(axis)))) for axis in wide] for share in _SURE]
    if not wide or np.ptp(wide[-1]) < _WAY or counts[0] != counts[1]:
        return ""
    most, main = max(counts[0]), counts[0][-1]
    return "" if most % 2 or main < most <= 2 * main else _COUNTS[min(most // 2, _PLAIN + 1)]


def _meetings(body: Body, found: Measures) -> str:
    count = found["meetings"]
    if not np.isfinite(count) or count % 1 or (count == 0 and not found["hands apart"] >= 0.22):
        return ""
    return _COUNTS[min(int(count), _PLAIN + 1)]


def _posture(which: str) -> Callable[[Body, Measures], str]:
    return lambda body, found: _between(found.get(f"thigh at {which}", np.nan), 0.6, 0.8, ("sitting", "standing"))


def _hips(body: Body, found: Measures) -> str:
    return _signed(found["hips rise"], 0.04, 0.09, ("lower", "at the same height", "higher"))


def _feet(body: Body, found: Measures) -> str:
    left, right = (_between(found[f"foot up {side}"], 0.04, 0.08, ("down", "up")) for side in SIDES)
    told = {("up", "down"): "the left foot", ("down", "up"): "the right foot", ("up", "up"): "both feet", ("down", "down"): "neither foot"}
    return told.get((left, right), "")


def _walks(body: Body, found: Measures) -> str:
    if not found["steps"] > 2.5 and found["travel"] >= 0.42:
        return ""
    return _between(found["travel"], 0.22, 0.42, ("it stays", "it walks"))


def _turns(body: Body, found: Measures) -> str:
    """Which way the body faces at the end; nothing where it has turned and come back."""
    if body.flat or not np.isfinite(found.get("turn", np.nan)):
        return ""
    ways = change(heading(body), body.fps)
    return "" if abs(ways) < 60 and found["turn"] > 35 else _signed(ways, 25.0, 60.0, ("to its left", "it does not turn", "to its right"))


def _part(body: Body, found: Measures) -> str:
    """The part that goes clearly farther than the others."""
    sinks = np.maximum(found["hips down and up"], abs(found["hips rise"]))
    if found["travel"] >= 0.42 or sinks >= 0.12:
        return "the whole body"
    if not (found["travel"] <= 0.22 and sinks <= 0.06):
        return ""
    lifted, arms, lean = found.get("foot up any", np.nan), found["hand way"], found["lean"]
    if lifted >= 0.15 and arms <= 4 * lifted:
        return "a leg"
    if lean >= 42 and not lifted >= 0.08:
        return "the trunk"
    if arms >= 0.5 and lean <= 20 and not lifted >= 0.08:
        return "one arm" if found["one more"] >= 0.6 else "both arms" if found["alike"] >= 0.7 else ""
    return ""


def _fast(body: Body, found: Measures) -> str:
    tracks = [track for part in ("hand", "foot") for side in SIDES if (track := body.get(part, side)) is not None]
    fastest = [held(speed(track / body.size, body.fps), body.fps) for track in tracks]
    return _between(max(fastest), 0.8, 1.8, ("slow", "fast")) if fastest and np.isfinite(fastest).all() else ""


def _returns(body: Body, found: Measures) -> str:
    return _between(found["pose change"], 0.08, 0.16, ("yes", "no"))


_TWO = ("the left hand", "the right hand")
_ASKED: tuple[tuple[str, str, tuple[str, ...], Callable[[Body, Measures], str]], ...] = (
    ("hand", "Which hand moves more?", (*_TWO, "both about equally"), _hand_more),
    ("higher", "Which hand goes higher?", (*_TWO, "both equally high"), _hand_higher),
    ("first", "Does the hand that moves most go up or down first?", ("up", "down"), _first_way),
    ("direction", "When it is farthest from where it began, on which side of its shoulder is the hand that moves most?",
     ("above it", "below it", "in front of it", "behind it", "to the left of it", "to the right of it"), _direction),
    ("repetition", "How often does the hand that moves most go to and fro?", _COUNTS, _to_and_fro),
    ("meeting", "How often do the hands come together?", _COUNTS, _meetings),
    ("start", "Is the person sitting or standing at the beginning?", ("sitting", "standing"), _posture("first")),
    ("end", "Is the person sitting or standing at the end?", ("sitting", "standing"), _posture("last")),
    ("hips", "Do the hips end higher, lower, or at the same height as at the beginning?", ("higher", "lower", "at the same height"), _hips),
    ("foot", "Which foot is lifted from the floor?", ("the left foot", "the right foot", "both feet", "neither foot"), _feet),
    ("place", "Does the body walk to another place or stay?", ("it walks", "it stays"), _walks),
    ("turn", "Which way does the body turn?", ("to its left", "to its right", "it does not turn"), _turns),
    ("part", "What moves the most?", ("one arm", "both arms", "a leg", "the trunk", "the whole body"), _part),
    ("speed", "Is the movement fast or slow?", ("fast", "slow"), _fast),
    ("return", "Does the person end in the pose of the beginning?", ("yes", "no"), _returns),
)
