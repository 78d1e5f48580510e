"""Kinect v2's 25 joints in tables: CSV as LabanotationSuite writes it, and PKU-MMD's text of two people."""

import numpy as np

from skllm.formats.axes import KINECT, KINECT_CONFIDENCE
from skllm.formats.files import File
from skllm.formats.topologies import NTU25
from skllm.skeleton import Skeleton

_TICK = 1e-7                                  # seconds: the sensor's clock counts 100 ns
_PKU_FPS = 30.0


def claims_kinect_csv(file: File) -> bool:
    """Whether the first line is a time and 25 times x, y, z, state."""
    return file.is_table(101, 1)


def read_kinect_csv(file: File) -> Skeleton:
    """One CSV of a single person: time in 100 ns, then x y z state a joint; metres. The rate is the median of the times."""
    rows = file.rows
    if rows.shape[1] != 101:
        raise file.bad("its rows", f"{rows.shape[1]} columns, Kinect v2 has a time and 25 times x, y, z, state", "is this the right file?")
    steps = np.diff(rows[:, 0])
    if len(steps) and not np.median(steps) > 0:
        raise file.bad("its first column", "times that do not grow", "it should be the sensor's time in 100 ns")
    fps = round(1 / (float(np.median(steps)) * _TICK), 1) if len(steps) else 30.0
    joints = rows[:, 1:].reshape(-1, 25, 4)
    state = joints[..., 3].clip(0, 2).astype(int)
    return file.to_skeleton(joints[..., :3] @ KINECT, NTU25, fps, seen=KINECT_CONFIDENCE[state])


def claims_pku_mmd(file: File) -> bool:
    """Whether the first line is two times 25 times x, y, z."""
    return file.is_table(150, 1)


def read_pku_mmd(file: File) -> Skeleton:
    """One PKU-MMD recording, many actions long: 2 x 25 x (x y z) a line, metres, 30 fps; a person of zeros is absent."""
    if file.rows.shape[1] != 150:
        raise file.bad("its rows", f"{file.rows.shape[1]} columns, PKU-MMD has 2 x 25 x 3", "is this the right file?")
    xyz = file.rows.reshape(-1, 2, 25, 3)
    there = ~(xyz == 0).all(-1)
    people = [p for p in range(2) if there[:, p].any()]
    if not people:
        raise file.bad("all frames", "nobody is in them", "leave this file out")
    return file.to_skeleton(xyz[:, people] @ KINECT, NTU25, _PKU_FPS, seen=there[:, people].astype(float))
