"""Formats: a file becomes a Skeleton, in metres and our axes."""

from skllm.formats.registry import FORMATS, Format, load
from skllm.formats.topologies import COCO17, HUMANML3D22, NTU25, NW_UCLA20

__all__ = ["COCO17", "FORMATS", "HUMANML3D22", "NTU25", "NW_UCLA20", "Format", "load"]
