"""What counts as an answer."""

from collections.abc import Sequence

_AROUND_LABEL = " \t*_`#>\"'."         # what writers of Markdown put around a label, and a full stop


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


def _label_of(line: str) -> str | None:
    """What stands behind `Label:`, perhaps nothing; None for a line of another kind."""
    word, colon, label = line.partition(":")
    return label.strip(_AROUND_LABEL) if colon and word.strip(_AROUND_LABEL + "-").lower() == "label" else None


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
