"""A file of each format, made from one pose: a person who faces us, 2.5 m away, right hand (our left) raised above the head."""

import io
import json
import pickle
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.io import savemat

from skllm.formats import (
    BODY25,
    COCO17,
    DOG27,
    HUMANML3D22,
    KARD15,
    MEDIAPIPE33,
    MSR_ACTION3D20,
    NTU25,
    NW_UCLA20,
    PENN13,
    SBU15,
    SMPL24,
    UTD_MHAD20,
    VICON39,
)
from skllm.skeleton import Topology
from tests.conftest import coco_json, ntu_text

_HEIGHT = {"head": 1.7, "neck": 1.5, "chest": 1.35, "shoulder": 1.4, "elbow": 1.15, "wrist": 0.9, "hand": 0.85, "waist": 1.0, "hip": 0.95,
           "knee": 0.5, "ankle": 0.08, "foot": 0.02, "other": 1.0}
_SENSOR = (-1, 1, 1)          # the sensor's x grows to its left
FRAMES = 5


def standing(topology: Topology) -> np.ndarray:
    """[J 3] in our axes."""
    out = np.zeros((len(topology.joint_names), 3), np.float32)
    for j, (part, side) in enumerate(zip(topology.parts, topology.sides, strict=True)):
        across = {"left": 1, "right": -1, "middle": 0}[side]
        out[j] = across * (0.25 if part in ("wrist", "hand", "elbow") else 0.18), _HEIGHT[part], 2.5 - 0.1 * (part == "foot")
        if side == "right" and part in ("elbow", "wrist", "hand"):
            out[j, 1] = {"elbow": 1.6, "wrist": 1.9, "hand": 2.0}[part]
    return out


def moving(topology: Topology) -> np.ndarray:
    """[T J 3]: the pose, drifting a centimetre a frame to our right."""
    drift = np.arange(FRAMES)[:, None, None] * np.array([0.01, 0, 0])
    return (standing(topology) + drift).astype(np.float32)


def pixels(topology: Topology) -> np.ndarray:
    """[T J 2] in a picture of 640 x 480."""
    at = moving(topology)
    return np.stack([320 + 150 * at[..., 0], 400 - 150 * at[..., 1]], -1)


def _text(path: Path, rows: np.ndarray, separator: str = " ") -> Path:
    path.write_text("\n".join(separator.join(f"{value:.6g}" for value in row) for row in rows) + "\n")
    return path


def _with(points: np.ndarray, value: float) -> np.ndarray:
    return np.concatenate([points, np.full((*points.shape[:-1], 1), value)], -1)


def ntu_file(folder: Path) -> Path:
    path = folder / "raise.skeleton"
    path.write_text(ntu_text([{"7": pose * _SENSOR} for pose in moving(NTU25)]))
    return path


def kinect_csv_file(folder: Path) -> Path:
    rows = _with(moving(NTU25) * _SENSOR, 2).reshape(FRAMES, -1)
    path = folder / "raise.csv"
    path.write_text("\n".join(f"{int(1e11 + t * 333333)}," + ",".join(f"{value:.6g}" for value in row) for t, row in enumerate(rows)))
    return path


def pku_mmd_file(folder: Path) -> Path:
    both = np.concatenate([moving(NTU25) * _SENSOR, np.zeros((FRAMES, 25, 3))], 1)
    return _text(folder / "0002-L.txt", both.reshape(FRAMES, 150))


def nw_ucla_file(folder: Path) -> Path:
    path = folder / "raise.json"
    path.write_text(json.dumps({"file_name": "raise", "skeletons": (moving(NW_UCLA20) * _SENSOR).tolist(), "label": 1}))
    return path


def utd_mhad_file(folder: Path) -> Path:
    savemat(folder / "raise.mat", {"d_skel": (moving(UTD_MHAD20) * _SENSOR).transpose(1, 2, 0)})
    return folder / "raise.mat"


def msr_action3d_file(folder: Path) -> Path:
    return _text(folder / "raise.txt", _with(moving(MSR_ACTION3D20) * _SENSOR, 1).reshape(-1, 4))


def kard_file(folder: Path) -> Path:
    return _text(folder / "a01_s01_e01_realworld.txt", 1000 * moving(KARD15).reshape(-1, 3))


def kard_screen_file(folder: Path) -> Path:
    return _text(folder / "a01_s01_e01_screen.txt", _with(pixels(KARD15), 2500).reshape(-1, 3))


