"""What every benchmark hands out: labelled clips and named splits."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from skllm.formats import load
from skllm.skeleton import Skeleton


@dataclass(frozen=True)
class LabelledClip:
    """A clip, the words for what it shows, and whom it shows.

    key: unique in its benchmark; source: the clip itself, or the file that it is read from when asked for
    correct: False where an exercise was done wrongly on purpose
    """

    key: str
    source: Skeleton | Path
    label: str
    subject: int
    correct: bool = True

    @property
    def clip(self) -> Skeleton:
        """The clip, read now if it lies in a file."""
        return self.source if isinstance(self.source, Skeleton) else load(self.source)


@dataclass(frozen=True)
class Protocol:
    """Who is kept for testing and which labels are never trained on; a name for the records."""

    name: str
    labels: tuple[str, ...]
    unseen: tuple[str, ...]
    test_subjects: frozenset[int]

    @property
    def seen(self) -> tuple[str, ...]:
        """Labels that training may use, in the benchmark's order."""
        return tuple(label for label in self.labels if label not in self.unseen)


def split(clips: Iterable[LabelledClip], protocol: Protocol, part: str) -> list[LabelledClip]:
    """Clips of one part: "train" (seen labels, training subjects), "test" (seen labels, other subjects) or "unseen"
    (labels never trained on, subjects never trained on)."""
    if part not in ("train", "test", "unseen"):
        raise ValueError(f"no part {part!r} of {protocol.name}; known: train, test, unseen")

    def belongs(one: LabelledClip) -> bool:
        return (one.label in protocol.unseen) == (part == "unseen") and (one.subject in protocol.test_subjects) == (part != "train")

    return [one for one in clips if belongs(one)]
