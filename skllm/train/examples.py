"""Labelled clips become training examples: sampled frames, a question, the answer."""

from collections.abc import Callable, Sequence

import torch
from torch.utils.data import Dataset

from skllm.benchmarks.records import LabelledClip
from skllm.reason.questions import choose, shuffled
from skllm.skeleton import Skeleton

Sample = Callable[[Skeleton, int, torch.Generator], Skeleton]
Task = Callable[[LabelledClip, Sequence[str], torch.Generator], tuple[str, str]]


def _choose(one: LabelledClip, labels: Sequence[str], dice: torch.Generator) -> tuple[str, str]:
    return choose(shuffled(labels, dice)), one.label


TASKS: dict[str, Task] = {"choose": _choose}


class Examples(Dataset):
    """Questions about clips; what is drawn (frames, order of labels) depends on seed, epoch and clip alone.

    `epoch` is set by the trainer, so that a resumed run draws what an uninterrupted one would have; sample: how a clip's
    frames are drawn, a renderer's own way or `Skeleton.sample`.
    Raises ValueError where a clip's label is not among the labels: it would leak what must stay unseen.
    """

    def __init__(self, clips: Sequence[LabelledClip], labels: Sequence[str], task: str, frames: int, seed: int, sample: Sample = Skeleton.sample):
        strangers = sorted({one.label for one in clips} - set(labels))
        if strangers or not clips:
            raise ValueError(f"training needs clips, all of the given labels; got {len(clips)} clips, labels outside: {strangers}")
        if task not in TASKS:
            raise ValueError(f"no task {task!r}; known: {', '.join(TASKS)}")
        choose(labels)      # refuses labels that are no choice before the first step
        self.clips, self.labels, self.task, self.frames, self.seed, self.epoch, self.sample = clips, labels, TASKS[task], frames, seed, 0, sample

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, n: int) -> dict:
        dice = torch.Generator().manual_seed(hash((self.seed, self.epoch, n)) % 2**63)
        question, answer = self.task(self.clips[n], self.labels, dice)
        return {"clips": self.sample(self.clips[n].clip, self.frames, dice), "questions": question, "answers": answer}


def collate(examples: list[dict]) -> dict[str, list]:
    """Lists side by side, as `SkeletonLLM.forward` takes them."""
    return {name: [example[name] for example in examples] for name in examples[0]}
