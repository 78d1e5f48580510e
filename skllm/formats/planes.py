"""Two-dimensional skeletons in our world: the picture becomes an upright plane before the viewer, scores become confidence.

The plane stands `DEPTH` metres away and the picture's longer side spans `VIEW` metres there, a view of about 60 degrees, so
a renderer at the viewer's place sees the picture as it was. Whatever the camera was, nothing is guessed about depth.
"""

import math
from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from skllm.formats.files import MOST_PEOPLE, File

DEPTH = 3.0              # metres
VIEW = 3.4               # metres
_FITTED = 0.85           # of the plane, where the picture's size is not known and the clip is fitted into it
_STRANGE = 0.25          # of the picture's longer side: a body farther than this from all people followed so far is another


def to_plane(file: File, pixels: np.ndarray, size, seen: np.ndarray) -> np.ndarray:
    """Points on the plane [... 3] from pixels [... 2], whose origin is the picture's top-left corner.

    size: (width, height) of the picture in pixels, or "fit" to fill the plane with what is seen of the clip.
    """
    if isinstance(size, str) and size == "fit":
        return _fitted(file, pixels, seen)
    width, height = checked_size(file, size)
    scale = VIEW / max(width, height)
    across, up = (pixels[..., 0] - width / 2) * scale, (height / 2 - pixels[..., 1]) * scale
    return np.stack([across, up, np.full(across.shape, DEPTH)], -1)


def _fitted(file: File, pixels: np.ndarray, seen: np.ndarray) -> np.ndarray:
    there = pixels[seen > 0]
    if not len(there):
        raise file.bad("all frames", "nobody is in them", "leave this file out")
    low, high = there.min(0), there.max(0)
    scale = _FITTED * VIEW / max(float((high - low).max()), 1e-6)
    flat = (pixels - (low + high) / 2) * scale * (1, -1)
    return np.concatenate([flat, np.full((*flat.shape[:-1], 1), DEPTH)], -1)


def checked_size(file: File, size, remedy: str = 'call load(path, size=(width, height)), or size="fit" to fill the picture') -> tuple[float, float]:
    """Width and height of a picture in pixels; raises ValueError where they are not given or make no sense."""
    if size is None:
        raise file.bad("the picture's size", "the file does not say it", remedy)
    try:
        width, height = (file.positive(value, "size", "(640, 480)") for value in size)
    except (TypeError, ValueError):
        raise file.bad("size", f"{size!r} is no picture size", remedy) from None
    return width, height


def scored(scores: np.ndarray) -> np.ndarray:
    """Confidences in 0..1 from a detector's scores: 0 stays 0, and where any exceeds 1 all are divided by the largest."""
    most = float(np.nanmax(scores, initial=1.0))
    return np.clip(np.nan_to_num(scores, nan=0.0) / max(1.0, most), 0, 1)


def follow(file: File, frames: Sequence[Sequence[np.ndarray]], size) -> np.ndarray:
    """Detections that carry no person's number, as [T P J C]: from frame to frame the pairing with the least way in all, NaN elsewhere.

    frames: for each frame the detections [J C], pixels in the first two columns, NaN where unseen; ones that show nothing are left out.
    A body farther than a quarter of the picture's longer side from where everybody was last is a new person.
    """
    seen = [[body for body in bodies if np.isfinite(body[:, 0]).any()] for bodies in frames]
    reach = _STRANGE * _longer_side(file, seen, size)
    last: list[np.ndarray] = []
    places = []
    for bodies in seen:
        ways = np.array([[_apart(body, known) for known in last] for body in bodies]).reshape(len(bodies), len(last))
        given = dict(zip(*linear_sum_assignment(np.minimum(ways, 1e9)), strict=True))
        places.append([])
        for n, body in enumerate(bodies):
            p = int(given[n]) if n in given and ways[n, given[n]] < reach else len(last)
            last[p : p + 1] = [body]
            places[-1].append(p)
        if len(last) > MOST_PEOPLE:
            raise file.bad("its people", f"more than {MOST_PEOPLE}", "number them by track, and keep the ones you need")
    points = np.full((len(frames), max(1, len(last)), *(last[0].shape if last else (0, 3))), np.nan)
    for t, (bodies, given) in enumerate(zip(seen, places, strict=True)):
        for p, body in zip(given, bodies, strict=True):
            points[t, p] = body
    return points


def _longer_side(file: File, frames: Sequence[Sequence[np.ndarray]], size) -> float:
    """Pixels; of a picture of unknown size, how far its points reach."""
    if not isinstance(size, str) or size != "fit":
        return max(checked_size(file, size))
    return max((float(np.nanmax(np.abs(body[:, :2]))) for bodies in frames for body in bodies), default=1.0)


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    """Mean distance of the joints that both show; of their middles where they share none."""
    gaps = np.linalg.norm(one[:, :2] - other[:, :2], axis=-1)
    if np.isfinite(gaps).any():
        return float(np.nanmean(gaps))
    both = [body[np.isfinite(body[:, 0]), :2] for body in (one, other)]
    return math.inf if not all(map(len, both)) else float(np.linalg.norm(both[0].mean(0) - both[1].mean(0)))
