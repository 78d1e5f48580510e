"""Questions about causes that the chain of joints decides: several links could have brought something about, and one did most of it.

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
_CLEARLY = 2.0           # times as much as any other link, which may also work against it


def questions(clip: Skeleton) -> list[Question]:
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
    """By angles, since a straight arm lifts the hand by the shoulder alone though its forearm rises too; over the shoulder, which may itself rise."""
    parts = [body.get(part, side) for part in ("shoulder", "elbow", "hand")]
    bend = joint_angle(body, "elbow", side)
    if bend is None or any(part is None or not np.isfinite(part).all() for part in parts):
        return None
    shoulder, elbow, hand = parts
    arm, over = elbow - shoulder, (hand - shoulder)[:, 1] / body.size
    top = int(over.argmax())
    if over[top] - opening(over, body.fps) < _LEAST:
        return None
    lift = np.degrees(np.arccos(np.clip(-arm[:, 1] / np.maximum(np.linalg.norm(arm, axis=1), 1e-9), -1, 1)))
    links = {"raising the upper arm": lift, "bending the elbow": -bend}
    return _question("rising", f"What brings the {side} hand up?", links, top, 1, body.fps, _TURN)


def _carrying(body: Body, side: str) -> Question | None:
    """Along the level line on which the hand is farthest from where it began; of a picture nothing is asked."""
    tracks = [body.get("hips", "middle"), body.get("shoulder", side), body.get("hand", side)]
    if body.flat or any(track is None or not np.isfinite(track).all() for track in tracks):
        return None
    hips, shoulder, hand = (track[:, [0, 2]] / body.size for track in tracks)
    off = hand - hand[0]
    far = int(np.linalg.norm(off, axis=1).argmax())
    line = off[far] / max(float(np.linalg.norm(off[far])), 1e-9)
    links = {"the body moving along": hips @ line, "leaning the trunk": (shoulder - hips) @ line, "moving the arm": (hand - shoulder) @ line}
    return _question("carrying", f"What carries the {side} hand forwards, backwards or aside?", links, far, 1, body.fps)


def _height(body: Body, part: str, side: str) -> Series | None:
    track = body.get(part, side)
    return None if track is None or not np.isfinite(track[:, 1]).all() else track[:, 1] / body.size


def _question(
    topic: str, text: str, links: Mapping[str, Series], at: int, way: int, fps: float, least: float = _LEAST,
) -> Question | None:
    """The link that brings about clearly more of the change from the beginning to a frame than any other does."""
    parts = {name: way * float(values[at] - opening(values, fps)) for name, values in links.items()}
    larger, *others = sorted(parts, key=parts.get, reverse=True)
    clear = sum(parts.values()) >= least and all(parts[larger] >= _CLEARLY * abs(parts[other]) for other in others)
    return Question(topic, text, larger, tuple(links)) if clear else None
