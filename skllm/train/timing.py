"""Where the seconds of a training step go."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import torch

from skllm.model import SkeletonLLM

_FORWARD = ("render", "tower", "language model")
PARTS_OF_A_STEP = ("read", *_FORWARD, "rest of forward", "backward", "update and logs")


class Stopwatch:
    """Watches the parts of a model run; one row a step, of the seconds in each of `PARTS_OF_A_STEP`.

    Render, tower and language model are their forward passes; "rest of forward" is questions, projector, kept features and the
    last layer. On CUDA each part waits for the device, which costs a little speed; with on=False nothing is watched.
    """

    def __init__(self, model: SkeletonLLM, on: bool = True):
        self.steps: list[dict[str, float]] = []
        self.on, self._row, self._since = on, {}, {}
        modules = (model.renderer, model.mllm.family.tower, model.mllm.language) if on else ()
        self._hooks = []
        for name, module in zip(_FORWARD, modules, strict=False):
            self._hooks.append(module.register_forward_pre_hook(lambda *_, name=name: self._start(name)))
            self._hooks.append(module.register_forward_hook(lambda *_, name=name: self._stop(name)))

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Times what happens inside; a part may run more than once a step."""
        self._start(name)
        yield
        self._stop(name)

    def step(self) -> None:
        """A step is over and the next begins: its row is kept."""
        self._stop("step")
        row, self._row = self._row, {}
        self._start("step")
        if "whole" in row:
            forward = row["forward"]
            told = {"read": row["read"], **{name: row.get(name, 0.0) for name in _FORWARD},
                    "rest of forward": forward - sum(row.get(name, 0.0) for name in _FORWARD), "backward": row["whole"] - forward}
            self.steps.append({**told, "update and logs": max(0.0, row["step"] - sum(told.values()))})

    def close(self) -> None:
        """Stops watching; what was measured stays."""
        while self._hooks:
            self._hooks.pop().remove()

    def medians(self) -> dict[str, float]:
        """Seconds of each part in the middle of all steps but the first, which compiles and warms up; empty where nothing was watched."""
        rows = self.steps[1:] or self.steps
        return {name: median(row[name] for row in rows) for name in PARTS_OF_A_STEP} if rows else {}

    def _start(self, name: str) -> None:
        if self.on:
            self._since[name] = _now()

    def _stop(self, name: str) -> None:
        if name in self._since:
            self._row[name] = self._row.get(name, 0.0) + _now() - self._since.pop(name)


def _now() -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()
