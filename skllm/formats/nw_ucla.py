"""Northwestern-UCLA JSON (Kinect v1, 20 joints, 30 fps): key `skeletons`, [T 20 3]."""

from pathlib import Path

import numpy as np

from skllm.formats.files import bad, json_of
from skllm.formats.topologies import NW_UCLA20
from skllm.skeleton import Skeleton

_FPS = 30.0


def claims_nw_ucla(content) -> bool:
    """Whether parsed JSON looks like NW-UCLA's."""
    return isinstance(content, dict) and "skeletons" in content


def read_nw_ucla(path: Path) -> Skeleton:
    """One NW-UCLA clip; joints at exactly the sensor's own place are absent ones."""
    try:
        xyz = np.array(json_of(path)["skeletons"], dtype=np.float64)
    except (TypeError, KeyError, OverflowError):
        raise bad(path, "key 'skeletons'", "no list of frames", "is this an NW-UCLA file?") from None
    except ValueError as wrong:
        if str(wrong).startswith(path.name):
            raise
        raise bad(path, "key 'skeletons'", "frames of different lengths, or not numbers", "the file is damaged; copy it again") from None
    if xyz.ndim != 3 or xyz.shape[1:] != (20, 3) or len(xyz) == 0:
        raise bad(path, "key 'skeletons'", f"shape {xyz.shape}, NW-UCLA has (T, 20, 3)", "HumanML3D's 22 joints come as .npy")
    if not np.isfinite(xyz).all():
        t, j = np.argwhere(~np.isfinite(xyz).all(-1))[0]
        raise bad(path, f"frame {t}, joint {j}", "a coordinate that is not a number", "leave this file out")
    try:
        return Skeleton.from_array(xyz * (-1, 1, 1), NW_UCLA20, _FPS, seen=~(xyz == 0).all(-1), name=path.stem)
    except ValueError as wrong:
        raise bad(path, "the coordinates", str(wrong), "leave this file out") from None
