"""Every sentence that the language model is asked, in one place."""

from collections.abc import Sequence

import torch

SYSTEM = "You read human motion from pictures of moving bodies."
DESCRIBE = "Describe in one sentence what the person does."


def choose(labels: Sequence) -> str:
    """The multiple-choice question over candidate labels, in the given order; the answer is one label and nothing else.

    Raises ValueError for fewer than two labels, repeated labels, and labels that are empty or span lines.
    """
    if isinstance(labels, str) or not all(isinstance(label, str) for label in labels):
        raise ValueError(f"labels are a list of words for actions, such as ['walk', 'sit down']; got {labels!r}")
    if len(labels) < 2:
        raise ValueError(f"a choice needs at least two labels; got {list(labels)}")
    plain = [" ".join(label.lower().split()) for label in labels]
    twice = sorted({label for label in plain if plain.count(label) > 1})
    if twice:
        raise ValueError(f"labels must differ after lower-casing and trimming; repeated: {twice}")
    if not all(plain) or any("\n" in label for label in labels):
        raise ValueError(f"labels are non-empty and on one line; got {list(labels)}")
    return "Which of these does the person do?\n" + "\n".join(labels) + "\nAnswer with one of them."


def shuffled(labels: Sequence[str], generator: torch.Generator) -> list[str]:
    """The labels in a random order, so that training cannot learn positions."""
    return [labels[n] for n in torch.randperm(len(labels), generator=generator).tolist()]
