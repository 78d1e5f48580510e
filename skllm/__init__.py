"""Language models that understand human motion: render, reason, respond (SkeletonLLM, arXiv 2603.18003).

Names load what they need when first used, so that `import skllm` itself is quick.
"""

import importlib

__version__ = "0.1.0"

_HOME = {
    "Skeleton": "skllm.skeleton", "Topology": "skllm.skeleton",
    "load": "skllm.formats", "clips_in": "skllm.formats", "FORMATS": "skllm.formats",
    "sample_files": "skllm.samples",
    "BENCHMARKS": "skllm.benchmarks", "UI_PRMD": "skllm.benchmarks", "split": "skllm.benchmarks", "read_ui_prmd": "skllm.benchmarks",
    "DrAction": "skllm.render", "DrActionConfig": "skllm.render", "VelocityRenderer": "skllm.render",
    "SkeletonLLM": "skllm.model", "Recognition": "skllm.respond.answers",
    "RECIPES": "skllm.train.stages", "stage_trainer": "skllm.train.trainer",
    "evaluate": "skllm.study.evaluation",
}
__all__ = [*sorted(_HOME), "__version__"]


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"skllm has no {name!r}; it has {', '.join(sorted(_HOME))}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
