"""Questions about causes that the chain of joints decides: two links could have brought something about, and one did nearly all of it.

Of a head that sinks, legs that bend and a trunk that leans each bring about a part. Nothing is asked where no part is clearly the larger.
"""

from collections.abc import Mapping

import numpy as np

from skllm.motion.body import SIDES, Body
from skllm.motion.claims import body_for
from skllm.motion.movements import joint_angle
from skllm.motion.quantities import opening
from skllm.motion.quiz import Question, Series
from skllm.skeleton import Skeleton

_LEAST = 0.08            # sizes; a smaller change has no cause worth a question
_TURN = 20.0             # degrees, the same of two angles together
_CLEARLY = 2.0           # times as much as the other link, which may also work against it


def causes(clip: Skeleton) -> list[Question]:
    """The questions that the motion of the person who moves most answers clearly; none where nobody can be measured."""
    body = body_for(clip)
    asked = [] if body is None else [_sinking(body), *(_rising(body, side) for side in SIDES), *(_carrying(body, side) for side in SIDES)]
    return [one for one in asked if one is not None]


def _sinking(body: Body) -> Question | None:
    hips, head = (_height(body, part, "middle") for part in ("hips", "head"))
    if hips is None or head is None:
        return None
    links = {"bending the legs": hips, "bending the trunk": head - hips}
    return _question("sinking", "What lowers the head?", links, int(head.argmin()), -1, body.fps)


def _rising(body: Body, side: str) -> Question | None:
    """By angles, since a straight arm lifts the hand by the shoulder alone though its forearm rises too."""
    shoulder, elbow, hand = (body.get(part, side) for part in ("shoulder", "elbow", "hand"))
    bend, height = joint_angle(body, "elbow", side), _height(body, "hand", side)
    if shoulder is None or elbow is None or hand is None or bend is None or height is None or not np.isfinite([elbow, shoulder]).all():
        return None
    arm = elbow - shoulder
    lift = np.degrees(np.arccos(np.clip(-arm[:, 1] / np.maximum(np.linalg.norm(arm, axis=1), 1e-9), -1, 1)))
    top = int(height.argmax())
    if height[top] - opening(height, body.fps) < _LEAST:
        return None
    links = {"raising the upper arm": lift, "bending the elbow": -bend}
    return _question("rising", f"What brings the {side} hand up?", links, top, 1, body.fps, _TURN)


def _carrying(body: Body, side: str) -> Question | None:
    """Along the level line on which the hand is farthest from where it began."""
    hips, hand = body.get("hips", "middle"), body.get("hand", side)
    if hips is None or hand is None or not (np.isfinite(hips).all() and np.isfinite(hand).all()):
        return None
    off = (hand - hand[0])[:, [0, 2]]
    far = int(np.linalg.norm(off, axis=1).argmax())
    line = off[far] / max(float(np.linalg.norm(off[far])), 1e-9)
    whole, carried = ((track[:, [0, 2]] @ line) / body.size for track in (hand, hips))
    links = {"the body moving along": carried, "the arm alone": whole - carried}
    return _question("carrying", f"What carries the {side} hand forwards, backwards or aside?", links, far, 1, body.fps)


def _height(body: Body, part: str, side: str) -> Series | None:
    track = body.get(part, side)
    return None if track is None or not np.isfinite(track[:, 1]).all() else track[:, 1] / body.size


def _question(
    topic: str, text: str, links: Mapping[str, Series], at: int, way: int, fps: float, least: float = _LEAST,
) -> Question | None:
    """The link that brings about clearly more of the change from the beginning to a frame than the other does."""
    parts = {name: way * float(values[at] - opening(values, fps)) for name, values in links.items()}
    larger, smaller = sorted(parts, key=parts.get, reverse=True)
    clear = sum(parts.values()) >= least and parts[larger] >= _CLEARLY * abs(parts[smaller])
    return Question(topic, text, larger, tuple(links)) if clear else None
