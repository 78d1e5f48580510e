"""The joints and bones of the formats whose layout is fixed. Joints count from 0."""

from skllm.skeleton import Topology


def _pairs(text: str) -> list[tuple[int, int]]:
    return [(int(a), int(b)) for a, b in (bone.split("-") for bone in text.split())]


def _named(name: str, joints: str, bones: str) -> Topology:
    """A topology whose bones are pairs of joint names."""
    names = joints.split()
    return Topology.from_bones(name, names, [tuple(map(names.index, bone.split("-"))) for bone in bones.split()])


_ARMS_LEGS = (
    "ShoulderLeft ElbowLeft WristLeft HandLeft ShoulderRight ElbowRight WristRight HandRight "
    "HipLeft KneeLeft AnkleLeft FootLeft HipRight KneeRight AnkleRight FootRight"
)
_LIMBS = (
    "ShoulderLeft-ElbowLeft ElbowLeft-WristLeft WristLeft-HandLeft ShoulderRight-ElbowRight ElbowRight-WristRight WristRight-HandRight "
    "HipLeft-KneeLeft KneeLeft-AnkleLeft AnkleLeft-FootLeft HipRight-KneeRight KneeRight-AnkleRight AnkleRight-FootRight"
)
_SHOULDERS = "ShoulderCenter-Head ShoulderCenter-ShoulderLeft ShoulderCenter-ShoulderRight"

NTU25 = Topology.from_bones(
    "ntu25", f"SpineBase SpineMid Neck Head {_ARMS_LEGS} SpineShoulder HandTipLeft ThumbLeft HandTipRight ThumbRight".split(),
    _pairs("0-1 1-20 20-2 2-3 20-4 4-5 5-6 6-7 20-8 8-9 9-10 10-11 0-12 12-13 13-14 14-15 0-16 16-17 17-18 18-19 7-21 7-22 11-23 11-24"),
)

NW_UCLA20 = _named(
    "nw_ucla20", f"HipCenter Spine ShoulderCenter Head {_ARMS_LEGS}",
    f"HipCenter-Spine Spine-ShoulderCenter {_SHOULDERS} HipCenter-HipLeft HipCenter-HipRight {_LIMBS}",
)

UTD_MHAD20 = _named(
    "utd_mhad20", f"Head ShoulderCenter Spine HipCenter {_ARMS_LEGS}",
    f"HipCenter-Spine Spine-ShoulderCenter {_SHOULDERS} HipCenter-HipLeft HipCenter-HipRight {_LIMBS}",
)

MSR_ACTION3D20 = _named(
    "msr_action3d20",
    "ShoulderLeft ShoulderRight ShoulderCenter Spine HipLeft HipRight HipCenter ElbowLeft ElbowRight WristLeft WristRight HandLeft HandRight "
    "KneeLeft KneeRight AnkleLeft AnkleRight FootLeft FootRight Head",
    f"HipCenter-Spine Spine-ShoulderCenter {_SHOULDERS} HipCenter-HipLeft HipCenter-HipRight {_LIMBS}",
)

KARD15 = _named(
    "kard15",
    "Head Neck RightShoulder RightElbow RightHand LeftShoulder LeftElbow LeftHand Torso RightHip RightKnee RightFoot LeftHip LeftKnee LeftFoot",
    "Head-Neck Neck-RightShoulder RightShoulder-RightElbow RightElbow-RightHand Neck-LeftShoulder LeftShoulder-LeftElbow LeftElbow-LeftHand "
    "Neck-Torso Torso-RightHip RightHip-RightKnee RightKnee-RightFoot Torso-LeftHip LeftHip-LeftKnee LeftKnee-LeftFoot",
)

SBU15 = _named(
    "sbu15",
    "Head Neck Torso LeftShoulder LeftElbow LeftHand RightShoulder RightElbow RightHand LeftHip LeftKnee LeftFoot RightHip RightKnee RightFoot",
    "Head-Neck Neck-LeftShoulder LeftShoulder-LeftElbow LeftElbow-LeftHand Neck-RightShoulder RightShoulder-RightElbow RightElbow-RightHand "
    "Neck-Torso Torso-LeftHip LeftHip-LeftKnee LeftKnee-LeftFoot Torso-RightHip RightHip-RightKnee RightKnee-RightFoot",
)

