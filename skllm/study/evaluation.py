"""Asks a model about many clips."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from tqdm import tqdm

from skllm.benchmarks.records import LabelledClip
from skllm.model import Recognition, SkeletonLLM
from skllm.respond.answers import correct_lenient, correct_strict
from skllm.respond.scores import Score, accuracy


@dataclass(frozen=True)
class Evaluation:
    """Answers to one choice of labels on many clips.

    ranked: the likeliest label is right; strict: what was said is exactly the label; lenient: it contains the label
    """

    truths: tuple[str, ...]
    answers: tuple[Recognition, ...]
    labels: tuple[str, ...]

    @property
    def ranked(self) -> Score:
        """Accuracy of the likeliest label."""
        return accuracy([answer.label == truth for truth, answer in self.pairs])

    @property
    def strict(self) -> Score:
        """Accuracy of generated answers, whole labels only."""
        return accuracy([correct_strict(answer.said, truth, self.labels) for truth, answer in self.pairs])

    @property
    def lenient(self) -> Score:
        """Accuracy of generated answers by the authors' substring rule."""
        return accuracy([correct_lenient(answer.said, truth, self.labels) for truth, answer in self.pairs])

    @property
    def pairs(self) -> list[tuple[str, Recognition]]:
        """True label and answer, clip by clip."""
        return list(zip(self.truths, self.answers, strict=True))


def evaluate(model: SkeletonLLM, clips: Sequence[LabelledClip], labels: Sequence[str], title: str = "asking") -> Evaluation:
    """Every clip's answer to a choice among `labels`, in their given order."""
    strangers = sorted({one.label for one in clips} - set(labels))
    if strangers:
        raise ValueError(f"clips of {', '.join(strangers)} cannot be answered rightly from {', '.join(labels)}; choose clips of these labels")
    was_training = model.training
    model.eval()
    try:
        answers = [model.recognize(one.clip, labels) for one in tqdm(clips, desc=title, unit="clip", mininterval=2)]
    finally:
        model.train(was_training)
    return Evaluation(tuple(one.label for one in clips), tuple(answers), tuple(labels))


def balanced(clips: Sequence[LabelledClip], each: int, seed: int = 0) -> list[LabelledClip]:
    """At most `each` clips of every label, drawn by seed, in a stable order."""
    dice = torch.Generator().manual_seed(seed)
    by_label: dict[str, list[LabelledClip]] = {}
    for one in clips:
        by_label.setdefault(one.label, []).append(one)
    return [group[n] for group in by_label.values() for n in sorted(torch.randperm(len(group), generator=dice)[:each].tolist())]
