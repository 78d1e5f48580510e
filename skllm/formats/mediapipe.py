"""MediaPipe Pose: 33 landmarks as arrays [T 33 3] or [T 33 4] (x y z visibility), in the picture or in metres about the hips."""

import numpy as np

from skllm.formats.arrays import array_of, first_array
from skllm.formats.files import File
from skllm.formats.planes import DEPTH, VIEW, checked_size
from skllm.formats.topologies import MEDIAPIPE33
from skllm.skeleton import Skeleton

_HIPS = (23, 24)
_AT_ORIGIN = 1e-2            # metres: world landmarks are measured from between the hips


def claims_mediapipe(file: File) -> bool:
    """Whether the array is [T 33 3] or [T 33 4]."""
    return first_array(file).shape[1:] in ((33, 3), (33, 4))


def read_mediapipe(file: File, clip: str | None = None, size=None, fps: float | int = 30.0) -> Skeleton:
    """A clip of one person; rows of NaN are frames without one, visibility is confidence.

    World landmarks (the middle of the hips at the origin in every frame) are metres, y down, set upright before the viewer.
    Picture landmarks count from 0 to 1 across the picture: they go on the plane of two-dimensional formats, with MediaPipe's
    relative depth before and behind it. size: (width, height) of the picture, of which only the ratio matters; needed for these.
    """
    found, name = array_of(file, clip)
    if found.shape[1:] not in ((33, 3), (33, 4)):
        raise file.bad("the array", f"shape {found.shape}, MediaPipe Pose has (T, 33, 3 or 4)", "is this the right file?")
    points = found[..., :3].astype(np.float64)
    seen = np.clip(found[..., 3], 0, 1) if found.shape[-1] == 4 else np.ones(found.shape[:2])
    seen = np.where(np.isfinite(points).all(-1) & np.isfinite(seen), seen, 0)
    if not (seen > 0).any():
        raise file.bad("all frames", "nobody is in them", "leave this clip out")
    hips = np.abs(points[:, _HIPS].mean(1)[(seen[:, _HIPS] > 0).all(1)])
    if len(hips) and hips.max() < _AT_ORIGIN:
        xyz = points * (1, -1, 1) + (0, 0, DEPTH)
    else:
        width, height = checked_size(file, size, "call load(path, size=(16, 9)); only the ratio of width to height matters")
        scale = VIEW / max(width, height)
        xyz = (points - (0.5, 0.5, 0)) * (width, -height, width) * scale + (0, 0, DEPTH)
    return file.to_skeleton(xyz, MEDIAPIPE33, file.positive(fps, "fps", "30"), seen=seen, name=name)
