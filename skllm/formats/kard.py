"""KARD: fifteen joints at 30 fps, in the world (millimetres) or on the screen (u, v in pixels, depth)."""

import numpy as np

from skllm.formats.files import File
from skllm.formats.planes import to_plane
from skllm.formats.topologies import KARD15
from skllm.skeleton import Skeleton

_FPS = 30.0
_SCREEN = (640, 480)         # pixels of the Kinect's picture
_MILLIMETRE = 1e-3


def claims_kard_world(file: File) -> bool:
    """Whether the name says world coordinates and the text is three columns of fifteen rows a frame."""
    return file.stem.endswith("_realworld") and file.is_table(3, 15)


def claims_kard_screen(file: File) -> bool:
    """Whether the name says screen coordinates and the text is three columns of fifteen rows a frame."""
    return file.stem.endswith("_screen") and file.is_table(3, 15)


def read_kard_world(file: File) -> Skeleton:
    """One clip in metres: fifteen rows x y z a frame, y up, z away from the sensor, whose x grows to its right."""
    xyz = _joints(file) * _MILLIMETRE
    return file.to_skeleton(xyz, KARD15, _FPS, seen=~(xyz == 0).all(-1))


def read_kard_screen(file: File, size=_SCREEN) -> Skeleton:
    """The same clip as the sensor's picture shows it, on the plane of two-dimensional formats; its depth column is left out."""
    rows = _joints(file)
    seen = ~(rows == 0).all(-1)
    return file.to_skeleton(to_plane(file, rows[..., :2], size, seen), KARD15, _FPS, seen=seen)


def _joints(file: File) -> np.ndarray:
    if file.rows.shape[1] != 3 or len(file.rows) % 15:
        raise file.bad("its rows", f"{file.rows.shape} numbers, KARD has 15 rows of 3 a frame", "the file may be cut short; copy it again")
    return file.rows.reshape(-1, 15, 3)
