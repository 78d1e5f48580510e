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


def find_protocol(name: str) -> tuple[Benchmark, Protocol]:
    """A protocol by its whole name, such as "ntu120_xsub_110_10", and its benchmark; NTU RGB+D 60's where none is named, as in "xsub_55_5"."""
    benchmark = next((one for one in BENCHMARKS.values() if name.startswith(f"{one.name}_")), NTU60 if name.startswith(("xsub", "xview")) else None)
    if benchmark is None:
        raise ValueError(f"{name!r} begins with no benchmark's name; known: {', '.join(BENCHMARKS)}")
    return benchmark, benchmark.protocol(name)


__all__ = [
    "BENCHMARKS", "HDM05", "HUMANML3D", "KARD", "MSR_ACTION3D", "NTU60", "NTU120", "NW_UCLA", "PENN_ACTION", "PKU_MMD", "UI_PRMD", "UTD_MHAD",
    "Benchmark", "Excerpt", "LabelledClip", "Prepared", "Protocol", "find_protocol", "prepare", "read_store", "read_ui_prmd", "split",
]
