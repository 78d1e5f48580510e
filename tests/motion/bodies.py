"""A standing Kinect body that can be moved by hand, and the joints of each format by name for the independent checks."""

import numpy as np

from skllm.formats import NTU25
from skllm.skeleton import Skeleton

FPS = 30
_STANDING = {     # facing the viewer, so the person's left is at +x and forward is -z
    "SpineBase": (0, 0.95, 3), "SpineMid": (0, 1.2, 3), "SpineShoulder": (0, 1.42, 3), "Neck": (0, 1.5, 3), "Head": (0, 1.62, 3),
    "Shoulder": (0.18, 1.42, 3), "Elbow": (0.24, 1.15, 3), "Wrist": (0.26, 0.92, 3), "Hand": (0.26, 0.86, 3), "HandTip": (0.26, 0.80, 3),
    "Thumb": (0.24, 0.86, 2.97), "Hip": (0.10, 0.93, 3), "Knee": (0.11, 0.52, 3), "Ankle": (0.12, 0.10, 3), "Foot": (0.12, 0.05, 2.88),
}
ARM = ("Elbow", "Wrist", "Hand", "HandTip", "Thumb")
HAND = ("Wrist", "Hand", "HandTip", "Thumb")
LEG = ("Knee", "Ankle", "Foot")
FOOT = ("Ankle", "Foot")
UPPER = ("SpineBase", "SpineMid", "SpineShoulder", "Neck", "Head", "Shoulder", "Hip", *ARM)


def standing(frames: int) -> np.ndarray:
    """[T 25 3], the body at rest."""
    at = {n: p for n, p in _STANDING.items() if n in NTU25.joint_names}
    for side, sign in (("Left", 1), ("Right", -1)):
        at |= {n + side: (sign * p[0], *p[1:]) for n, p in _STANDING.items() if n + side in NTU25.joint_names}
    return np.tile(np.array([at[name] for name in NTU25.joint_names]), (frames, 1, 1))


def joints(names, sides=("Left", "Right")) -> list[int]:
    """Indices of these joints, on these sides where they have one."""
    return [NTU25.joint_names.index(name) for name in [n + s for n in names for s in sides] + list(names) if name in NTU25.joint_names]


def ramp(frames: int, start: float, stop: float) -> np.ndarray:
    """0 before `start`, 1 after `stop` (seconds), smooth between."""
    share = np.clip((np.arange(frames) / FPS - start) / (stop - start), 0, 1)
    return (1 - np.cos(np.pi * share)) / 2


def clip_of(xyz: np.ndarray) -> Skeleton:
    """The moved body as a clip."""
    return Skeleton.from_array(xyz, NTU25, FPS, name="made")


def shift(xyz: np.ndarray, which: list[int], way: tuple, how: np.ndarray) -> np.ndarray:
    """The clip with these joints moved by `way` times `how` [T]."""
    xyz = xyz.copy()
    xyz[:, which] += how[:, None, None] * np.array(way, float)
    return xyz


def squat(frames: int = 90) -> Skeleton:
    """Hips 40 cm down in a second and up again, the knees to the front."""
    how = ramp(frames, 0.3, 1.2) - ramp(frames, 1.6, 2.5)
    xyz = shift(standing(frames), joints(UPPER), (0, -0.4, 0), how)
    return clip_of(shift(xyz, joints(("Knee",)), (0, -0.12, -0.32), how))


def around(frames: int, degrees: float) -> Skeleton:
    """The whole body turns to its left by so many degrees (for a left-handed frame seen from above)."""
    xyz = standing(frames)
    a = np.radians(degrees) * ramp(frames, 0.5, 2.0)
    x, z = xyz[..., 0], xyz[..., 2] - 3
    xyz[..., 0], xyz[..., 2] = np.cos(a)[:, None] * x - np.sin(a)[:, None] * z, np.sin(a)[:, None] * x + np.cos(a)[:, None] * z + 3
    return clip_of(xyz)


def raised(frames: int, side: str, degrees: float, how: np.ndarray) -> np.ndarray:
    """The straight arm swings up through the side, about its shoulder."""
    xyz, sign = standing(frames), 1 if side == "Left" else -1
    pivot = xyz[:, joints(("Shoulder",), (side,))]
    arm = xyz[:, joints(ARM, (side,))] - pivot
    a = np.radians(degrees) * how[:, None]
    x, y = sign * arm[..., 0], arm[..., 1]
    arm[..., 0], arm[..., 1] = sign * (np.cos(a) * x - np.sin(a) * y), np.sin(a) * x + np.cos(a) * y
    xyz[:, joints(ARM, (side,))] = arm + pivot
    return xyz
