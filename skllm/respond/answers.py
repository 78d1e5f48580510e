"""What counts as an answer."""

from collections.abc import Sequence
from dataclasses import dataclass

_AROUND_LABEL = " \t*_`#>\"'."         # what writers of Markdown put around a label, and a full stop


@dataclass(frozen=True)
class Recognition:
    """An answer to a choice of labels.

    label: the likeliest; probabilities: of each label, summing to one; said: what the model says when asked, in its own
    words; strict: the label that `said` is exactly, or None
    """

    label: str
    probabilities: dict[str, float]
    said: str
    strict: str | None

    def __str__(self) -> str:
        return f"{self.label} ({self.probabilities[self.label]:.0%})"


def parse_label(text: str, labels: Sequence[str]) -> str | None:
    """The one label that the text is, whole, after lower-casing and trimming; None where it is none of them."""
    said = _plain(text)
    return next((label for label in labels if _plain(label) == said), None)


def final_label(text: str) -> str | None:
    """What the last line `Label: ...` names, without Markdown, quotes and full stop around it; None where no line names anything."""
    return next((label for line in reversed(text.splitlines()) if (label := _label_of(line))), None)


def without_label_line(text: str) -> str:
    """The text without any line `Label: ...`."""
    return "\n".join(line for line in text.splitlines() if _label_of(line) is None).strip()


def correct_strict(text: str, truth: str, labels: Sequence[str]) -> bool:
    """Whether the text is exactly the true label."""
    return parse_label(text, labels) == truth


def correct_lenient(text: str, truth: str, labels: Sequence[str]) -> bool:
    """Whether the true label occurs anywhere in the text: the rule of the authors' code, by which an answer that lists
    every label is right."""
    return _plain(truth) in _plain(text)


def recognition(labels: Sequence[str], chances: Sequence[float], said: str, reasoning: bool) -> Recognition:
    """From the labels' probabilities and what was said; reasoning: the label stands on its last line."""
    best = max(range(len(labels)), key=chances.__getitem__)
    strict = parse_label(final_label(said) or "" if reasoning else said, labels)
    return Recognition(labels[best], dict(zip(labels, chances, strict=True)), said, strict)


def _label_of(line: str) -> str | None:
    """What stands behind `Label:`, perhaps nothing; None for a line of another kind."""
    word, colon, label = line.partition(":")
    return label.strip(_AROUND_LABEL) if colon and word.strip(_AROUND_LABEL + "-").lower() == "label" else None


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
