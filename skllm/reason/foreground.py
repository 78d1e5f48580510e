"""Foreground patch sparsification (paper's rebuttal, Table 7): the tower sees only where something is painted.

Renders are mostly black. Patches are kept in groups of 2 x 2, which the pixel shuffle makes one token of; each keeps the
position encoding of its place. With nothing dropped the tokens are those of the dense path, bit for bit.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F
from transformers import InternVLForConditionalGeneration


def painted_groups(pictures: Float[Tensor, "F 3 H W"], side: int) -> Bool[Tensor, "F G"]:
    """Which squares of `side` pixels hold anything but black, row by row."""
    return F.max_pool2d(pictures.detach().amax(1, keepdim=True), side).flatten(1) > 0


def group_side(model: InternVLForConditionalGeneration) -> int:
    """Pixels a side of what becomes one token."""
    return round(model.config.vision_config.patch_size[0] / model.config.downsample_ratio)


def see_groups(
    model: InternVLForConditionalGeneration, pixels: Float[Tensor, "F 3 H W"], kept: Bool[Tensor, "F G"],
) -> list[Float[Tensor, "_ C"]]:
    """What the tower sees of the kept groups of each picture, in the dense path's order; pictures that keep equally many go together.

    pixels: normalised, in the tower's dtype. Raises ValueError for a model whose tokens come from another layer than the last.
    """
    if model.config.vision_feature_layer != -1:
        raise ValueError(f"sparsification reads the tower's last layer; this model uses layer {model.config.vision_feature_layer}: see densely")
    members = _members(model)
    embedded = model.model.vision_tower.embeddings(pixels)
    tokens: list[Tensor | None] = [None] * len(pixels)
    for count in kept.sum(1).unique().tolist():
        rows = (kept.sum(1) == count).nonzero()[:, 0]
        chosen = kept[rows].nonzero()[:, 1].unflatten(0, (len(rows), count))
        for row, seen in zip(rows.tolist(), _see_equal(model, embedded[rows], members[chosen]), strict=True):
            tokens[row] = seen
    return tokens


def _members(model: InternVLForConditionalGeneration) -> Int[Tensor, "G 4"]:
    """The patches of each group, in the order in which the model's own pixel shuffle puts them."""
    high, wide = model.model.vision_tower.embeddings.patch_embeddings.patch_shape
    numbers = torch.arange(high * wide, device=model.device, dtype=torch.float64).view(1, high, wide, 1)
    return model.model.pixel_shuffle(numbers, scale_factor=model.config.downsample_ratio).flatten(0, 2).long()


def _see_equal(
    model: InternVLForConditionalGeneration, embedded: Float[Tensor, "F L C"], members: Int[Tensor, "F K 4"],
) -> Float[Tensor, "F K W"]:
    """Runs the tower on the class token and the patches of K groups of each picture."""
    patches = members.flatten(1).sort(1).values
    picture = torch.arange(len(patches), device=patches.device)[:, None]
    known = torch.cat([embedded[:, :1], embedded[picture, 1 + patches]], 1)
    tower = model.model.vision_tower
    seen = tower.layernorm(tower.encoder(known)[0])[:, 1:]
    place = torch.searchsorted(patches, members.flatten(1))
    return seen[picture, place].unflatten(1, members.shape[1:]).flatten(2)