_SMPL = (
    "pelvis left_hip right_hip spine1 left_knee right_knee spine2 left_ankle right_ankle spine3 left_foot right_foot neck left_collar "
    "right_collar head left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist"
).split()
_SMPL_PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)

HUMANML3D22 = Topology.from_parents("humanml3d22", _SMPL, _SMPL_PARENTS)
SMPL24 = Topology.from_parents("smpl24", [*_SMPL, "left_hand", "right_hand"], (*_SMPL_PARENTS, 20, 21))

COCO17 = Topology.from_bones(
    "coco17",
    ("nose left_eye right_eye left_ear right_ear left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist left_hip "
     "right_hip left_knee right_knee left_ankle right_ankle").split(),
    _pairs("0-1 0-2 1-3 2-4 5-6 5-7 7-9 6-8 8-10 5-11 6-12 11-12 11-13 13-15 12-14 14-16 0-5 0-6"),
)

PENN13 = _named(
    "penn13",
    "head right_shoulder left_shoulder right_elbow left_elbow right_wrist left_wrist right_hip left_hip right_knee left_knee right_ankle left_ankle",
    "head-left_shoulder head-right_shoulder left_shoulder-right_shoulder left_shoulder-left_elbow left_elbow-left_wrist "
    "right_shoulder-right_elbow right_elbow-right_wrist left_shoulder-left_hip right_shoulder-right_hip left_hip-right_hip "
    "left_hip-left_knee left_knee-left_ankle right_hip-right_knee right_knee-right_ankle",
)

BODY25 = _named(
    "body25",
    "Nose Neck RShoulder RElbow RWrist LShoulder LElbow LWrist MidHip RHip RKnee RAnkle LHip LKnee LAnkle REye LEye REar LEar "
    "LBigToe LSmallToe LHeel RBigToe RSmallToe RHeel",
    "Neck-MidHip Neck-RShoulder Neck-LShoulder RShoulder-RElbow RElbow-RWrist LShoulder-LElbow LElbow-LWrist MidHip-RHip RHip-RKnee "
    "RKnee-RAnkle MidHip-LHip LHip-LKnee LKnee-LAnkle Neck-Nose Nose-REye REye-REar Nose-LEye LEye-LEar LAnkle-LBigToe "
    "LBigToe-LSmallToe LAnkle-LHeel RAnkle-RBigToe RBigToe-RSmallToe RAnkle-RHeel",
)

MEDIAPIPE33 = _named(
    "mediapipe33",
    "nose left_eye_inner left_eye left_eye_outer right_eye_inner right_eye right_eye_outer left_ear right_ear mouth_left mouth_right "
    "left_shoulder right_shoulder left_elbow right_elbow left_wrist right_wrist left_pinky right_pinky left_index right_index left_thumb "
    "right_thumb left_hip right_hip left_knee right_knee left_ankle right_ankle left_heel right_heel left_foot_index right_foot_index",
    "nose-left_eye_inner left_eye_inner-left_eye left_eye-left_eye_outer left_eye_outer-left_ear nose-left_shoulder nose-right_shoulder "
    "nose-right_eye_inner right_eye_inner-right_eye right_eye-right_eye_outer right_eye_outer-right_ear mouth_left-mouth_right "
    "left_shoulder-right_shoulder left_shoulder-left_elbow left_elbow-left_wrist left_wrist-left_thumb left_wrist-left_pinky "
    "left_wrist-left_index right_shoulder-right_elbow right_elbow-right_wrist right_wrist-right_thumb right_wrist-right_pinky "
    "right_wrist-right_index left_shoulder-left_hip right_shoulder-right_hip left_hip-right_hip left_hip-left_knee left_knee-left_ankle "
    "left_ankle-left_heel left_heel-left_foot_index right_hip-right_knee right_knee-right_ankle right_ankle-right_heel "
    "right_heel-right_foot_index",
)

