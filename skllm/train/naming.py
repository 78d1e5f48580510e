"""Does a text name a label? What must stay unseen is kept out of training by this."""

from collections.abc import Sequence

from skllm.benchmarks.similar import stems


def names_any(text: str, labels: Sequence[str]) -> str | None:
    """The first of the labels whose words stand in the text side by side, whatever their endings; None where it names none."""
    said = f" {' '.join(stems(text))} "
    return next((label for label in labels if f" {' '.join(stems(label))} " in said), None)
