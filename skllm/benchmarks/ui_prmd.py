"""The bundled benchmark: a part of UI-PRMD (Vakanski et al., Data 2018, public domain) in two formats.

Ten rehabilitation exercises, ten subjects, done correctly and incorrectly, seen by a Kinect (22 joints) and by a Vicon
system (39 markers) at once. See data/README.md for the source and what was kept.
"""

from functools import lru_cache
from importlib.resources import files

import numpy as np

from skllm.benchmarks.packed import PackedClip, read_packed
from skllm.benchmarks.records import Benchmark, LabelledClip, Protocol
from skllm.formats import VICON39
from skllm.skeleton import Skeleton, Topology

_EXERCISES = (
    "deep squat", "hurdle step", "inline lunge", "side lunge", "sit to stand", "standing active straight leg raise",
    "standing shoulder abduction", "standing shoulder extension", "standing shoulder internal-external rotation",
    "standing shoulder scaption",
)
UI_PRMD = Protocol(
    "ui_prmd", _EXERCISES, unseen=("hurdle step", "sit to stand", "standing shoulder scaption"), test_subjects=frozenset({3, 6, 9}),
)

_KINECT_JOINTS = (
    "Waist Spine Chest Neck Head HeadTip LCollar LUpperArm LForearm LHand RCollar RUpperArm RForearm RHand "
    "LUpperLeg LLowerLeg LFoot LToes RUpperLeg RLowerLeg RFoot RToes"
).split()
_KINECT_PARENTS = (-1, 0, 1, 2, 3, 4, 2, 6, 7, 8, 2, 10, 11, 12, 0, 14, 15, 16, 0, 18, 19, 20)
KINECT22 = Topology.from_parents("ui_prmd_kinect22", _KINECT_JOINTS, _KINECT_PARENTS)

# Rows turn the file's axes into ours. Kinect here: y up, z towards the sensor. Vicon: z up, people face +x, +y is their left.
_FORMATS = {
    "kinect22": (KINECT22, 30.0, ((1, 0, 0), (0, 1, 0), (0, 0, -1))),
    "vicon39": (VICON39, 25.0, ((0, 1, 0), (0, 0, 1), (-1, 0, 0))),
}


@lru_cache(maxsize=2)
def read_ui_prmd(sensor: str = "kinect22") -> tuple[LabelledClip, ...]:
    """The bundled clips as one sensor saw them: "kinect22" (1000 clips, 30 fps) or "vicon39" (25 fps).

    Keys such as `cor_m01_s01_e01` (`inc_` = done incorrectly; exercise, subject, repetition) name the same performance
    in both.
    """
    if sensor not in _FORMATS:
        raise ValueError(f"UI-PRMD comes as {' or '.join(_FORMATS)}; got {sensor!r}")
    return tuple(_labelled(one, sensor) for one in read_packed(files("skllm.benchmarks") / "data" / f"ui_prmd_{sensor}.npz"))


def _labelled(one: PackedClip, sensor: str) -> LabelledClip:
    topology, fps, turn = _FORMATS[sensor]
    how, exercise, subject, _ = one.key.split("_")
    clip = Skeleton.from_array(one.xyz @ np.array(turn, np.float32).T, topology, fps, seen=one.seen, name=f"{one.key} ({sensor})")
    return LabelledClip(f"{sensor}/{one.key}", clip, _EXERCISES[int(exercise[1:]) - 1], int(subject[1:]), how == "cor")


BUNDLED = Benchmark(
    "ui_prmd", "UI-PRMD", _EXERCISES, (UI_PRMD,), lambda root: [*read_ui_prmd("kinect22"), *read_ui_prmd("vicon39")], "", "it is in the package",
)
