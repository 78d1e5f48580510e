"""NTU RGB+D `.skeleton` text (Kinect v2, 25 joints, 30 fps), people followed by their body id."""

from collections import Counter

import numpy as np

from skllm.formats.axes import KINECT, KINECT_CONFIDENCE
from skllm.formats.files import File
from skllm.formats.topologies import NTU25
from skllm.skeleton import Skeleton

_FPS = 30.0
_JOINTS, _COLUMNS = 25, 12       # a joint's row: x y z | depth x y | color x y | w x y z | tracking state
_MOST_PEOPLE, _MOST_FRAMES = 64, 100_000
_AGAIN = "the file may be cut short; copy it again"


def read_ntu(file: File) -> Skeleton:
    """A `.skeleton` file; the person seen in most frames comes first, and one who leaves and returns keeps their place.

    Inferred joints have confidence 0.5.
    """
    lines = file.text.splitlines()
    frames, places, starts = _places(file, lines)
    people = [body for body, _ in Counter(body for body, _ in places).most_common()]       # equals in order of appearance
    if not people:
        raise file.bad("all frames", "nobody is in them", "leave this file out (NTU lists such files as missing skeletons)")
    if len(people) > _MOST_PEOPLE:
        raise file.bad("the body ids", f"{len(people)} different people", "the file is damaged; copy it again")
    rows = np.full((frames, len(people), _JOINTS, _COLUMNS), np.nan)
    order = {body: n for n, body in enumerate(people)}
    rows[[t for _, t in places], [order[body] for body, _ in places]] = _numbers(file, lines, starts)
    return _to_skeleton(file, rows)


def _to_skeleton(file: File, rows: np.ndarray) -> Skeleton:
    state = np.nan_to_num(rows[..., 11], nan=0).clip(0, 2).astype(int)        # an absent person is an untracked one
    seen = np.where((rows[..., :3] == 0).all(-1), 0, KINECT_CONFIDENCE[state])
    turned = rows[..., 7:11] * (1, 1, -1, -1)                                 # w x y z, in a world mirrored along x
    turned[(turned == 0).all(-1)] = np.nan                                    # the sensor gives none at the ends of limbs
    return file.to_skeleton(rows[..., :3] @ KINECT, NTU25, _FPS, seen=seen, orientations=turned)


def _places(file: File, lines: list[str]) -> tuple[int, list[tuple[str, int]], list[int]]:
    """How many frames there are; each body's id and frame; and the line at which its rows start."""
    frames, at = _whole(file, lines, 0, "the number of frames", _MOST_FRAMES), 1
    if frames == 0:
        raise file.bad("line 1", "it has no frames", "leave this file out")
    places, starts = [], []
    for t in range(frames):
        bodies, at = _whole(file, lines, at, "the number of bodies", _MOST_PEOPLE), at + 1
        for _ in range(bodies):
            body = (_line(file, lines, at, "a body's data").split(maxsplit=1) or ["?"])[0]
            joints = _whole(file, lines, at + 1, "the number of joints", 1000)
            if joints != _JOINTS:
                raise file.bad(f"line {at + 2}", f"{joints} joints, NTU has {_JOINTS}", "is this a Kinect v2 recording?")
            if (body, t) in places[-bodies:]:
                raise file.bad(f"line {at + 1}", f"body {body} appears twice in one frame", "the file is damaged; copy it again")
            places.append((body, t))
            starts.append(at + 2)
            at += 2 + _JOINTS
    _line(file, lines, at - 1, "a joint's row")
    if any(line.strip() for line in lines[at:]):
        raise file.bad(f"line {at + 1}", f"more lines than {frames} frames have", _AGAIN)
    return frames, places, starts


def _numbers(file: File, lines: list[str], starts: list[int]) -> np.ndarray:
    """[bodies 25 12] of all bodies' rows, parsed in one go; a wrong line is looked for only where there is one."""
    rows = [line for start in starts for line in lines[start : start + _JOINTS]]
    try:
        found = np.loadtxt(rows, ndmin=2, comments=None)
        if found.shape == (len(rows), _COLUMNS) and np.isfinite(found[:, :3]).all():
            return found.reshape(-1, _JOINTS, _COLUMNS)
    except (ValueError, OverflowError):
        pass
    for start in starts:
        for number, line in enumerate(lines[start : start + _JOINTS], start + 1):
            _check(file, number, line)
    raise file.bad("its rows", "rows of numbers that do not fit together", _AGAIN)


def _check(file: File, number: int, line: str) -> None:
    try:
        row = [float(word) for word in line.split()]
    except ValueError:
        raise file.bad(f"line {number}", f"not a row of numbers: {line[:60]!r}", _AGAIN) from None
    if len(row) != _COLUMNS or not np.isfinite(row[:3]).all():
        raise file.bad(f"line {number}", f"a joint has {_COLUMNS} numbers, its place among them finite; got {line[:60]!r}", _AGAIN)


def _whole(file: File, lines: list[str], at: int, what: str, most: int) -> int:
    line = _line(file, lines, at, what)
    if not (line.isascii() and line.strip().isdigit()) or int(line) > most:
        raise file.bad(f"line {at + 1}", f"{what} should be a whole number up to {most}; got {line[:60]!r}", _AGAIN)
    return int(line)


def _line(file: File, lines: list[str], at: int, what: str) -> str:
    if at >= len(lines):
        raise file.bad("its end", f"it ends before {what}", _AGAIN)
    return lines[at]