def humanml3d_file(folder: Path) -> Path:
    np.save(folder / "raise.npy", moving(HUMANML3D22) * np.array([1, 1, -1], np.float32))       # faces +z
    return folder / "raise.npy"


def features_file(folder: Path) -> Path:
    """Standing still and facing +z, features are the joints beneath the pelvis and zeros."""
    pose = standing(HUMANML3D22) * (1, 1, -1)
    pose = pose - pose[0] * (1, 0, 1)
    row = np.zeros(263, np.float32)
    row[3], row[4:67] = pose[0, 1], pose[1:].ravel()
    np.save(folder / "raise.npy", np.tile(row, (FRAMES, 1)))
    return folder / "raise.npy"


def smpl_file(folder: Path) -> Path:
    np.save(folder / "raise.npy", moving(SMPL24) * np.array([1, 1, -1], np.float32))
    return folder / "raise.npy"


def mediapipe_file(folder: Path) -> Path:
    at = moving(MEDIAPIPE33)
    np.save(folder / "raise.npy", _with((at - at[:, 23:25].mean(1, keepdims=True)) * (1, -1, 1), 0.9).astype(np.float32))
    return folder / "raise.npy"


def coco_file(folder: Path) -> Path:
    path = folder / "raise_coco.json"
    path.write_text(coco_json(_with(pixels(COCO17), 0.9)))
    return path


def openpose_folder(folder: Path) -> Path:
    out = folder / "raise"
    out.mkdir(exist_ok=True)
    for t, body in enumerate(_with(pixels(BODY25), 0.8)):
        person = {"person_id": [-1], "pose_keypoints_2d": body.ravel().tolist()}
        (out / f"raise_{t:012d}_keypoints.json").write_text(json.dumps({"version": 1.3, "people": [person]}))
    return out


def pyskl_file(folder: Path) -> Path:
    flat = {"frame_dir": "flat", "label": 0, "img_shape": (480, 640), "total_frames": FRAMES, "keypoint": pixels(COCO17)[None].astype(np.float16),
            "keypoint_score": np.full((1, FRAMES, 17), 0.9, np.float16)}
    deep = {"frame_dir": "deep", "label": 1, "total_frames": FRAMES, "keypoint": (moving(NTU25) * _SENSOR)[None]}
    path = folder / "raise.pkl"
    path.write_bytes(pickle.dumps({"split": {"xsub_train": ["flat"], "xsub_val": ["deep"]}, "annotations": [flat, deep]}))
    return path


def penn_action_file(folder: Path) -> Path:
    at = pixels(PENN13)
    savemat(folder / "0001.mat", {"x": at[..., 0], "y": at[..., 1], "visibility": np.ones((FRAMES, 13), np.uint8), "train": 1,
                                  "dimensions": np.array([[480, 640, FRAMES]], np.uint16), "action": "squat"})
    return folder / "0001.mat"


def sbu_file(folder: Path) -> Path:
    flat = (moving(SBU15)[..., :2] - (0, 1)) / 1.7 * (-1, 1)
    path = folder / "raise.json"
    path.write_text(json.dumps(json.dumps({"x": np.stack([flat, flat + np.array([0.5, 0])])[None].tolist(), "label": [0]})))
    return path


def bvh_file(folder: Path) -> Path:
    """Faces +z, so its right is at -x; the arm hangs at rest and is turned up by 180 degrees about z."""
    path = folder / "raise.bvh"

    def joint(name: str, offset: str, inside: str = "", depth: int = 1) -> str:
        return f"JOINT {name}\n{{\nOFFSET {offset}\nCHANNELS 3 Zrotation Xrotation Yrotation\n{inside}}}\n"

    arms = "".join(joint(f"{side}Arm", f"{x * 20} 45 0", joint(f"{side}Hand", f"{x * 5} -60 0")) for side, x in (("Left", 1), ("Right", -1)))
    legs = "".join(joint(f"{side}Foot", f"{x * 10} -95 0") for side, x in (("Left", 1), ("Right", -1)))
    head = joint("Head", "0 70 0", "End Site\n{\nOFFSET 0 10 0\n}\n")
    root = f"ROOT Hips\n{{\nOFFSET 0 0 0\nCHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation\n{head}{arms}{legs}}}\n"
    motion = "0 95 0 0 0 0  0 0 0  0 0 0  0 0 0  -180 0 0  0 0 0  0 0 0  0 0 0\n" * 2
    path.write_text(f"HIERARCHY\n{root}MOTION\nFrames: 2\nFrame Time: 0.0333333\n{motion}")
    return path


