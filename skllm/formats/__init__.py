"""Formats: a file becomes a Skeleton, in metres and our axes."""

from skllm.formats.check import check_format
from skllm.formats.files import File
from skllm.formats.registry import FORMATS, Format, clips_in, format_of, load, register
from skllm.formats.topologies import (
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

__all__ = [
    "BODY25", "COCO17", "DOG27", "FORMATS", "HUMANML3D22", "KARD15", "MEDIAPIPE33", "MSR_ACTION3D20", "NTU25", "NW_UCLA20", "PENN13",
    "SBU15", "SMPL24", "UTD_MHAD20", "VICON39", "File", "Format", "check_format", "clips_in", "format_of", "load", "register",
]
