"""The joints and bones of the formats whose layout is fixed. Joints count from 0."""

from skllm.skeleton import Topology


def _pairs(text: str) -> list[tuple[int, int]]:
    return [(int(a), int(b)) for a, b in (bone.split("-") for bone in text.split())]


_KINECT_BODY = (
    "ShoulderLeft ElbowLeft WristLeft HandLeft ShoulderRight ElbowRight WristRight HandRight "
    "HipLeft KneeLeft AnkleLeft FootLeft HipRight KneeRight AnkleRight FootRight"
)

NTU25 = Topology.from_bones(
    "ntu25", f"SpineBase SpineMid Neck Head {_KINECT_BODY} SpineShoulder HandTipLeft ThumbLeft HandTipRight ThumbRight".split(),
    _pairs("0-1 1-20 20-2 2-3 20-4 4-5 5-6 6-7 20-8 8-9 9-10 10-11 0-12 12-13 13-14 14-15 0-16 16-17 17-18 18-19 7-21 7-22 11-23 11-24"),
)

NW_UCLA20 = Topology.from_bones(
    "nw_ucla20", f"HipCenter Spine ShoulderCenter Head {_KINECT_BODY}".split(),
    _pairs("0-1 1-2 2-3 2-4 4-5 5-6 6-7 2-8 8-9 9-10 10-11 0-12 12-13 13-14 14-15 0-16 16-17 17-18 18-19"),
)

HUMANML3D22 = Topology.from_parents(
    "humanml3d22",
    ("pelvis left_hip right_hip spine1 left_knee right_knee spine2 left_ankle right_ankle spine3 left_foot right_foot neck left_collar "
     "right_collar head left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist").split(),
    (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19),
)

COCO17 = Topology.from_bones(
    "coco17",
    ("nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist left_hip "
     "right_hip left_knee right_knee left_ankle right_ankle").split(),
    _pairs("0-1 0-2 1-3 2-4 5-6 5-7 7-9 6-8 8-10 5-11 6-12 11-12 11-13 13-15 12-14 14-16 0-5 0-6"),
)
