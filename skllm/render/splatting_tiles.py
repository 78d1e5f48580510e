"""The twin of `splatting.paint_densely` in plain torch for any device: each Gaussian only on the tiles that it reaches.

The equation itself is `splatting.composite`; here is only who meets whom. Backward recomputes a share of tiles at a time.
"""

from itertools import pairwise

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from skllm.render.splatting import Law, composite

TILE = 16                        # pixels a side; changes only the time
_SHARE = {"cpu": 2**24, "cuda": 2**27}      # pixel-Gaussian pairs held at once; changes only time and memory
_NEGLIGIBLE = 1e-8               # coverage left out where the law has no threshold of its own


def paint(
    means: Float[Tensor, "N 2"], conics: Float[Tensor, "N 3"], opacities: Float[Tensor, " N"], colors: Float[Tensor, "N 3"],
    counts: list[int], height: int, width: int, law: Law,
) -> Float[Tensor, "F 3 H W"]:
    """As `splatting.paint_densely`; without a threshold in the law, coverages under 1e-8 may be left out."""
    grid = (len(counts), -(-height // TILE), -(-width // TILE))
    picture = torch.repeat_interleave(torch.arange(len(counts), device=means.device), torch.tensor(counts, device=means.device))
    tile, who = meetings(picture, means.detach(), extents(conics.detach(), opacities.detach(), law), grid)
    order = tile.argsort(stable=True)                                             # Gaussians stay front to back
    per_tile = torch.bincount(tile, minlength=grid[0] * grid[1] * grid[2])
    first = torch.cumsum(per_tile, 0) - per_tile
    busy = per_tile.argsort(descending=True)[: int((per_tile > 0).sum())]
    out = means.new_zeros(len(per_tile), 3, TILE * TILE)
    for begin, end in pairwise(_shares(per_tile[busy].tolist(), _SHARE.get(means.device.type, _SHARE["cpu"]))):
        tiles = busy[begin:end]
        column = torch.arange(int(per_tile[tiles].max()), device=means.device)
        there = column < per_tile[tiles, None]
        at = who[order[(first[tiles, None] + column).clamp(max=len(order) - 1)]]
        pixels = _pixels_of(tiles, grid, law).to(means)
        out = out.index_copy(0, tiles, checkpoint(_paint_share, means, conics, opacities, colors, at, there, pixels, law, use_reentrant=False))
    whole = out.unflatten(0, grid).unflatten(-1, (TILE, TILE)).permute(0, 3, 1, 4, 2, 5).flatten(4, 5).flatten(2, 3)
    return whole[:, :, :height, :width]


def _paint_share(means, conics, opacities, colors, at, there, pixels, law: Law) -> Float[Tensor, "tiles 3 X"]:
    return composite(means[at], conics[at], opacities[at] * there, colors[at], pixels, law)


def extents(conics: Float[Tensor, "N 3"], opacities: Float[Tensor, " N"], law: Law) -> Float[Tensor, "N 2"]:
    """Half the width and height, in pixels, of the box in which each Gaussian counts; negative where it never does."""
    cut = torch.log(opacities.double().clamp(min=1e-30) / (law.least or _NEGLIGIBLE))
    xx, xy, yy = conics.double().unbind(-1)
    reach = torch.sqrt(2 * cut.clamp(min=0)[:, None] * torch.stack([yy, xx], -1) / (xx * yy - xy * xy)[:, None])
    return torch.where(cut[:, None] > 0, reach, -1.0).to(conics)


def meetings(
    picture: Int[Tensor, " N"], means: Float[Tensor, "N 2"], reach: Float[Tensor, "N 2"], grid: tuple[int, int, int],
) -> tuple[Int[Tensor, " M"], Int[Tensor, " M"]]:
    """Every pair of a tile (counted over all pictures) and a Gaussian that may reach it, Gaussians in the order given."""
    _, tall, wide = grid
    limit = torch.tensor([wide, tall], device=means.device)
    low = ((means - reach) / TILE).floor().clamp(min=torch.zeros_like(limit), max=limit).long()
    high = ((means + reach) / TILE).floor().add(1).clamp(min=torch.zeros_like(limit), max=limit).long()
    spans = torch.where(_reaches(reach), (high - low).clamp(min=0), 0)
    number = spans.prod(1)
    who = torch.repeat_interleave(torch.arange(len(means), device=means.device), number)
    within = torch.arange(len(who), device=means.device) - (torch.cumsum(number, 0) - number)[who]
    across = spans[who, 0]
    x, y = low[who, 0] + within % across, low[who, 1] + within // across
    return (picture[who] * tall + y) * wide + x, who


def _reaches(reach: Float[Tensor, "N 2"]) -> Bool[Tensor, "N 1"]:
    return (reach > 0).all(1, keepdim=True)


def _shares(counts: list[int], most: int) -> list[int]:
    """Where to cut the list of tiles, longest first, so that no share holds more pairs than `most` (or one tile)."""
    cuts, longest = [0], 0
    for n, count in enumerate(counts):
        longest = longest or count
        if n > cuts[-1] and (n + 1 - cuts[-1]) * longest * TILE * TILE > most:
            cuts.append(n)
            longest = count
    return [*cuts, len(counts)] if counts else [0]


def _pixels_of(tiles: Int[Tensor, " M"], grid: tuple[int, int, int], law: Law) -> Float[Tensor, "M X 2"]:
    inside = torch.arange(TILE * TILE, device=tiles.device)
    x = (tiles % grid[2] * TILE)[:, None] + inside % TILE
    y = (tiles // grid[2] % grid[1] * TILE)[:, None] + inside // TILE
    return torch.stack([x, y], -1) + law.centre
