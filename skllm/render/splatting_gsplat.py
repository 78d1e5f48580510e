"""The CUDA twin of `splatting.paint_densely` for the law "3dgs": gsplat's kernels, behind our projection.

gsplat sorts by depth inside each tile; as our Gaussians come in order already, their rank is their depth.
"""

from functools import cache

import torch
from jaxtyping import Float
from torch import Tensor

from skllm.render.splatting import Law
from skllm.render.splatting_tiles import TILE, extents


@cache
def usable() -> bool:
    """Whether gsplat is here with its kernels; the PyPI wheel builds them on first use, which needs the CUDA toolkit."""
    try:
        from gsplat.cuda._backend import _C
    except Exception:       # building raises whatever the compiler met
        return False
    return _C is not None


def paint(
    means: Float[Tensor, "N 2"], conics: Float[Tensor, "N 3"], opacities: Float[Tensor, " N"], colors: Float[Tensor, "N 3"],
    counts: list[int], height: int, width: int, law: Law,
) -> Float[Tensor, "F 3 H W"]:
    """As `splatting.paint_densely`, on CUDA."""
    from gsplat import isect_offset_encode, isect_tiles, rasterize_to_pixels

    if not len(means):
        return means.new_zeros(len(counts), 3, height, width)
    tall, wide = -(-height // TILE), -(-width // TILE)
    picture = torch.repeat_interleave(torch.arange(len(counts), device=means.device), torch.tensor(counts, device=means.device))
    rank = torch.arange(len(means), device=means.device)
    radii = extents(conics.detach(), opacities.detach(), law).ceil().clamp(min=0).int()
    _, meetings, who = isect_tiles(
        means.detach(), radii, rank.float(), TILE, wide, tall, packed=True, n_images=len(counts), image_ids=picture, gaussian_ids=rank,
    )
    offsets = isect_offset_encode(meetings, len(counts), wide, tall)
    pictures, _ = rasterize_to_pixels(means, conics, colors, opacities, width, height, TILE, offsets, who, packed=True)
    return pictures.permute(0, 3, 1, 2)
