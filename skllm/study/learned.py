"""What did a renderer learn? How far it moved, what its pictures depend on, and whether motion stands out in them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from skllm.render import Gaussians, Renderer, TrajectoryRenderer, splat
from skllm.render.gaussians import bind
from skllm.render.released import Released
from skllm.skeleton import Skeleton

_SPEED = 0.1        # m/s of the finite difference
_SHARE = 0.1        # of the way to the body's average meaning, of the finite difference
_PAINTED = 0.02     # a pixel this bright in any channel is painted


@dataclass(frozen=True)
class Dependence:
    """What a renderer's pictures depend on; velocity and part over all painted pixels, contrast over Gaussians.

    velocity: mean change of brightness (0 to 1) for each m/s, over the three axes
    part: mean change of brightness if every Gaussian meant the same, all parts mixed (extrapolated from a tenth of the way)
    contrast: how much brighter (opacity x strongest colour) the fastest tenth of all Gaussians is than the slower half, as a share of both together,
    beyond what the same limbs show with their velocities set to zero
    """

    velocity: float
    part: float
    contrast: float


def movement(before: Mapping[str, Tensor], after: Mapping[str, Tensor]) -> dict[str, float]:
    """Root mean square change of a number in each parameter group (the first word of its name); exactly 0 where nothing moved.

    before and after: weights of one renderer or model by name, the first copied before training.
    """
    if before.keys() != after.keys():
        raise ValueError(f"these are two models: {sorted(before.keys() ^ after.keys())} is only in one of them")
    groups: dict[str, list[Tensor]] = {}
    for name, value in after.items():
        groups.setdefault(name.split(".")[0], []).append((value - before[name].to(value)).flatten().float())
    return {group: torch.cat(changes).square().mean().sqrt().item() for group, changes in groups.items()}


@torch.no_grad()
def dependence(renderer: Renderer, clips: Sequence[Skeleton], frames: int = 12) -> Dependence:
    """Measures a renderer on some clips by finite differences; one clip at a time, so memory stays small."""
    if isinstance(renderer, TrajectoryRenderer):
        raise ValueError("joint trajectory maps paint paths, not limbs, so their dependence is not measured; use another renderer")
    if not clips:
        raise ValueError("dependence is measured on clips; give at least one")
    measured = [_dependence_on(renderer, renderer.sample(clip, frames)) for clip in clips]
    return Dependence(*(sum(asdict(one)[name] for one in measured) / len(measured) for name in ("velocity", "part", "contrast")))


def _dependence_on(renderer: Renderer, clip: Skeleton) -> Dependence:
    as_is = renderer([clip])
    painted = as_is.amax(2) > _PAINTED

    def change(a: Tensor, b: Tensor) -> float:
        return (a - b).abs().mean(2)[painted].mean().item() if painted.any() else 0.0

    steps = _SPEED * torch.eye(3)
    faster, slower = ([renderer([replace(clip, velocity=clip.velocity + sign * step)]) for step in steps] for sign in (1, -1))
    velocity = sum(change(a, b) for a, b in zip(faster, slower, strict=True)) / (3 * 2 * _SPEED)
    part = change(_with_meaning_mixed(renderer, clip), as_is) / _SHARE
    still = replace(clip, velocity=torch.where(clip.velocity.isnan(), torch.nan, 0.0))
    return Dependence(velocity, part, _contrast(renderer, clip) - _contrast(renderer, still))


def _with_meaning_mixed(renderer: Renderer, clip: Skeleton) -> Float[Tensor, "1 T 3 H W"]:
    """The picture after every Gaussian has gone a share of the way to the average of all."""

    def mix(values: Tensor) -> Tensor:
        return torch.lerp(values, values.mean(0, keepdim=True), _SHARE)

    if isinstance(renderer, Released):
        kept = renderer.features.detach().clone()
        renderer.features.copy_(mix(kept))
        try:
            return renderer([clip])
        finally:
            renderer.features.copy_(kept)
    tracks = bind([clip], renderer.place([clip]), renderer.config.per_bone, renderer.blend)
    g = renderer.dressed(replace(tracks, meaning=mix(tracks.meaning)))
    return splat(g, clip.frames, renderer.camera, renderer.config.law, renderer.config.backend)[None]


def _contrast(renderer: Renderer, clip: Skeleton) -> float:
    """(fast - slow) / (fast + slow) of how brightly Gaussians shine; speed from one frame to the next."""
    g, pictures = renderer.gaussians([clip])
    order, count = g.picture.argsort(stable=True), torch.bincount(g.picture, minlength=pictures)
    if len(count.unique()) > 1 or pictures < 2:
        raise ValueError(f"contrast needs a clip of two frames or more in which all joints are seen throughout; {clip!r} is not one")
    along = _over_frames(g, order, pictures)
    means = along(g.means)
    speed = (means[1:] - means[:-1]).norm(dim=-1).flatten()
    shine = along(g.opacities[:, None] * g.colors.amax(1, keepdim=True))[1:].flatten()
    fast, slow = shine[speed >= speed.quantile(0.9)].mean(), shine[speed <= speed.median()].mean()
    return ((fast - slow) / (fast + slow)).item()


def _over_frames(g: Gaussians, order: Tensor, pictures: int) -> Callable[[Tensor], Tensor]:
    return lambda values: values[order].unflatten(0, (pictures, -1))
