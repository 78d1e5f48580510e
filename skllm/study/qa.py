"""Motion questions and answers, made from measured motion: temporal, spatial and causal ones, balanced over their answers."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from tqdm import tqdm

from skllm.benchmarks import LabelledClip
from skllm.model import SkeletonLLM
from skllm.motion import causes
from skllm.motion.quiz import Question, quiz
from skllm.reason.questions import short
from skllm.respond.scores import Score, accuracy

# What a question is about decides its kind: when something happens, and how often; where and with what; what brings it about.
KINDS: dict[str, tuple[str, ...]] = {
    "temporal": ("first", "repetition", "meeting", "start", "end", "hips", "return", "speed"),
    "spatial": ("hand", "higher", "direction", "foot", "place", "turn", "part"),
    "causal": ("sinking", "rising", "carrying"),
}

_RARE = 5                # clips


@dataclass(frozen=True)
class Drawn:
    """A question about one clip."""

    clip: LabelledClip
    question: Question


def draw(clips: Sequence[LabelledClip], kind: str, count: int, seed: int = 0) -> list[Drawn]:
    """About so many questions of a kind, at least one an answer: of every answer of a topic as many as of any other. A seed draws the same again.

    Answers that fewer than `_RARE` clips give are left out, and topics of which one answer is left. Raises ValueError where nothing is left.
    """
    if count < 1:
        raise ValueError(f"at least one question is drawn; got count = {count}")
    if kind not in KINDS:
        raise ValueError(f"no kind {kind!r} of questions; known: {', '.join(KINDS)}")
    found: dict[str, dict[str, list[Drawn]]] = {topic: {} for topic in KINDS[kind]}
    for one in tqdm(clips, desc="measuring", unit="clip", mininterval=2):
        for question in (*quiz(one.clip), *causes.questions(one.clip)):
            if question.topic in found:
                found[question.topic].setdefault(question.answer, []).append(Drawn(one, question))
    usable = {topic: {answer: some for answer, some in answers.items() if len(some) >= _RARE} for topic, answers in found.items()}
    usable = {topic: answers for topic, answers in usable.items() if len(answers) > 1}
    if not usable:
        raise ValueError(f"no {kind} question has two answers of {_RARE} clips or more among {len(clips)}; take more clips, of several actions")
    dice, share = random.Random(seed), count // len(usable)
    return [one for answers in usable.values() for _, some in sorted(answers.items())
            for one in dice.sample(some, min(max(1, share // len(answers)), *map(len, answers.values())))]


@torch.no_grad()
def examine(model: SkeletonLLM, asked: Sequence[Drawn], title: str = "questions") -> dict[str, Score]:
    """How often the likeliest of a question's answers is right: of each topic, and of all as "all"."""
    right: dict[str, list[bool]] = {}
    for one in tqdm(asked, desc=title, unit="question", mininterval=2):
        said = model.likeliest(one.clip.clip, short(one.question.text, one.question.choices), one.question.choices)
        right.setdefault(one.question.topic, []).append(said == one.question.answer)
    return {"all": accuracy([hit for hits in right.values() for hit in hits]), **{topic: accuracy(hits) for topic, hits in right.items()}}


def chance(asked: Sequence[Drawn]) -> float:
    """The share that is right for whoever guesses, or knows how often a topic has each answer: these are drawn alike often, others never."""
    answers = {topic: len({one.question.answer for one in asked if one.question.topic == topic}) for topic in {one.question.topic for one in asked}}
    return sum(1 / answers[one.question.topic] for one in asked) / max(len(asked), 1)
