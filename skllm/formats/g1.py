"""Unitree G1 motions as joblib dumps (ASAP): a humanoid robot of 23 degrees of freedom, and the person it follows as SMPL-24."""

import numpy as np
from scipy.spatial.transform import Rotation

from skllm.formats.axes import Z_UP_FACING_MINUS_Y
from skllm.formats.files import File
from skllm.formats.kinematics import Body, forward, from_quaternions
from skllm.formats.topologies import SMPL24
from skllm.skeleton import Skeleton

# Links and hinges of the robot's MuJoCo model (Unitree, BSD 3-Clause), without the wrist's, which are fixed in these motions.
G1 = Body.from_table("unitree_g1_23", """
pelvis - root 0 0 0
left_hip_pitch pelvis y 0 0.064452 -0.1027
left_hip_roll left_hip_pitch x 0 0.052 -0.030465 0.996179 0 -0.0873386 0
left_hip_yaw left_hip_roll z 0.025001 0 -0.12412
left_knee left_hip_yaw y -0.078273 0.0021489 -0.17734 0.996179 0 0.0873386 0
left_ankle_pitch left_knee y 0 -9.4445e-05 -0.30001
left_ankle_roll left_ankle_pitch x 0 0 -0.017558
right_hip_pitch pelvis y 0 -0.064452 -0.1027
right_hip_roll right_hip_pitch x 0 -0.052 -0.030465 0.996179 0 -0.0873386 0
right_hip_yaw right_hip_roll z 0.025001 0 -0.12412
right_knee right_hip_yaw y -0.078273 -0.0021489 -0.17734 0.996179 0 0.0873386 0
right_ankle_pitch right_knee y 0 9.4445e-05 -0.30001
right_ankle_roll right_ankle_pitch x 0 0 -0.017558
waist_yaw pelvis z 0 0 0
waist_roll waist_yaw x -0.0039635 0 0.035
torso waist_roll y 0 0 0.019
left_shoulder_pitch torso y 0.0039563 0.10022 0.23778 0.990264 0.139201 1.38722e-05 -9.86868e-05
left_shoulder_roll left_shoulder_pitch x 0 0.038 -0.013831 0.990268 -0.139172 0 0
left_shoulder_yaw left_shoulder_roll z 0 0.00624 -0.1032
left_elbow left_shoulder_yaw y 0.015783 0 -0.080518
right_shoulder_pitch torso y 0.0039563 -0.10021 0.23778 0.990264 -0.139201 1.38722e-05 9.86868e-05
right_shoulder_roll right_shoulder_pitch x 0 -0.038 -0.013831 0.990268 0.139172 0 0
right_shoulder_yaw right_shoulder_roll z 0 -0.00624 -0.1032
right_elbow right_shoulder_yaw y 0.015783 0 -0.080518
left_hand left_elbow fixed 0.184 0.00188791 -0.01
right_hand right_elbow fixed 0.184 -0.00188791 -0.01
""")
_HINGES = [n for n, how in enumerate(G1.moves) if how in "xyz"]


def claims_g1(file: File) -> bool:
    """Whether the pickle holds motions with `root_trans_offset` and `dof`."""
    return isinstance(file.pickle, dict) and bool(file.pickle) and all(
        isinstance(one, dict) and {"root_trans_offset", "root_rot", "dof"} <= set(one) for one in file.pickle.values()
    )


def clips_of_g1(file: File) -> list[str]:
    """The motions' names."""
    return [str(key) for key in file.pickle]


def read_g1(file: File, clip: str | None = None, body: str = "robot", fps: float | int | None = None) -> Skeleton:
    """One motion in metres: body="robot" (26 links) or "person" (the SMPL-24 joints it follows, where the file has them).

    fps: where the motion does not say it.
    """
    if not claims_g1(file):
        raise file.bad("its pickle", "no motions with root_trans_offset, root_rot and dof", "is this an ASAP motion?")
    motions = {str(name): one for name, one in file.pickle.items()}
    motion = motions[file.pick(list(motions), clip)]
    if body not in ("robot", "person"):
        raise file.bad("body", f"{body!r} is neither", 'choose "robot" or "person"')
    fps = file.positive(motion.get("fps") if fps is None else fps, "fps", "30")
    if body == "person":
        return file.to_skeleton(_array(file, motion, "smpl_joints", (24, 3)) @ Z_UP_FACING_MINUS_Y, SMPL24, fps)
    root, turn, angles = (_array(file, motion, key, shape) for key, shape in (("root_trans_offset", (3,)), ("root_rot", (4,)), ("dof", (23,))))
    try:
        local = from_quaternions(np.tile(G1.rest, (len(root), 1, 1)))
        local[:, 0] = from_quaternions(turn[:, [3, 0, 1, 2]])                     # x y z w in the file
    except ValueError as wrong:                                                   # SciPy refuses a quaternion of zeros
        raise file.bad("root_rot", str(wrong), "the file is damaged; copy it again") from None
    for n, joint in enumerate(_HINGES):
        local[:, joint] = local[:, joint] @ Rotation.from_euler(G1.moves[joint], angles[:, n : n + 1]).as_matrix()
    return file.to_skeleton(forward(G1.parents, G1.offsets, local, root) @ Z_UP_FACING_MINUS_Y, G1.topology(), fps)


def _array(file: File, motion: dict, key: str, shape: tuple[int, ...]) -> np.ndarray:
    found = motion.get(key)
    if not isinstance(found, np.ndarray) or found.dtype.kind not in "fiu" or found.shape[1:] != shape or not found.size:
        raise file.bad(key, f"shape {getattr(found, 'shape', None)}; read is (T, {', '.join(map(str, shape))})",
                       "motions of the G1 with 23 degrees of freedom are read")
    if len(found) != len(motion["root_rot"]):
        raise file.bad(key, f"{len(found)} frames beside {len(motion['root_rot'])} of root_rot", "the file is damaged; copy it again")
    return file.finite(found.astype(np.float64).reshape(len(found), -1, shape[-1])).reshape(found.shape)
