"""PYSKL pickles: a whole dataset of annotations in one file, two-dimensional (COCO-17) or three-dimensional (Kinect v2)."""

import numpy as np

from skllm.formats.files import File
from skllm.formats.planes import scored, to_plane
from skllm.formats.topologies import COCO17, NTU25
from skllm.skeleton import Skeleton

_FPS = 30.0
_FROM_SENSOR = np.array([-1.0, 1.0, 1.0])


def claims_pyskl(file: File) -> bool:
    """Whether the pickle has `annotations` with keypoints, or is a list of them."""
    rows = _rows(file)
    return bool(rows) and isinstance(rows[0], dict) and "keypoint" in rows[0]


def clips_of_pyskl(file: File) -> list[str]:
    """The annotations' names, in the file's order."""
    return [str(row.get("frame_dir", n)) for n, row in enumerate(_rows(file))]


def splits_of_pyskl(file: File) -> dict[str, list[str]]:
    """The lists of names under `split`, such as xsub_train; empty where there is none."""
    split = file.pickle.get("split") if isinstance(file.pickle, dict) else None
    return {str(key): [str(name) for name in names] for key, names in split.items()} if isinstance(split, dict) else {}


def annotation(file: File, clip: str | None = None) -> dict:
    """One annotation, checked to be one."""
    names = file.__dict__.setdefault("_pyskl_names", {name: n for n, name in enumerate(clips_of_pyskl(file))})
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
    points, there, name = points[:, inhabited], there[:, inhabited], f"{row.get('frame_dir', file.stem)}"
    if points.shape[-1] == 3:
        return file.to_skeleton(points * _FROM_SENSOR, NTU25, file.positive(fps, "fps", "30"), seen=there, name=name)
    seen = np.where(there, _scores(file, row, inhabited), 0)
    shape = row.get("img_shape") or row.get("original_shape")
    size = tuple(shape)[1::-1] if size is None and isinstance(shape, (tuple, list)) else size
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
