"""Penn Action: MATLAB labels of thirteen joints in a video's pixels.

Its notes list left joints before right ones. In people filmed from the front the first of each pair is on the picture's left in
86 % of 124 clips, from behind on its right in 69 % of 121 (every fifth clip): it is the person's own right, and is named so here.
"""

import numpy as np

from skllm.formats.files import File
from skllm.formats.planes import to_plane
from skllm.formats.topologies import PENN13
from skllm.skeleton import Skeleton

_FPS = 30.0
_HIDDEN = 0.5            # confidence of a joint that the annotators placed without seeing it
_CORNER = 1.5            # pixels: joints out of the picture are put in its corner


def claims_penn_action(file: File) -> bool:
    """Whether the MATLAB file has Penn Action's variables."""
    return {"x", "y", "visibility", "dimensions"} <= set(file.matrices)


def read_penn_action(file: File) -> Skeleton:
    """One clip on the plane of two-dimensional formats, 30 fps; hidden joints have confidence 0.5, ones in the corner are absent."""
    x, y, visible = (_table(file, key) for key in ("x", "y", "visibility"))
    if not x.shape == y.shape == visible.shape:
        raise file.bad("x, y, visibility", f"shapes {x.shape}, {y.shape}, {visible.shape}", "they should be equal; the file is damaged")
    height, width = (float(n) for n in _table(file, "dimensions", None).ravel()[:2])
    pixels = np.stack([x, y], -1)
    seen = np.where((pixels < _CORNER).all(-1), 0, np.where(visible > 0, 1, _HIDDEN))
    return file.to_skeleton(to_plane(file, pixels, (width, height), seen), PENN13, _FPS, seen=seen)


def _table(file: File, key: str, columns: int | None = 13) -> np.ndarray:
    found = file.matrices.get(key)
    good = isinstance(found, np.ndarray) and found.dtype.kind in "fiub" and found.ndim == 2 and len(found) > 0
    if not good or (found.shape[1] != columns if columns else found.size < 2) or not np.isfinite(found).all():
        raise file.bad(key, f"{getattr(found, 'shape', found)!r}, Penn Action has finite numbers (T, 13)", "is this a Penn Action label?")
    return found.astype(np.float64)
