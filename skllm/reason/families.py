"""What sets one family of multimodal models apart from another: how it sees pictures, marks them and counts positions.

A further family is one class here: `MLLM` knows nothing of its kind.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import InternVLForConditionalGeneration, PreTrainedModel, Qwen2_5_VLForConditionalGeneration
from transformers.vision_utils import get_vision_window_index

from skllm.reason.foreground import group_side, see_groups
from skllm.reason.pictures import CLIP, IMAGENET


class InternVL:
    """Native InternVL: a picture is cut into patches, four of which become one token; positions count on."""

    native: type[PreTrainedModel] = InternVLForConditionalGeneration
    statistics = IMAGENET
    before, after = "<img>", "</img>\n"           # where the tokenizer knows them

    def __init__(self, model: InternVLForConditionalGeneration, picture_size: int | None = None):
        self.model, self.picture_size = model, model.config.vision_config.image_size[0]
        if picture_size not in (None, self.picture_size):
            raise ValueError(f"this model sees pictures of {self.picture_size} pixels a side; got {picture_size}: leave the size out")

    @property
    def tower(self) -> nn.Module:
        """The vision transformer."""
        return self.model.model.vision_tower

    @property
    def projector(self) -> nn.Module:
        """From the tower's width to the language model's."""
        return self.model.model.multi_modal_projector

    @property
    def group_side(self) -> int:
        """Pixels a side of what becomes one token."""
        return group_side(self.model)

    def features(self, pixels: Float[Tensor, "F 3 H W"]) -> Float[Tensor, "F K C"]:
        """What the tower sees, one row for each token to be; pixels are normalised and in the tower's dtype."""
        config = self.model.config
        seen = self.tower(pixel_values=pixels, output_hidden_states=config.vision_feature_layer != -1)
        seen = seen.last_hidden_state if config.vision_feature_layer == -1 else seen.hidden_states[config.vision_feature_layer]
        patches = seen[:, 1:] if config.vision_feature_select_strategy == "default" else seen
        side = round(patches.shape[1] ** 0.5)
        return self.model.model.pixel_shuffle(patches.unflatten(1, (side, side)), scale_factor=config.downsample_ratio).flatten(1, 2)

    def features_of_groups(self, pixels: Float[Tensor, "F 3 H W"], kept: Tensor) -> list[Float[Tensor, "_ C"]]:
        """What the tower sees where only some groups of patches are shown to it."""
        return see_groups(self.model, pixels, kept)

    def positions(self, pieces: list[tuple[bool, int]]) -> Int[Tensor, "1 L"]:
        """Positions of a row of pieces, each (is it a picture, how many tokens)."""
        return torch.arange(sum(length for _, length in pieces))[None]


class Qwen25VL:
    """Native Qwen2.5-VL: pictures of any size, four patches a token, positions in time, height and width."""

    native: type[PreTrainedModel] = Qwen2_5_VLForConditionalGeneration
    statistics = CLIP
    before, after = "<|vision_start|>", "<|vision_end|>"

    def __init__(self, model: Qwen2_5_VLForConditionalGeneration, picture_size: int | None = None):
        self.model, self.picture_size = model, picture_size or 448         # the paper's size
        if self.picture_size % self.group_side:
            raise ValueError(f"pictures are whole numbers of {self.group_side} pixels a side; got {self.picture_size}: round it")

    @property
    def tower(self) -> nn.Module:
        """The vision transformer, whose last part is the projector."""
        return self.model.model.visual

    @property
    def projector(self) -> nn.Module:
        """From four patches to one word of the language model."""
        return self.model.model.visual.merger

    @property
    def group_side(self) -> int:
        """Pixels a side of what becomes one token."""
        config = self.model.config.vision_config
        return config.patch_size * config.spatial_merge_size

    def features(self, pixels: Float[Tensor, "F 3 H W"]) -> Float[Tensor, "F K C"]:
        """What the tower sees before the projector, in the order of its tokens, row by row; each picture is a still of its own."""
        config, count = self.model.config.vision_config, len(pixels)
        side = self.picture_size // config.patch_size
        grid = torch.tensor([[1, side, side]] * count, device=pixels.device)
        seen = self.tower(self._patches(pixels, side), grid).last_hidden_state.view(-1, config.spatial_merge_size**2 * config.hidden_size)
        order, _ = get_vision_window_index(grid, config.spatial_merge_size, config.window_size, config.patch_size)
        return seen[order.argsort().to(seen.device)].unflatten(0, (count, -1)).unflatten(-1, (-1, config.hidden_size)).flatten(1, 2)

    def features_of_groups(self, pixels: Float[Tensor, "F 3 H W"], kept: Tensor) -> list[Float[Tensor, "_ C"]]:
        """Not to be had: the windows of this tower need whole pictures."""
        raise ValueError("foreground sparsification is made for InternVL; set foreground_only to False for Qwen2.5-VL")

    def _patches(self, pixels: Float[Tensor, "F 3 H W"], side: int) -> Float[Tensor, "S V"]:
        """Patches in groups of 2 x 2, each shown twice, since the tower sees pairs of frames."""
        config = self.model.config.vision_config
        merge, patch = config.spatial_merge_size, config.patch_size
        cut = pixels.unflatten(3, (side // merge, merge, patch)).unflatten(2, (side // merge, merge, patch))     # F 3 h m p w n q
        rows = cut.permute(0, 2, 5, 3, 6, 1, 4, 7)                                                               # F h w m n 3 p q
        return rows.flatten(0, 4).unsqueeze(2).expand(-1, -1, config.temporal_patch_size, -1, -1).flatten(1)

    def positions(self, pieces: list[tuple[bool, int]]) -> Int[Tensor, "3 L"]:
        """Words count on along all three axes; a picture's tokens share a time and count by row and column, as in the original."""
        rows, start = [], 0
        for picture, length in pieces:
            side = round(length**0.5)
            at = torch.arange(length)
            rows.append(start + (torch.stack([0 * at, at // side, at % side]) if picture else at.expand(3, -1)))
            start += side if picture else length
        return torch.cat(rows, 1)


FAMILIES = {"internvl": InternVL, "qwen2_5_vl": Qwen25VL}
