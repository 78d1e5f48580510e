"""Benchmarks become clips, labels and splits."""

from skllm.benchmarks.folders import HDM05, KARD, MSR_ACTION3D, NW_UCLA, PENN_ACTION, UTD_MHAD
from skllm.benchmarks.humanml3d import HUMANML3D
from skllm.benchmarks.ntu import NTU60, NTU120
from skllm.benchmarks.pku_mmd import PKU_MMD
from skllm.benchmarks.preparation import Prepared, prepare
from skllm.benchmarks.records import Benchmark, Excerpt, LabelledClip, Protocol, split
from skllm.benchmarks.store import read_store
from skllm.benchmarks.ui_prmd import BUNDLED, UI_PRMD, read_ui_prmd

BENCHMARKS = {one.name: one for one in (BUNDLED, NTU60, NTU120, PKU_MMD, NW_UCLA, HUMANML3D, UTD_MHAD, MSR_ACTION3D, KARD, HDM05, PENN_ACTION)}

__all__ = [
    "BENCHMARKS", "HDM05", "HUMANML3D", "KARD", "MSR_ACTION3D", "NTU60", "NTU120", "NW_UCLA", "PENN_ACTION", "PKU_MMD", "UI_PRMD", "UTD_MHAD",
    "Benchmark", "Excerpt", "LabelledClip", "Prepared", "Protocol", "prepare", "read_store", "read_ui_prmd", "split",
]
