"""The baseline that never sees a picture: a matcher whose eye takes body points of a clip, in place of what a vision tower sees of pictures.

It trains on the clips, words and claims that the matcher of SkeletonLLM trains on; clips are seen as other sensors might, and not mirrored.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from skllm.benchmarks.records import LabelledClip
from skllm.motion.claims import CLAIMS
from skllm.reason.matching import Matcher
from skllm.render.gaussians import body_sizes, middle_of
from skllm.skeleton import Skeleton
from skllm.train.augment import resense
from skllm.train.matching import Steps, holds_of, learn
from skllm.train.points import POINTS, body_points
from skllm.train.sheets import Sheet
from skllm.wording import Read, directions

_FRAMES = 12              # as the renderers sample
_NUMBERS = 7              # x y z, velocity x y z, known
_WIDTH, _LAYERS = 256, 4  # larger than a matcher before pictures


def features(clip: Skeleton) -> Float[Tensor, "T 15 7"]:
    """The first person's body points in each frame of a sampled clip: place, velocity, and 1 where known; all zero where not.

    Places are in body sizes from the person's middle, velocities in body sizes a second. Middle and size are those of the
    15 points, so that formats with more joints give the same.
    """
    points = body_points(clip, clip.xyz)
    middle, size = middle_of(points[:, None])[0], body_sizes(points[:, None])[0]
    values = torch.cat([(points - middle) / size, body_points(clip, clip.velocity) / size], -1)
    known = values.isfinite().all(-1, keepdim=True)
    return torch.cat([torch.where(known, values, 0), known.float()], -1)


class Sensed:
    """Body points of a new random view of a clip whenever it is asked for."""

    def __init__(self, clips: Sequence[LabelledClip], vary: Callable[[Skeleton, torch.Generator], Skeleton] = resense):
        self.clips, self.vary = [one.clip for one in clips], vary

    def __call__(self, clip: int, dice: torch.Generator) -> Float[Tensor, "T 15 7"]:
        """Of this clip, by the dice."""
        return features(self.vary(self.clips[clip], dice).sample(_FRAMES, dice))


def train_baseline(
    clips: Sequence[LabelledClip], sheets: Mapping[str, Sheet], read: Read, steps: int, clips_a_step: int = 64, seed: int = 0,
    device: str | torch.device = "cpu", workers: int = 0, vary: Callable[[Skeleton, torch.Generator], Skeleton] = resense,
) -> Matcher:
    """A matcher of body points that tells the clips' labels apart, each among the labels of its own benchmark, and judges claims.

    sheets: what was measured of each clip, by its key. The clips are read once and kept in memory. Raises ValueError where a benchmark has a
    single label.
    """
    def fresh(words: int) -> Matcher:
        eye = nn.Sequential(nn.Flatten(2), nn.Linear(len(POINTS) * _NUMBERS, _WIDTH))
        return Matcher(eye, words, len(CLAIMS), _FRAMES, _WIDTH, _LAYERS)

    return learn(fresh, Steps(clips, Sensed(clips, vary), holds_of(clips, sheets), steps, clips_a_step, seed), read, device=device, workers=workers)


@torch.no_grad()
def probabilities(matcher: Matcher, read: Read, clips: Sequence[Skeleton], labels: Sequence[str]) -> Float[Tensor, "B M"]:
    """How likely each label is for each clip, among these labels. On the CPU."""
    points = torch.stack([features(clip.sample(_FRAMES)) for clip in clips]).to(matcher.centre)
    return matcher.logits(matcher.embed(points), directions(matcher, read, labels)).softmax(-1).cpu()
