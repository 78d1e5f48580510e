"""What a teacher is asked about a clip, and what makes its answer a rationale. Knows no model, no file and no network."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from skllm.reason.questions import LABEL_LINE, TEACHER_SYSTEM, teach
from skllm.respond.answers import final_label, parse_label, without_label_line
from skllm.skeleton import Skeleton


class NoAnswer(RuntimeError):
    """A teacher has nothing to say about one clip, and why; the others are asked all the same."""


@dataclass(frozen=True)
class Asked:
    """One clip as a teacher gets it.

    pictures: in [0, 1], None for a teacher that looks at none; label: what the person does, None where it is withheld
    labels: the candidates to choose from where the label is withheld
    """

    key: str
    clip: Skeleton
    pictures: Float[Tensor, "T 3 H W"] | None = None
    label: str | None = None
    labels: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, str]:
        """The system's sentence and the question, for teachers that read words."""
        return TEACHER_SYSTEM, teach(self.label, self.labels)

    @property
    def fitting(self) -> tuple[str, ...]:
        """The labels on which an answer may end: the one that was told, else every candidate."""
        return self.labels if self.label is None else (self.label,)


@runtime_checkable
class Teacher(Protocol):
    """Anyone who explains clips: a server, a local model, or arithmetic on the joints.

    Subclass it for the defaults.
    name: goes into records and file names; settings: whatever else decides the answers, so that others are asked for anew
    pictured: it looks at pictures; chooses: it can name an action that it was not told
    parallel: it may be asked about several clips at once, from threads
    """

    name: str
    settings: str = ""
    pictured: bool = True
    chooses: bool = True
    parallel: bool = False

    def answer(self, asked: Asked) -> str:
        """The rationale. Raises NoAnswer where there is none for this clip; any other error ends the run."""
        ...


def fault(text: str, labels: tuple[str, ...]) -> str | None:
    """Why the text is no rationale that ends on one of the labels; None where it is one."""
    said = final_label(text)
    if said is None:
        return "no label line" if text.strip() else "an empty answer"
    if parse_label(said, [final_label(LABEL_LINE.format(label=label)) or label for label in labels]) is None:
        return f"the label line says {said[:60]!r}"
    return None if without_label_line(text) else "a label line and nothing else"


def pixels(pictures: Float[Tensor, "T 3 H W"]) -> UInt8[Tensor, "T H W 3"]:
    """The pictures in 8 bits, as image files hold them."""
    return (pictures.detach().cpu().clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()
