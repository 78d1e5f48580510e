"""Fifteen points that every body has, found in any format by part and side, and how they lie and move as the person feels it."""

import torch
from jaxtyping import Float
from torch import Tensor, stack

from skllm.render.gaussians import body_sizes, middle_of
from skllm.skeleton import Skeleton, Topology

POINTS = (
    *((part, "middle") for part in ("head", "chest", "waist")),
    *((part, side) for part in ("shoulder", "elbow", "hand", "hip", "knee", "foot") for side in ("left", "right")),
)
_STANDS_IN = {"hand": ("hand", "wrist"), "foot": ("foot", "ankle")}
_LEVEL = 0.1             # sizes; shoulders and hips that are shorter from above show no facing


def body_points(clip: Skeleton, values: Float[Tensor, "T P J D"]) -> Float[Tensor, "T 15 D"]:
    """The first person's 15 body points, each the mean of its format's joints; NaN where a joint of it is absent."""
    return stack([values[:, 0, _joints_of(clip.topology, part, side)].mean(1) for part, side in POINTS], 1)


def felt(clip: Skeleton) -> Float[Tensor, "T 16 9"]:
    """How the first person's body lies and moves in each frame of a sampled clip, in body sizes of the 15 points; NaN where it cannot be known.

    Of each point: its place from the hips along the person's own right, up and front, its velocity (sizes a second) along the same, and its
    place from the hips along the clip's axes. Last the whole body: the hips from the clip's middle along the clip's axes, the hips' velocity
    along right, up and front, and the person's right as a unit vector.
    """
    at, moves = body_points(clip, clip.xyz), body_points(clip, clip.velocity)
    middle, size = middle_of(at[:, None])[0], body_sizes(at[:, None])[0]
    at, moves = (at - middle) / size, moves / size
    axes, hips = own_axes(at, _LEVEL), _hips(at)
    from_hips = at - hips[:, None]
    points = torch.cat([_along(axes, from_hips), _along(axes, moves), from_hips], -1)
    whole = torch.cat([hips, _along(axes, _hips(moves)[:, None])[:, 0], axes[:, 0]], -1)
    return torch.cat([points, whole[:, None]], 1)


def own_axes(at: Float[Tensor, "T 15 3"], least: float) -> Float[Tensor, "T 3 3"]:
    """The person's right, up and front in each frame as unit vectors; right is level, along shoulders and hips.

    Right and front are NaN where shoulders and hips together are shorter than `least` seen from above, in the unit of the points.
    """
    across = stack([at[:, POINTS.index((part, "right"))] - at[:, POINTS.index((part, "left"))] for part in ("shoulder", "hip")]).nansum(0)
    x, _, z = across.unbind(-1)
    long = (x.square() + z.square()).sqrt()
    x, z = (torch.where(long > least, value / long, torch.nan) for value in (x, z))
    flat = torch.zeros_like(x)
    return stack([stack([x, flat, z], -1), stack([flat, flat + 1, flat], -1), stack([-z, flat, x], -1)], 1)


def _hips(values: Float[Tensor, "T 15 3"]) -> Float[Tensor, "T 3"]:
    """The middle of both hips, or the waist where one is not known."""
    both = stack([values[:, POINTS.index(("hip", side))] for side in ("left", "right")]).mean(0)
    return torch.where(both.isfinite(), both, values[:, POINTS.index(("waist", "middle"))])


def _along(axes: Float[Tensor, "T 3 3"], vectors: Float[Tensor, "T N 3"]) -> Float[Tensor, "T N 3"]:
    """Vectors by their parts along the axes of their frame."""
    return torch.einsum("tad,tnd->tna", axes, vectors)


def _joints_of(topology: Topology, part: str, side: str) -> list[int]:
    names = _STANDS_IN.get(part, (part,))
    exact = [j for name in names for j in topology.find(name, side)]
    if exact or side != "middle":
        return exact
    return [j for j, p in enumerate(topology.parts) if p == part]
