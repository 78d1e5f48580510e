"""HumanML3D joint positions: `.npy` [T 22 3], metres, 20 fps, y up, people start out facing +z."""

from pathlib import Path

import numpy as np

from skllm.formats.files import bad
from skllm.formats.topologies import HUMANML3D22
from skllm.skeleton import Skeleton

_FPS = 20.0


def read_humanml3d(path: Path) -> Skeleton:
    """One `new_joints` file. Turned so that its people start out facing the viewer; arrays that hold Python objects are refused."""
    if not path.exists():
        raise FileNotFoundError(f"no file {path}; check the path")
    try:
        xyz = np.load(path, mmap_mode="r", allow_pickle=False)      # mapped: a header that lies about its size is found out
    except Exception:                                               # NumPy raises whatever parsing the header met
        remedy = "the file may be cut short or hold pickled objects; copy it again"
        raise bad(path, "the header", "not a whole NumPy array of numbers", remedy) from None
    if not isinstance(xyz, np.ndarray):
        raise bad(path, "the header", "an archive of arrays, not one array", "was a .npz renamed?")
    if xyz.ndim == 2 and xyz.shape[1] == 263:
        raise bad(path, "the array", "these are HumanML3D's 263 features, not joints", "take the same file from new_joints/")
    if xyz.ndim != 3 or xyz.shape[1:] != (22, 3) or len(xyz) == 0 or xyz.dtype.kind not in "fiu":
        what = f"shape {xyz.shape} of {xyz.dtype}, HumanML3D has (T, 22, 3) numbers"
        raise bad(path, "the array", what, "for another layout use Skeleton.from_array")
    if not np.isfinite(xyz).all():
        t, j = np.argwhere(~np.isfinite(xyz).all(-1))[0]
        raise bad(path, f"frame {t}, joint {j}", "a coordinate that is not a number", "leave this file out, as some are broken")
    try:
        return Skeleton.from_array(xyz * (1, 1, -1), HUMANML3D22, _FPS, name=path.stem)
    except ValueError as wrong:
        raise bad(path, "the coordinates", str(wrong), "leave this file out") from None
