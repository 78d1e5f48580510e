"""Kinect v1's twenty joints as three benchmarks write them: NW-UCLA (JSON), UTD-MHAD (MATLAB), MSR Action3D (text).

All are metres from the sensor, y up, z away from it; the sensor's x grows to its left, so it is turned around. A joint at
exactly the sensor's own place is an absent one.
"""

import numpy as np

from skllm.formats.axes import KINECT
from skllm.formats.files import File
from skllm.formats.topologies import MSR_ACTION3D20, NW_UCLA20, UTD_MHAD20
from skllm.skeleton import Skeleton, Topology

_FPS, _MSR_FPS = 30.0, 15.0
_INFERRED = 0.5


def claims_nw_ucla(file: File) -> bool:
    """Whether the JSON has NW-UCLA's key."""
    return isinstance(file.json, dict) and "skeletons" in file.json


def read_nw_ucla(file: File) -> Skeleton:
    """One NW-UCLA clip: key `skeletons`, [T 20 3], 30 fps."""
    content = file.json
    try:
        xyz = np.array(content["skeletons"], dtype=np.float64)
    except (TypeError, KeyError, OverflowError):
        raise file.bad("key 'skeletons'", "no list of frames", "is this an NW-UCLA file?") from None
    except ValueError:
        raise file.bad("key 'skeletons'", "frames of different lengths, or not numbers", "the file is damaged; copy it again") from None
    if xyz.ndim != 3 or xyz.shape[1:] != (20, 3) or len(xyz) == 0:
        raise file.bad("key 'skeletons'", f"shape {xyz.shape}, NW-UCLA has (T, 20, 3)", "HumanML3D's 22 joints come as .npy")
    return _to_skeleton(file, xyz, NW_UCLA20, _FPS)


def claims_utd_mhad(file: File) -> bool:
    """Whether the MATLAB file has UTD-MHAD's variable."""
    return "d_skel" in file.matrices


def read_utd_mhad(file: File) -> Skeleton:
    """One UTD-MHAD clip: `d_skel` [20 3 T], 30 fps."""
    found = file.matrices.get("d_skel")
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "fiu" or found.ndim != 3 or found.shape[:2] != (20, 3) or found.shape[2] == 0:
        raise file.bad("d_skel", f"{getattr(found, 'shape', found)!r}, UTD-MHAD has numbers (20, 3, T)", "is this a UTD-MHAD skeleton?")
    return _to_skeleton(file, found.transpose(2, 0, 1).astype(np.float64), UTD_MHAD20, _FPS)


def claims_msr_action3d(file: File) -> bool:
    """Whether the text is a table of four columns and twenty rows a frame."""
    return file.is_table(4, 20)


def read_msr_action3d(file: File) -> Skeleton:
    """One MSR Action3D clip in world coordinates: twenty rows `x y z confidence` a frame, 15 fps."""
    if file.rows.shape[1] != 4 or len(file.rows) % 20:
        raise file.bad("its rows", f"{file.rows.shape} numbers, MSR Action3D has 20 rows of 4 a frame", "the file may be cut short; copy it again")
    rows = file.rows.reshape(-1, 20, 4)
    return _to_skeleton(file, rows[..., :3], MSR_ACTION3D20, _MSR_FPS, np.where(rows[..., 3] > 0, 1, _INFERRED))


def _to_skeleton(file: File, xyz: np.ndarray, topology: Topology, fps: float, sure: np.ndarray | float = 1.0) -> Skeleton:
    there = ~(file.finite(xyz) == 0).all(-1)
    return file.to_skeleton(xyz @ KINECT, topology, fps, seen=there * sure)
