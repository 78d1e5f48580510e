"""HumanML3D: joint positions [T 22 3], and its 263 features a frame, from which the joints are recovered.

Metres, 20 fps, y up, people start out facing +z.
"""

import numpy as np

from skllm.formats.arrays import array_of, first_array
from skllm.formats.axes import Y_UP_FACING_Z
from skllm.formats.files import File
from skllm.formats.topologies import HUMANML3D22
from skllm.skeleton import Skeleton

_FPS = 20.0
_FEATURES = 263          # turn 1, walk 2, height 1, joints 21 x 3, rotations 21 x 6, velocities 22 x 3, contacts 4


def claims_humanml3d(file: File) -> bool:
    """Whether the array is [T 22 3]."""
    return first_array(file).shape[1:] == (22, 3)


def read_humanml3d(file: File, clip: str | None = None) -> Skeleton:
    """One `new_joints` clip, turned so that its people start out facing the viewer."""
    xyz, name = array_of(file, clip)
    if xyz.ndim != 3 or xyz.shape[1:] != (22, 3):
        raise file.bad("the array", f"shape {xyz.shape}, HumanML3D has (T, 22, 3)", "for another layout use Skeleton.from_array")
    return file.to_skeleton(file.finite(xyz) @ Y_UP_FACING_Z, HUMANML3D22, _FPS, name=name)


def claims_features(file: File) -> bool:
    """Whether the array is [T 263]."""
    return first_array(file).ndim == 2 and first_array(file).shape[1] == _FEATURES


def read_features(file: File, clip: str | None = None) -> Skeleton:
    """One `new_joint_vecs` clip: the 22 joints that its features describe, from the origin and facing the viewer.

    The features must be as recorded, not divided by their spread: multiply by Std.npy and add Mean.npy first.
    """
    features, name = array_of(file, clip)
    if features.ndim != 2 or features.shape[1] != _FEATURES:
        raise file.bad("the array", f"shape {features.shape}, HumanML3D has (T, 263)", "is this a new_joint_vecs file?")
    return file.to_skeleton(_recovered(file.finite(features[..., None])[..., 0].astype(np.float64)) @ Y_UP_FACING_Z, HUMANML3D22, _FPS, name=name)


def _recovered(features: np.ndarray) -> np.ndarray:
    """Joints [T 22 3] from features (Guo et al. 2022): turns and steps are summed over time, poses are turned back and set there.

    The turn is half the angle between two frames, as it stands in a quaternion; turns and steps lead from a frame to the next.
    """
    heading = 2 * np.concatenate([[0], np.cumsum(features[:-1, 0])])
    steps = _turned(np.stack([features[:, 1], np.zeros(len(features)), features[:, 2]], -1)[:-1], heading[1:])
    root = np.concatenate([np.zeros((1, 3)), np.cumsum(steps, 0)])
    others = _turned(features[:, 4:67].reshape(-1, 21, 3), heading[:, None]) + root[:, None] * (1, 0, 1)
    root[:, 1] = features[:, 3]
    return np.concatenate([root[:, None], others], 1)


def _turned(points: np.ndarray, heading: np.ndarray) -> np.ndarray:
    """Points turned about the vertical by minus the heading, in radians."""
    x, y, z = np.moveaxis(points, -1, 0)
    return np.stack([x * np.cos(heading) - z * np.sin(heading), y, x * np.sin(heading) + z * np.cos(heading)], -1)
