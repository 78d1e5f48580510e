"""Motion questions and answers, made from measured motion: temporal, spatial and causal ones, balanced over their answers."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from tqdm import tqdm

from skllm.benchmarks import LabelledClip
from skllm.model import SkeletonLLM
from skllm.motion.causes import causes
from skllm.motion.quiz import Question, quiz
from skllm.reason.questions import short
from skllm.respond.scores import Score, accuracy

# What a question is about decides its kind: when something happens, and how often; where and with what; what brings it about.
KINDS: dict[str, tuple[str, ...]] = {
    "temporal": ("first", "repetition", "meeting", "start", "end", "hips", "return", "speed"),
    "spatial": ("hand", "higher", "direction", "foot", "place", "turn", "part"),
    "causal": ("sinking", "rising", "carrying"),
}


@dataclass(frozen=True)
class Drawn:
    """A question about one clip."""

    clip: LabelledClip
    question: Question


def drawn(clips: Sequence[LabelledClip], kind: str, count: int, seed: int = 0) -> list[Drawn]:
    """About so many questions of a kind, of every answer of a topic as many as of another while there are some; the same for the same seed.

    Raises ValueError where the clips give none.
    """
    by_answer: dict[tuple[str, str], list[Drawn]] = {}
    for one in tqdm(clips, desc="measuring", unit="clip", mininterval=2):
        for question in (*quiz(one.clip), *causes(one.clip)):
            if question.topic in KINDS[kind]:
                by_answer.setdefault((question.topic, question.answer), []).append(Drawn(one, question))
    if not by_answer:
        raise ValueError(f"none of {len(clips)} clips answers a {kind} question clearly; take longer clips, of joints with names")
    dice, each = random.Random(seed), -(-count // len(by_answer))
    return [one for _, some in sorted(by_answer.items()) for one in dice.sample(some, min(each, len(some)))]


@torch.no_grad()
def examine(model: SkeletonLLM, asked: Sequence[Drawn], title: str = "questions") -> dict[str, Score]:
    """How often the likeliest of a question's answers is right: of each topic, and of all as "all"."""
    right: dict[str, list[bool]] = {}
    for one in tqdm(asked, desc=title, unit="question", mininterval=2):
        said = model.likeliest(one.clip.clip, short(one.question.text, one.question.choices), one.question.choices)
        right.setdefault(one.question.topic, []).append(said == one.question.answer)
    return {"all": accuracy([hit for hits in right.values() for hit in hits]), **{topic: accuracy(hits) for topic, hits in right.items()}}


def chance(asked: Sequence[Drawn]) -> float:
    """The share that guessing gets right: the mean of one over the number of answers."""
    return sum(1 / len(one.question.choices) for one in asked) / len(asked)


def most_frequent(asked: Sequence[Drawn]) -> float:
    """The share that is right for whoever knows each topic's most frequent answer and looks at nothing."""
    counts: Mapping[str, dict[str, int]] = {}
    for one in asked:
        by_answer = counts.setdefault(one.question.topic, {})
        by_answer[one.question.answer] = by_answer.get(one.question.answer, 0) + 1
    return sum(max(by_answer.values()) for by_answer in counts.values()) / len(asked)
