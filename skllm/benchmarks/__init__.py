"""Benchmarks become clips, labels and splits."""

from skllm.benchmarks.records import LabelledClip, split
from skllm.benchmarks.ui_prmd import UI_PRMD, ui_prmd

__all__ = ["UI_PRMD", "LabelledClip", "split", "ui_prmd"]
