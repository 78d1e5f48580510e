"""Joints that a sensor loses for a moment."""

from dataclasses import replace

import torch
from torch import Tensor

from skllm.skeleton import Skeleton


def bridged(clip: Skeleton, seconds: float) -> Skeleton:
    """The clip with joints that are out of sight for at most so long put on the straight line between where they were seen before and after.

    Confidence and, where it is known, velocity go over from the one to the other as well. A joint that is lost for longer, or at the beginning or
    the end, stays absent. The clip itself is given back where nothing is to be bridged.
    """
    frames = torch.arange(clip.frames)[:, None, None].expand(clip.seen.shape)
    there = clip.seen > 0
    before = torch.where(there, frames, -1).cummax(0).values
    after = torch.where(there, frames, clip.frames).flip(0).cummin(0).values.flip(0)
    gap = ~there & (before >= 0) & (after < clip.frames) & (after - before <= seconds * clip.fps)
    if not gap.any():
        return clip
    first, last = before.clamp(min=0), after.clamp(max=clip.frames - 1)
    share = (frames - first) / (last - first).clamp(min=1)

    def over(values: Tensor) -> Tensor:
        """Values [T P J ...] with the gaps filled."""
        more = (1,) * (values.ndim - 3)
        a, b = (values.gather(0, at.reshape(*at.shape, *more).expand_as(values)) for at in (first, last))
        return torch.where(gap.reshape(*gap.shape, *more), a + (b - a) * share.reshape(*share.shape, *more), values)

    return replace(clip, xyz=over(clip.xyz), seen=over(clip.seen), velocity=None if clip.velocity is None else over(clip.velocity))
