"""Every sentence that a language model is asked, pupil or teacher, in one place."""

from collections.abc import Sequence

import torch

SYSTEM = "You read human motion from pictures of moving bodies."
NAME = "What does the person do? Answer in a few words."
DESCRIBE = "Describe in one sentence what the person does."
YES, NO = "YES", "NO"
FRAME = "Frame{n}: "                  # before each picture, counted from 1
LABEL_LINE = "Label: {label}"
LONGEST_LABEL, LONGEST_QUESTION = 200, 2000            # characters; far beyond, a small language model reads for minutes and understands nothing
_MODALITY = "The pictures show a tracked body over time: limbs, their depth and how they move, as measured."
_LAST_LINE = "End with a line of its own: " + LABEL_LINE.format(label="<action>")

TEACHER_SYSTEM = "You are an expert of human movement who explains what tracked bodies do."
_TEACHER_TASK = (
    "Write three short parts in plain text. Summary: what happens, in a sentence. Steps: how the motion unfolds from first to last, a "
    "sentence each, naming the body parts, their directions and what brings about the next step. Conclusion: why this is the action and no "
    "other that looks like it. Say only what the pictures show."
)


def choose(labels: Sequence, reasoning: bool = False) -> str:
    """The multiple-choice question over candidate labels, in the given order.

    The answer is one label and nothing else, or with `reasoning` the thoughts that lead to it and a last line that names it.
    Raises ValueError where the labels are no choice.
    """
    must_be_choice(labels)
    asked = "Which of these does the person do?\n" + "\n".join(labels)
    if not reasoning:
        return f"{asked}\nAnswer with one of them."
    return f"{_MODALITY}\n{asked}\nThink first: which parts move, in what order, how far. {_LAST_LINE}"


def judge(label: str) -> str:
    """The question of Disc-FT: is it this action? The answer is `YES` or `NO`."""
    return f"{_MODALITY}\nDoes the person do this: {label}?\nAnswer {YES} or {NO}."


def verify(question: str) -> str:
    """A question that YES or NO answers."""
    return f"{question}\nAnswer {YES} or {NO}."


def short(question: str, answers: Sequence[str]) -> str:
    """A question that one of some short answers answers."""
    return f"{question}\nAnswer with one of these: {', '.join(answers)}."


def explain() -> str:
    """The question of CR-Distill, which names no label: the answer is a rationale."""
    return f"{_MODALITY}\nSay what moves, step by step, and which action it is. {_LAST_LINE}"


def conclude() -> str:
    """The same in short: the answer is a sentence on what moves, and the label."""
    return f"{_MODALITY}\nSay in one sentence what moves, and which action it is. {_LAST_LINE}"


def teach(label: str | None, labels: Sequence[str] = ()) -> str:
    """What a teacher is asked about a clip's pictures: to explain a known label, or where it is None to choose among `labels` as well."""
    told = f"The person does this: {label}." if label else "The person does one of these:\n" + "\n".join(labels)
    line = LABEL_LINE.format(label=label or "<action>")
    return f"{_MODALITY} They are in order of time.\n{told}\n{_TEACHER_TASK}\nThe last line is exactly: {line}"


def shuffled(labels: Sequence[str], generator: torch.Generator) -> list[str]:
    """The labels in a random order, so that training cannot learn positions."""
    return [labels[n] for n in torch.randperm(len(labels), generator=generator).tolist()]


def plain(label: str) -> str:
    """A label as training spells it: in small letters, with single blanks."""
    return " ".join(label.lower().split())


def must_be_question(text: str) -> None:
    """Raises ValueError for what asks nothing and what is longer than `LONGEST_QUESTION`."""
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"the question is empty; got {text!r}; ask something")
    if len(text) > LONGEST_QUESTION:
        raise ValueError(f"a question has at most {LONGEST_QUESTION:,} characters; got {len(text):,}; ask for less at once")


def must_be_choice(labels: Sequence) -> None:
    """Raises ValueError for fewer than two labels, repeated labels, and labels that are empty, span lines or are longer than `LONGEST_LABEL`."""
    if not isinstance(labels, Sequence) or isinstance(labels, str) or not all(isinstance(label, str) for label in labels):
        raise ValueError(f"labels are a list of words for actions, such as ['walk', 'sit down']; got {labels!r}")
    if len(labels) < 2:
        raise ValueError(f"a choice needs at least two labels; got {list(labels)}; add what else the person might do")
    spelt = [plain(label) for label in labels]
    if twice := [label for label, words in zip(labels, spelt, strict=True) if spelt.count(words) > 1]:
        raise ValueError(f"labels must differ in more than capitals and blanks; the same are {twice[:9]}; leave all but one out")
    if odd := [label for label, words in zip(labels, spelt, strict=True) if not words or "\n" in label or len(label) > LONGEST_LABEL]:
        raise ValueError(f"labels are words on one line, at most {LONGEST_LABEL} characters; got {odd[0][:40]!r}; shorten it or leave it out")
