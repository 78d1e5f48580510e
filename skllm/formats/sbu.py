"""SBU Kinect Interaction as JSON: many clips of two people, fifteen joints each, x and y only.

Its x counts from right to left of the picture, as the dataset's formula back to pixels says, so it is turned around.
"""

import numpy as np

from skllm.formats.files import File
from skllm.formats.planes import DEPTH, VIEW
from skllm.formats.topologies import SBU15
from skllm.skeleton import Skeleton


def claims_sbu(file: File) -> bool:
    """Whether the JSON has `x` and `label`."""
    return isinstance(file.json, dict) and {"x", "label"} <= set(file.json)


def clips_of_sbu(file: File) -> list[str]:
    """The clips' numbers."""
    return [str(n) for n in range(len(_all(file)))]


def read_sbu(file: File, clip: str | None = None, fps: float | int = 15.0) -> Skeleton:
    """One clip, named by its number: [2 T 15 2] from about -1 to 1, y up, on the plane of two-dimensional formats.

    fps: the sensor's; these files hold 25 frames of every clip, whatever it lasted.
    """
    every = _all(file)
    n = int(file.pick(clips_of_sbu(file), clip))
    flat = every[n].transpose(1, 0, 2, 3) * (-VIEW / 2, VIEW / 2)
    xyz = np.concatenate([flat, np.full((*flat.shape[:-1], 1), DEPTH)], -1)
    return file.to_skeleton(xyz, SBU15, file.positive(fps, "fps", "15"), name=f"{file.stem} {n}")


def _all(file: File) -> np.ndarray:
    content = file.json
    try:
        found = np.array(content["x"], dtype=np.float64)
    except (KeyError, TypeError, ValueError, OverflowError):
        found = np.zeros(0)
    if found.ndim != 5 or found.shape[1] != 2 or found.shape[3:] != (15, 2) or not found.size or not np.isfinite(found).all():
        raise file.bad("key 'x'", f"shape {found.shape}, SBU has (clips, 2, T, 15, 2) finite numbers", "is this the right file?")
    return found
