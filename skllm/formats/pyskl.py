"""PYSKL pickles: a whole dataset of annotations in one file, two-dimensional (COCO-17) or three-dimensional (Kinect v2)."""

from collections import Counter
from functools import lru_cache

import numpy as np

from skllm.formats.axes import KINECT
from skllm.formats.files import File
from skllm.formats.planes import scored, to_plane
from skllm.formats.topologies import COCO17, NTU25
from skllm.skeleton import Skeleton

_FPS = 30.0


def claims_pyskl(file: File) -> bool:
    """Whether the pickle has `annotations` with keypoints, or is a list of them."""
    rows = _rows(file)
    return bool(rows) and isinstance(rows[0], dict) and "keypoint" in rows[0]


def clips_of_pyskl(file: File) -> list[str]:
    """The annotations' names, in the file's order."""
    told = [row.get("frame_dir", n) if isinstance(row, dict) else n for n, row in enumerate(_rows(file))]
    names = [str(name) if isinstance(name, (str, int)) else str(n) for n, name in enumerate(told)]
    if len(set(names)) < len(names):
        twice = next(name for name, count in Counter(names).items() if count > 1)
        raise file.bad("its annotations", f"{twice!r} is there twice", "names tell clips apart; name them anew")
    return names


@lru_cache(maxsize=2)
def _numbers_of(file: File) -> dict[str, int]:
    """The place of each name, found out once for a file of many."""
    return {name: n for n, name in enumerate(clips_of_pyskl(file))}


def annotation(file: File, clip: str | None = None) -> dict:
    """One annotation, checked to be one."""
    names = _numbers_of(file)
    row = _rows(file)[names[clip] if clip in names else names[file.pick(list(names), clip)]]
    if not isinstance(row, dict) or not isinstance(row.get("keypoint"), np.ndarray):
        raise file.bad(f"annotation {clip}", "no array 'keypoint'", "the file is damaged")
    return row


def read_pyskl(file: File, clip: str | None = None, fps: float | int = _FPS, size=None) -> Skeleton:
    """One annotation: `keypoint` [P T 17 2] pixels with `keypoint_score`, or [P T 25 3] metres from the sensor.

    size: the picture's (width, height), where the annotation has no `img_shape`; a joint at exactly 0 is absent.
    """
    row = annotation(file, clip)
    points = row["keypoint"]
    if points.ndim != 4 or points.dtype.kind not in "fiu" or points.shape[2:] not in ((17, 2), (25, 3)) or not points.size:
        raise file.bad("keypoint", f"shape {points.shape}, read are (people, T, 17, 2) and (people, T, 25, 3)", "use Skeleton.from_array")
    points = file.finite(points.astype(np.float64).swapaxes(0, 1))
    there = ~(points == 0).all(-1)
    inhabited = there.any((0, 2))
    if not inhabited.any():
        raise file.bad("all frames", "nobody is in them", "leave this clip out")
    points, there, name = points[:, inhabited], there[:, inhabited], f"{clip or file.stem}"
    if points.shape[-1] == 3:
        return file.to_skeleton(points @ KINECT, NTU25, file.positive(fps, "fps", "30"), seen=there, name=name)
    seen = np.where(there, _scores(file, row, inhabited), 0)
    shape = next((row[key] for key in ("img_shape", "original_shape") if row.get(key) is not None), None)
    size = tuple(np.ravel(shape).tolist())[1::-1] if size is None and shape is not None else size
    xyz = to_plane(file, points, size, seen)
    return file.to_skeleton(xyz, COCO17, file.positive(fps, "fps", "30"), seen=seen, name=name)


def _scores(file: File, row: dict, inhabited: np.ndarray) -> np.ndarray | float:
    """[T P 17] confidences of the people kept; 1 where the annotation has none."""
    found = row.get("keypoint_score")
    if found is None:
        return 1.0
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "fiu" or found.shape != row["keypoint"].shape[:3]:
        raise file.bad("keypoint_score", f"shape {getattr(found, 'shape', None)} beside {row['keypoint'].shape}", "the file is damaged")
    return scored(found.astype(np.float64).swapaxes(0, 1)[:, inhabited])


def _rows(file: File) -> list:
    content = file.pickle
    rows = content.get("annotations") if isinstance(content, dict) else content
    return rows if isinstance(rows, list) else []
