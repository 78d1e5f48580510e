"""Asks a model about many clips."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from accelerate import PartialState
from accelerate.utils import gather_object
from tqdm import tqdm

from skllm.benchmarks.records import LabelledClip
from skllm.benchmarks.similar import similar_actions
from skllm.model import SkeletonLLM
from skllm.reason.questions import NO, YES, judge
from skllm.respond.answers import Recognition, correct_lenient, correct_strict
from skllm.respond.scores import Score, accuracy

_SMALL, _TOGETHER = 10**9, 64         # weights of a language model that is asked about so many clips at once
Item, Answer = TypeVar("Item"), TypeVar("Answer")


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
    """Every clip's answer to a choice among `labels`, in their given order; processes share the clips, and each gets all the answers."""
    _must_have(clips, labels)
    each = together(model, len(clips))
    some = [clips[n : n + each] for n in range(0, len(clips), each)]
    answers = shared(model, some, lambda part: model.recognize_all([one.clip for one in part], labels), title)
    return Evaluation(tuple(one.label for one in clips), tuple(answer for part in answers for answer in part), tuple(labels))


def together(model: SkeletonLLM, clips: int) -> int:
    """How many clips are asked about at once: some on a GPU by a small language model, so that every process has a share, else one.

    What a large one keeps of a clip is large, and is there once for every label.
    """
    small = sum(p.numel() for p in model.mllm.language.parameters()) < _SMALL
    several = small and model.mllm.model.device.type == "cuda" and not model.mllm.foreground_only
    return min(_TOGETHER, -(-clips // PartialState().num_processes)) if several else 1


def judged(model: SkeletonLLM, clips: Sequence[LabelledClip], labels: Sequence[str], title: str = "judging") -> Score:
    """How often the likelier of YES and NO is right, asked of every clip about its own label and about the most similar other one.

    n counts answers, two a clip; the interval takes them as independent.
    """
    _must_have(clips, labels)
    similar = similar_actions(list(labels), top=1)

    def right(one: LabelledClip) -> list[bool]:
        return [model.likeliest(one.clip, judge(label), (YES, NO)) == truth for label, truth in ((one.label, YES), (similar[one.label][0], NO))]

    return accuracy([hit for pair in shared(model, clips, right, title) for hit in pair])


def _must_have(clips: Sequence[LabelledClip], labels: Sequence[str]) -> None:
    strangers = sorted({one.label for one in clips} - set(labels))
    if strangers:
        raise ValueError(f"clips of {', '.join(strangers)} cannot be answered rightly from {', '.join(labels)}; choose clips of these labels")


def shared(model: SkeletonLLM, items: Sequence[Item], answer: Callable[[Item], Answer], title: str) -> list[Answer]:
    """The answer to each item, in their order: every process answers its share, and all get all. The model is set to answering meanwhile."""
    state, was_training = PartialState(), model.training
    mine = list(enumerate(items))[state.process_index :: state.num_processes]
    model.eval()
    try:
        bar = tqdm(mine, desc=title, unit="clip", mininterval=2, disable=not state.is_main_process)
        answers = [(n, answer(one)) for n, one in bar]
    finally:
        model.train(was_training)
    return merged(gather_object(answers), len(items))


def merged(answers: Sequence[tuple[int, Answer]], count: int) -> list[Answer]:
    """Numbered answers of all processes in order. Raises RuntimeError where one is missing or there twice."""
    if sorted(n for n, _ in answers) != list(range(count)):
        raise RuntimeError(f"{count} clips were shared out and {len(answers)} answers came back, not one of each; run it on one process")
    return [answer for _, answer in sorted(answers, key=lambda pair: pair[0])]


def balanced(clips: Sequence[LabelledClip], each: int, seed: int = 0) -> list[LabelledClip]:
    """At most `each` clips of every label, drawn by seed, in a stable order."""
    dice = torch.Generator().manual_seed(seed)
    by_label: dict[str, list[LabelledClip]] = {}
    for one in clips:
        by_label.setdefault(one.label, []).append(one)
    return [group[n] for group in by_label.values() for n in sorted(torch.randperm(len(group), generator=dice)[:each].tolist())]
