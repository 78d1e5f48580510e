"""NTU RGB+D `.skeleton` text (Kinect v2, 25 joints, 30 fps), people followed by their body id."""

from pathlib import Path

import numpy as np

from skllm.formats.files import bad, text_of
from skllm.formats.topologies import NTU25
from skllm.skeleton import Skeleton

_FPS = 30.0
_JOINTS, _COLUMNS = 25, 12       # a joint's row: x y z | depth x y | color x y | w x y z | tracking state
_CONFIDENCE = np.array([0.0, 0.5, 1.0])       # not tracked, inferred, tracked
_MOST_PEOPLE, _MOST_FRAMES = 64, 100_000
_AGAIN = "the file may be cut short; copy it again"


def read_ntu(path: Path) -> Skeleton:
    """A `.skeleton` file; the person seen in most frames comes first, and one who leaves and returns keeps their place.

    Kinect's x grows to the sensor's left, so it is turned around; inferred joints have confidence 0.5.
    """
    frames = _frames(path)
    ids = [body for frame in frames for body in frame]
    people = sorted(set(ids), key=lambda body: (-ids.count(body), ids.index(body)))
    if not people:
        raise bad(path, "all frames", "nobody is in them", "leave this file out (NTU lists such files as missing skeletons)")
    if len(people) > _MOST_PEOPLE:
        raise bad(path, "the body ids", f"{len(people)} different people", "the file is damaged; copy it again")
    rows = np.full((len(frames), len(people), _JOINTS, _COLUMNS), np.nan)
    for t, frame in enumerate(frames):
        for body, joints in frame.items():
            rows[t, people.index(body)] = joints
    return _to_skeleton(rows, path)


def _to_skeleton(rows: np.ndarray, path: Path) -> Skeleton:
    state = np.nan_to_num(rows[..., 11], nan=0).clip(0, 2).astype(int)        # an absent person is an untracked one
    xyz = rows[..., :3] * (-1, 1, 1)
    seen = np.where((xyz == 0).all(-1), 0, _CONFIDENCE[state])
    turned = rows[..., 7:11] * (1, 1, -1, -1)                                 # w x y z, in a world mirrored along x
    turned = np.where((turned == 0).all(-1, keepdims=True), np.nan, turned)   # the sensor gives none at the ends of limbs
    try:
        return Skeleton.from_array(xyz, NTU25, _FPS, seen=seen, orientations=turned, name=path.stem)
    except ValueError as wrong:
        raise bad(path, "the coordinates", str(wrong), "leave this file out") from None


def _frames(path: Path) -> list[dict[str, np.ndarray]]:
    """For each frame, each body's 25 rows by body id."""
    lines = iter(enumerate(text_of(path).splitlines(), 1))
    count = _whole(path, lines, "the number of frames", _MOST_FRAMES)
    if count == 0:
        raise bad(path, "line 1", "it has no frames", "leave this file out")
    return [_frame(path, lines) for _ in range(count)]


def _frame(path: Path, lines) -> dict[str, np.ndarray]:
    bodies = {}
    for _ in range(_whole(path, lines, "the number of bodies", _MOST_PEOPLE)):
        number, line = _next(path, lines, "a body's data")
        body = (line.split() or ["?"])[0]
        if body in bodies:
            raise bad(path, f"line {number}", f"body {body} appears twice in one frame", "the file is damaged; copy it again")
        joints = _whole(path, lines, "the number of joints", 1000)
        if joints != _JOINTS:
            raise bad(path, f"line {number + 1}", f"{joints} joints, NTU has {_JOINTS}", "is this a Kinect v2 recording?")
        bodies[body] = np.stack([_row(path, lines) for _ in range(_JOINTS)])
    return bodies


def _row(path: Path, lines) -> np.ndarray:
    number, line = _next(path, lines, "a joint's row")
    try:
        row = np.array([float(word) for word in line.split()])
    except ValueError:
        raise bad(path, f"line {number}", f"not a row of numbers: {line[:60]!r}", _AGAIN) from None
    if len(row) != _COLUMNS or not np.isfinite(row[:3]).all():
        raise bad(path, f"line {number}", f"a joint has {_COLUMNS} numbers, its place among them finite; got {line[:60]!r}", _AGAIN)
    return row


def _whole(path: Path, lines, what: str, most: int) -> int:
    number, line = _next(path, lines, what)
    if not (line.isascii() and line.strip().isdigit()) or int(line) > most:
        raise bad(path, f"line {number}", f"{what} should be a whole number up to {most}; got {line[:60]!r}", _AGAIN)
    return int(line)


def _next(path: Path, lines, what: str) -> tuple[int, str]:
    try:
        return next(lines)
    except StopIteration:
        raise bad(path, "its end", f"it ends before {what}", _AGAIN) from None
