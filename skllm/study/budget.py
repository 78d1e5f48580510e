"""How little a model may see: fewer pictures, coarser ones, or only the patches where something is painted."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from skllm.benchmarks import LabelledClip
from skllm.model import SkeletonLLM
from skllm.render import Renderer
from skllm.respond.scores import Score
from skllm.skeleton import Skeleton
from skllm.study.cost import milliseconds
from skllm.study.evaluation import evaluate

FRAMES = (4, 6, 8, 10, 12, 16)


@dataclass(frozen=True)
class Seen:
    """What came of one way to look. tokens: of pictures, on average a clip; milliseconds: of one answer, median."""

    score: Score
    tokens: float
    milliseconds: float


class Coarse(nn.Module):
    """A renderer that paints pictures of so many pixels a side, and enlarges them to what the language model takes."""

    def __init__(self, renderer: Renderer, size: int):
        super().__init__()
        self.painter = type(renderer)(replace(renderer.config, size=size)).to(renderer.device)
        self.painter.load_state_dict(renderer.state_dict())
        self.config = renderer.config

    def sample(self, clip: Skeleton, frames: int, generator: torch.Generator | None = None) -> Skeleton:
        """As the renderer draws frames."""
        return self.painter.sample(clip, frames, generator)

    def forward(self, clips: list[Skeleton]) -> Float[Tensor, "B T 3 H W"]:
        """Pictures of the usual size with the detail of small ones."""
        pictures = self.painter(clips)
        large = nn.functional.interpolate(pictures.flatten(0, 1), size=(self.config.size, self.config.size), mode="bilinear", antialias=True)
        return large.unflatten(0, pictures.shape[:2]).clamp(0, 1)


@contextmanager
def looking(
    model: SkeletonLLM, frames: int | None = None, size: int | None = None, foreground: bool = False, renderer: nn.Module | None = None,
    layout: str | None = None,
) -> Iterator[SkeletonLLM]:
    """The model while it sees so many pictures, of so many pixels a side, whole or where something is painted, by another renderer or layout.

    Afterwards it is as before.
    """
    before = model.frames, model.renderer, model.mllm.foreground_only
    painter = model.renderer if renderer is None else renderer
    config = painter.config
    try:
        model.frames, model.mllm.foreground_only = model.frames if frames is None else frames, foreground
        model.renderer = painter
        if layout is not None:
            painter.config = replace(config, layout=layout)
        if size is not None and size != model.renderer.config.size:
            if not 1 <= size < model.renderer.config.size or not isinstance(model.renderer, Renderer):
                raise ValueError(f"size is of pictures smaller than the model's {model.renderer.config.size}, by its own renderer; got {size}")
            model.renderer = Coarse(model.renderer, size)
        yield model
    finally:
        painter.config = config
        model.frames, model.renderer, model.mllm.foreground_only = before


@torch.no_grad()
def examine(model: SkeletonLLM, clips: Sequence[LabelledClip], labels: Sequence[str], ways: Mapping[str, Mapping], times: int = 3) -> dict[str, Seen]:
    """Each way to look by its name: how often the likeliest label is right, and what it costs."""
    told = {}
    for name, way in ways.items():
        with looking(model, **way):
            score = evaluate(model, clips, labels, name).ranked
            tokens = sum(sum(len(picture) for picture in model.see([one.clip])[0]) for one in clips) / len(clips)
            told[name] = Seen(score, tokens, milliseconds(lambda: model.recognize(clips[0].clip, labels), times))
    return told
