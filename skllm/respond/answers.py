"""What counts as an answer."""

from collections.abc import Sequence


def parse_label(text: str, labels: Sequence[str]) -> str | None:
    """The one label that the text is, whole, after lower-casing and trimming; None where it is none of them."""
    said = _plain(text)
    return next((label for label in labels if _plain(label) == said), None)


def correct_strict(text: str, truth: str, labels: Sequence[str]) -> bool:
    """Whether the text is exactly the true label."""
    return parse_label(text, labels) == truth


def correct_lenient(text: str, truth: str, labels: Sequence[str]) -> bool:
    """Whether the true label occurs anywhere in the text: the rule of the authors' code, by which an answer that lists
    every label is right."""
    return _plain(truth) in _plain(text)


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
