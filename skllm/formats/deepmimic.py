"""DeepMimic motions: JSON text of frames with a duration, the root's place, and a rotation a joint; its humanoid and its dog."""

from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from skllm.formats.axes import Y_UP_FACING_X
from skllm.formats.files import File
from skllm.formats.kinematics import Body, forward, from_quaternions
from skllm.skeleton import Skeleton

_WIDTH = {"root": 0, "ball": 4, "x": 1, "y": 1, "z": 1, "fixed": 0}

HUMANOID = Body.from_table("deepmimic_humanoid", """
root - root 0 0 0
chest root ball 0 0.236151 0
neck chest ball 0 0.223894 0
right_hip root ball 0 0 0.084887
right_knee right_hip z 0 -0.421546 0
right_ankle right_knee ball 0 -0.40987 0
right_shoulder chest ball -0.02405 0.2435 0.18311
right_elbow right_shoulder z 0 -0.274788 0
right_wrist right_elbow fixed 0 -0.258947 0
left_hip root ball 0 0 -0.084887
left_knee left_hip z 0 -0.421546 0
left_ankle left_knee ball 0 -0.40987 0
left_shoulder chest ball -0.02405 0.2435 -0.18311
left_elbow left_shoulder z 0 -0.274788 0
left_wrist left_elbow fixed 0 -0.258947 0
""")
DOG = Body.from_table("deepmimic_dog", """
root - root 0 0 0
spine0 root ball 0 0 0
spine1 spine0 ball 0.2375 0 0
neck spine1 ball 0.28135 0 0
head neck ball 0.175 0 0
left_shoulder spine1 ball 0.304074 -0.109983 -0.106071
left_forearm left_shoulder z 0 -0.19 0
left_hand left_forearm ball 0 -0.2225 0
left_finger left_hand ball 0 -0.09 0
right_shoulder spine1 ball 0.304074 -0.109983 0.106071
right_forearm right_shoulder z 0 -0.19 0
right_hand right_forearm ball 0 -0.2225 0
right_finger right_hand ball 0 -0.09 0
left_upper_leg root ball -0.074803 -0.095825 -0.05986
left_leg left_upper_leg z 0 -0.2 0
left_foot left_leg ball 0 -0.225 0
left_toe left_foot ball 0 -0.135 0
right_upper_leg root ball -0.074803 -0.095825 0.05986
right_leg right_upper_leg z 0 -0.2 0
right_foot right_leg ball 0 -0.225 0
right_toe right_foot ball 0 -0.135 0
tail0 root ball -0.086 0 0
tail1 tail0 ball -0.2 0 0
""")
_MOVES = {"none": "root", "spherical": "ball", "revolute": "z", "fixed": "fixed"}


def claims_deepmimic(file: File) -> bool:
    """Whether the text is JSON with `Frames`."""
    return file.text.lstrip().startswith("{") and isinstance(file.json, dict) and "Frames" in file.json


def read_deepmimic(file: File, body: str | Path | None = None) -> Skeleton:
    """One motion in metres, facing the viewer at its start.

    body: a DeepMimic character file; without one the motion's width tells the humanoid (44 numbers a frame) from the dog (84).
    """
    content = file.json
    try:
        frames = np.array(content["Frames"], dtype=np.float64)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise file.bad("key 'Frames'", "frames of different lengths, or not numbers", "the file is damaged; copy it again") from None
    known = {_columns(one): one for one in ((_character(File(body)),) if body is not None else (HUMANOID, DOG))}
    if frames.ndim != 2 or not len(frames) or frames.shape[1] not in known or not np.isfinite(frames).all() or not 0 < frames[0, 0] < 60:
        raise file.bad("key 'Frames'", f"shape {frames.shape}; bodies have {' or '.join(map(str, known))} finite numbers a frame, a duration first",
                       "name the character's file: load(path, body=...)")
    one = known[frames.shape[1]]
    try:
        xyz = forward(one.parents, one.offsets, _rotations(one, frames[:, 4:]), frames[:, 1:4])
    except ValueError as wrong:                                            # SciPy refuses a quaternion of zeros
        raise file.bad("key 'Frames'", str(wrong), "the file is damaged; copy it again") from None
    return file.to_skeleton(xyz @ Y_UP_FACING_X, one.topology(), round(1 / frames[0, 0], 2))


def _columns(body: Body) -> int:
    return 8 + sum(_WIDTH[how] for how in body.moves)


def _rotations(body: Body, values: np.ndarray) -> np.ndarray:
    """[T J 3 3]: the root's quaternion, then each joint's quaternion or angle in order."""
    local, at = [from_quaternions(values[:, :4])], 4
    for how in body.moves[1:]:
        held = values[:, at : at + _WIDTH[how]]
        at += _WIDTH[how]
        still = np.broadcast_to(np.eye(3), (len(values), 3, 3))
        local.append(from_quaternions(held) if how == "ball" else still if how == "fixed" else Rotation.from_euler(how, held).as_matrix())
    return np.stack(local, 1)


def _character(file: File) -> Body:
    """The body of a character file, whose joints stand in their parents' axes."""
    content = file.json
    try:
        joints = content["Skeleton"]["Joints"]
        offsets = np.array([[float(joint[f"Attach{axis}"]) for axis in "XYZ"] for joint in joints]) * [[joint["Parent"] >= 0] for joint in joints]
        rest = np.tile([1.0, 0, 0, 0], (len(joints), 1))
        body = Body(file.stem, tuple(str(joint["Name"]) for joint in joints), tuple(int(joint["Parent"]) for joint in joints),
                    tuple(_MOVES[joint["Type"]] for joint in joints), offsets, rest)
    except (KeyError, TypeError, ValueError, OverflowError) as wrong:
        raise file.bad("key 'Skeleton'", f"no whole list of joints ({str(wrong)[:60]})", "is this a character file?") from None
    if not body.names or body.parents[0] != -1 or any(not 0 <= parent < n for n, parent in enumerate(body.parents) if n):
        raise file.bad("key 'Skeleton'", "a joint whose parent does not come before it", "is this a character file?")
    return body