_ASF = """:version 1.10
:name raise
:units
  mass 1.0
  length 0.45
  angle deg
:documentation
  a hand-written body
:root
   order TX TY TZ RX RY RZ
   axis XYZ
   position 0 0 0
   orientation 0 0 0
:bonedata
{bones}:hierarchy
  begin
    root upperback lhipjoint rhipjoint
    upperback head lclavicle rclavicle
    lclavicle lhumerus
    rclavicle rhumerus
    lhumerus lhand
    rhumerus rhand
    lhipjoint lfemur
    rhipjoint rfemur
  end
"""


def amc_file(folder: Path) -> Path:
    """Faces +z; inches times 0.45. The right upper arm hangs at rest and turns up by 180 degrees about its own z."""
    inch = 0.45 / 0.0254
    rows = {"upperback": "0 1 0 0.4", "head": "0 1 0 0.3"}
    rows |= {f"{s}{bone}": row.format(x) for s, x in (("l", 1), ("r", -1)) for bone, row in (
        ("clavicle", "{} 0 0 0.2"), ("humerus", "0 -1 0 0.3"), ("hand", "0 -1 0 0.3"), ("hipjoint", "{} 0 0 0.1"), ("femur", "0 -1 0 0.9"))}
    bones = "".join(
        f"  begin\n     id {n}\n     name {name}\n     direction {' '.join(row.split()[:3])}\n     length {float(row.split()[3]) * inch:.5f}\n"
        f"     axis 0 0 20  XYZ\n" + ("    dof rx ry rz\n    limits (-160 20)\n" if name.endswith(("humerus", "head")) else "") + "  end\n"
        for n, (name, row) in enumerate(rows.items(), 1))
    (folder / "raise.asf").write_text(_ASF.format(bones=bones))
    frame = f"root 0 {0.95 * inch:.4f} 0 0 0 0\nhead 0 0 0\nlhumerus 0 0 0\nrhumerus 0 0 180\n"
    (folder / "raise_01.amc").write_text(":FULLY-SPECIFIED\n:DEGREES\n" + "".join(f"{t + 1}\n{frame}" for t in range(FRAMES)))
    return folder / "raise_01.amc"


def deepmimic_file(folder: Path) -> Path:
    """The humanoid faces +x; its right shoulder, the fifth joint that moves, turns by 180 degrees about x."""
    still = [1.0, 0, 0, 0]
    frame = [1 / 30, 0, 0.85, 0, *still, *still, *still, *still, 0, *still, 0, 1, 0, 0, 0, *still, 0, *still, *still, 0]
    path = folder / "raise.txt"
    path.write_text(json.dumps({"Loop": "none", "Frames": [frame] * FRAMES}))
    return path


def g1_file(folder: Path) -> Path:
    """The robot is turned to face -y; its elbows (18 and 22) are stretched, its right shoulder, degree of freedom 19, pitches by -170 degrees."""
    dof = np.zeros((FRAMES, 23), np.float32)
    dof[:, [18, 22]] = np.pi / 2
    dof[:, 19] = -np.radians(170)
    motion = {"root_trans_offset": np.tile(np.float32([0, 0, 0.8]), (FRAMES, 1)), "root_rot": np.tile([0, 0, -(0.5**0.5), 0.5**0.5], (FRAMES, 1)),
              "dof": dof, "fps": 30, "smpl_joints": np.tile((standing(SMPL24) @ np.float32([[1, 0, 0], [0, 0, 1], [0, 1, 0]])), (FRAMES, 1, 1))}
    path = folder / "raise.pkl"
    path.write_bytes(pickle.dumps({"raise": motion}))
    return path


