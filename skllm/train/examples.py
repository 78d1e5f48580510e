"""Labelled clips become training examples: sampled frames, a question, the answer."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch.utils.data import Dataset

from skllm.benchmarks.records import LabelledClip
from skllm.skeleton import Skeleton
from skllm.train.naming import names_any
from skllm.train.tasks import TASKS

Sample = Callable[[Skeleton, int, torch.Generator], Skeleton]


class Examples(Dataset):
    """Questions about clips, of any mixture of formats; what is drawn depends on seed, epoch and number alone.

    labels: the seen ones, all that a question may name; rationales: a teacher's text by clip, for tasks that learn from one
    `epoch` is set by the trainer, so that a resumed run draws what an uninterrupted one would have; sample: how a clip's
    frames are drawn, a renderer's own way or `Skeleton.sample`; views: see `Stage`.
    Raises ValueError where a clip's label is not among the labels, or a rationale names one of `unseen`: it would leak what
    must stay unseen.
    """

    def __init__(
        self, clips: Sequence[LabelledClip], labels: Sequence[str], task: str, frames: int, seed: int, sample: Sample = Skeleton.sample,
        rationales: Mapping[str, str] | None = None, unseen: Sequence[str] = (), views: int | None = None,
    ):
        strangers = sorted({one.label for one in clips} - set(labels))
        if strangers or not clips:
            raise ValueError(f"training needs clips, all of the given labels; got {len(clips)} clips, labels outside: {strangers}")
        if leaked := sorted(set(labels) & set(unseen)):
            raise ValueError(f"labels must stay unseen or be trained on; got {leaked} as both")
        if task not in TASKS:
            raise ValueError(f"no task {task!r}; known: {', '.join(TASKS)}")
        rationales = rationales or {}
        for key, text in rationales.items():
            if named := names_any(text, unseen):
                raise ValueError(f"the rationale of {key} names {named!r}, which must stay unseen; leave it out")
            if not text.strip():
                raise ValueError(f"the rationale of {key} is empty; leave it out")
        self.task = TASKS[task](clips, labels, rationales)
        self.clips, self.frames, self.seed, self.epoch, self.sample, self.views = self.task.clips, frames, seed, 0, sample, views

    def __len__(self) -> int:
        return self.task.each * len(self.clips)

    def __getitem__(self, n: int) -> dict:
        one, which = self.clips[n // self.task.each], n % self.task.each
        question, answer = self.task(one, which, _dice(self.seed, self.epoch, n, 0))
        view = self.epoch if self.views is None else self.epoch % self.views
        drawn = self.sample(one.clip, self.frames, _dice(self.seed, view, n, 1))
        return {"clips": drawn, "questions": question, "answers": answer, "keys": one.key}


def _dice(*numbers: int) -> torch.Generator:
    return torch.Generator().manual_seed(hash(numbers) % 2**63)


def collate(examples: list[dict]) -> dict[str, list]:
    """Lists side by side, as `SkeletonLLM.forward` takes them, and the clips' keys."""
    return {name: [example[name] for example in examples] for name in examples[0]}