_DOG_PARENTS = (-1, 0, 0, 6, 3, 4, 2, 6, 7, 8, 9, 3, 11, 12, 13, 14, 24, 16, 17, 18, 24, 20, 21, 22, 0, 24, 25)
DOG27 = Topology.from_parents(
    "dog27",
    ("Hips Spine Spine1 Neck Head HeadSite LeftShoulder LeftArm LeftForeArm LeftHand LeftHandSite RightShoulder RightArm RightForeArm RightHand "
     "RightHandSite LeftUpLeg LeftLeg LeftFoot LeftFootSite RightUpLeg RightLeg RightFoot RightFootSite Tail Tail1 Tail1Site").split(),
    _DOG_PARENTS,
)

_PLUG_IN_ARM = "CLAV-SHO C7-SHO SHO-UPA UPA-ELB ELB-FRM FRM-WRA FRM-WRB WRA-WRB WRA-FIN WRB-FIN"
_PLUG_IN_LEG = "ASI-THI PSI-THI THI-KNE KNE-TIB TIB-ANK ANK-HEE HEE-TOE ANK-TOE T10-PSI STRN-ASI"
_PLUG_IN_TRUNK = (
    "LFHD-RFHD RFHD-RBHD RBHD-LBHD LBHD-LFHD C7-LBHD C7-RBHD C7-T10 CLAV-STRN C7-CLAV T10-STRN C7-RBAK LASI-RASI RASI-RPSI RPSI-LPSI LPSI-LASI"
)
_PART_OF_MARKER = {
    "FHD": "head", "BHD": "head", "C7": "neck", "T10": "chest", "CLAV": "chest", "STRN": "chest", "BAK": "chest", "SHO": "shoulder",
    "UPA": "shoulder", "ELB": "elbow", "FRM": "elbow", "WRA": "wrist", "WRB": "wrist", "FIN": "hand", "ASI": "waist", "PSI": "waist",
    "THI": "hip", "KNE": "knee", "TIB": "knee", "ANK": "ankle", "HEE": "ankle", "TOE": "foot",
}
_MIDDLE = ("C7", "T10", "CLAV", "STRN")


def marker_topology(name: str, markers: list[str]) -> Topology:
    """A topology of body-surface markers: Vicon's Plug-in-Gait names get their parts, sides and bones, others theirs by name."""
    places = {marker: n for n, marker in enumerate(markers)}
    pairs = _PLUG_IN_TRUNK.split() + [
        "-".join(end if end in _MIDDLE else side + end for end in bone.split("-"))
        for side in "LR" for bone in f"{_PLUG_IN_ARM} {_PLUG_IN_LEG}".split()
    ]
    ends = [bone.split("-") for bone in pairs]
    bones = [(places[a], places[b]) for a, b in ends if a in places and b in places]
    plain = Topology.from_bones(name, markers, bones)
    bare = [marker if marker in _MIDDLE else marker[1:] for marker in markers]
    known = [marker in _MIDDLE or (marker[:1] in "LR" and marker[1:] in _PART_OF_MARKER) for marker in markers]
    parts = [_PART_OF_MARKER[one] if here else part for one, here, part in zip(bare, known, plain.parts, strict=True)]
    sides = ["middle" if marker in _MIDDLE else {"L": "left", "R": "right"}[marker[0]] if here else side
             for marker, here, side in zip(markers, known, plain.sides, strict=True)]
    return Topology.from_bones(name, markers, bones, parts, sides)


VICON39 = marker_topology("vicon_plug_in_gait39", (
    "LFHD RFHD LBHD RBHD C7 T10 CLAV STRN RBAK LSHO LUPA LELB LFRM LWRA LWRB LFIN RSHO RUPA RELB RFRM RWRA RWRB RFIN LASI RASI LPSI RPSI "
    "LTHI LKNE LTIB LANK LHEE LTOE RTHI RKNE RTIB RANK RHEE RTOE").split())
