"""Benchmarks become clips, labels and splits."""

from skllm.benchmarks.ntu import NTU60_55_5, read_ntu60
from skllm.benchmarks.records import LabelledClip, Protocol, split
from skllm.benchmarks.ui_prmd import UI_PRMD, read_ui_prmd

__all__ = ["NTU60_55_5", "UI_PRMD", "LabelledClip", "Protocol", "read_ntu60", "read_ui_prmd", "split"]
