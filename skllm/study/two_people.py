"""Two people in one picture: composited together, so that the nearer hides the farther, or each alone and laid over each other."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from skllm.benchmarks import LabelledClip
from skllm.model import SkeletonLLM
from skllm.render import Renderer
from skllm.render.gaussians import bind
from skllm.render.splatting import splat
from skllm.respond.scores import Score
from skllm.skeleton import Skeleton
from skllm.study.budget import looking
from skllm.study.evaluation import evaluate


def scene(one: Skeleton, other: Skeleton, aside: float = 0.5, behind: float = 0.5) -> Skeleton:
    """Two recordings of one person each as one clip, as long as the shorter; the other stands so many metres to the right and behind.

    Nobody recorded them together: it is made to see what compositing does. Raises ValueError for clips of other topologies, rates or more people.
    """
    if one.topology != other.topology or one.fps != other.fps or (one.people, other.people) != (1, 1):
        raise ValueError(f"a scene needs two clips of one person each, of one format and rate; got {one!r} and {other!r}")
    frames = min(one.frames, other.frames)
    first, second = (clip.cut(0, frames) for clip in (one, other))
    middles = [clip.xyz.nanmean((0, 1, 2)) * torch.tensor([1.0, 0, 1]) for clip in (first, second)]
    moved = second.xyz - middles[1] + middles[0] + torch.tensor([aside, 0, behind])
    return replace(first, xyz=torch.cat([first.xyz, moved], 1), seen=torch.cat([first.seen, second.seen], 1), velocity=None, orientations=None,
                   name=f"{one.name} and {other.name}")


class Apart(nn.Module):
    """A renderer that composites every person alone and lays the pictures over each other: of two pixels the brighter is seen, channel by channel."""

    def __init__(self, renderer: Renderer):
        super().__init__()
        self.painter, self.config = renderer, renderer.config

    def sample(self, clip: Skeleton, frames: int, generator: torch.Generator | None = None) -> Skeleton:
        """As the renderer draws frames."""
        return self.painter.sample(clip, frames, generator)

    def forward(self, clips: list[Skeleton]) -> Float[Tensor, "B T 3 H W"]:
        """Pictures in which nobody hides anybody, everyone in the place that the renderer gives them together."""
        return torch.cat([torch.stack([self._alone(clip, person) for person in range(clip.people)]).amax(0) for clip in clips])

    def _alone(self, clip: Skeleton, person: int) -> Float[Tensor, "1 T 3 H W"]:
        held = slice(person, person + 1)
        solo = replace(clip, xyz=clip.xyz[:, held], seen=clip.seen[:, held], velocity=None if clip.velocity is None else clip.velocity[:, held],
                       orientations=None)
        painter = self.painter
        gaussians = painter.dressed(bind([solo], painter.place([clip]), painter.config.per_bone, painter.blend))
        return splat(gaussians, clip.frames, painter.camera, painter.config.law, painter.config.backend)[None]


def pairs(clips: Sequence[LabelledClip], **where: float) -> list[LabelledClip]:
    """Scenes in which two different people do the same; each clip is in one scene at most. Raises ValueError where there is no such pair."""
    by_label: dict[str, list[LabelledClip]] = {}
    for one in clips:
        by_label.setdefault(one.label, []).append(one)
    found = [replace(one, key=f"{one.key}+{other.key}", source=scene(one.clip, other.clip, **where))
             for some in by_label.values() for one, other in _couples(some)]
    if not found:
        raise ValueError(f"no two of these {len(clips)} clips show different people doing the same; give more")
    return found


def _couples(clips: Sequence[LabelledClip]) -> Iterator[tuple[LabelledClip, LabelledClip]]:
    """Each clip with the first one after it of another person that has no partner yet."""
    left = list(clips)
    while left:
        one = left.pop(0)
        at = next((n for n, other in enumerate(left) if other.subject != one.subject), None)
        if at is not None:
            yield one, left.pop(at)


def examine_two(model: SkeletonLLM, scenes: Sequence[LabelledClip], labels: Sequence[str]) -> dict[str, Score]:
    """How often the likeliest label is right where two people are composited together, and where each is alone."""
    together = evaluate(model, scenes, labels, "together").ranked
    with looking(model, renderer=Apart(model.renderer)):
        return {"composited together": together, "composited apart": evaluate(model, scenes, labels, "apart").ranked}