def gltf_file(folder: Path) -> Path:
    """Faces +z; the right arm turns up by 180 degrees about z, between key frames half a second apart."""
    nodes = [
        {"name": "Hips", "translation": [0, 0.95, 0], "children": [1, 2, 4, 6, 7]}, {"name": "Head", "translation": [0, 0.75, 0]},
        {"name": "Arm.L", "translation": [0.2, 0.45, 0], "children": [3]}, {"name": "Hand.L", "translation": [0.05, -0.6, 0]},
        {"name": "Arm.R", "translation": [-0.2, 0.45, 0], "children": [5]}, {"name": "Hand.R", "translation": [-0.05, -0.6, 0]},
        {"name": "Foot.L", "translation": [0.1, -0.95, 0]}, {"name": "Foot.R", "translation": [-0.1, -0.95, 0]},
    ]
    times, turns = np.float32([0, 0.5]), np.float32([[0, 0, 1, 0], [0, 0, 0.9962, -0.0872]])
    data = times.tobytes() + turns.tobytes()
    content = {
        "asset": {"version": "2.0"}, "nodes": nodes, "skins": [{"joints": list(range(8))}], "buffers": [{"byteLength": len(data)}],
        "bufferViews": [{"buffer": 0, "byteOffset": 0, "byteLength": 8}, {"buffer": 0, "byteOffset": 8, "byteLength": 32}],
        "accessors": [{"bufferView": 0, "componentType": 5126, "count": 2, "type": "SCALAR"},
                      {"bufferView": 1, "componentType": 5126, "count": 2, "type": "VEC4"}],
        "animations": [{"name": "Raise", "samplers": [{"input": 0, "output": 1}],
                        "channels": [{"sampler": 0, "target": {"node": 4, "path": "rotation"}}]}],
    }
    text = json.dumps(content).encode()
    text += b" " * (-len(text) % 4)
    body = struct.pack("<I4s", len(text), b"JSON") + text + struct.pack("<I4s", len(data), b"BIN\0") + data
    path = folder / "raise.glb"
    path.write_bytes(struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body)
    return path


def dog_file(folder: Path) -> Path:
    return _text(folder / "raise_joint_pos.txt", (moving(DOG27) * (1, 1, -1)).reshape(FRAMES, 81), ",")


def c3d_file(folder: Path) -> Path:
    """Plug-in-Gait markers in millimetres, z up, facing +x."""
    import c3d

    writer = c3d.Writer(point_rate=100)
    writer.set_point_labels(list(VICON39.joint_names))
    turned = np.stack([-moving(VICON39)[..., 2], moving(VICON39)[..., 0], moving(VICON39)[..., 1]], -1)
    none = np.zeros((0, 0), np.float32)
    writer.add_frames([(np.concatenate([1000 * pose, np.zeros((39, 2))], 1).astype(np.float32), none) for pose in turned])
    held = io.BytesIO()
    writer.write(held)
    (folder / "raise.c3d").write_bytes(held.getvalue())
    return folder / "raise.c3d"


def packed_file(folder: Path) -> Path:
    at = np.round(moving(NTU25) * (1, 1, -1) / 2e-4).astype(np.int16)
    np.savez(folder / "raise.npz", xyz=at, lengths=np.array([2, FRAMES - 2]), keys=np.array(["one", "two"]))
    parents = [-1] * 25
    for a, b in NTU25.bones:
        parents[b] = a
    (folder / "raise.json").write_text(json.dumps({"fps": 30, "joint_names": list(NTU25.joint_names), "parents": parents}))
    return folder / "raise.npz"


def array_file(folder: Path) -> Path:
    np.save(folder / "raise.npy", moving(NTU25))
    return folder / "raise.npy"


MAKERS: dict[str, Callable[[Path], Path]] = {
    "NTU RGB+D": ntu_file, "Kinect v2 CSV": kinect_csv_file, "PKU-MMD": pku_mmd_file, "NW-UCLA": nw_ucla_file, "UTD-MHAD": utd_mhad_file,
    "MSR Action3D": msr_action3d_file, "KARD": kard_file, "KARD screen": kard_screen_file, "HumanML3D joints": humanml3d_file,
    "HumanML3D features": features_file, "SMPL-24 joints": smpl_file, "MediaPipe Pose": mediapipe_file, "COCO-17 keypoints": coco_file,
    "OpenPose BODY_25": openpose_folder, "PYSKL": pyskl_file, "Penn Action": penn_action_file, "SBU Kinect": sbu_file, "BVH": bvh_file,
    "Acclaim ASF/AMC": amc_file, "C3D": c3d_file, "DeepMimic": deepmimic_file, "Unitree G1": g1_file, "glTF": gltf_file,
    "AI4Animation dog": dog_file, "packed clips": packed_file, "array": array_file,
}
# What `load` needs to be told beside the path.
OPTIONS: dict[str, dict] = {
    "OpenPose BODY_25": {"size": (640, 480)}, "PYSKL": {"clip": "flat"}, "packed clips": {"clip": "two"},
    "array": {"format": "array", "topology": NTU25, "fps": 30},
}
