"""The embedded model `tiny`: an InternVL of 140 million parameters around the real SmolLM2-135M-Instruct."""

from importlib.resources import files

import torch
from safetensors.torch import load_file
from transformers import InternVLConfig, InternVLForConditionalGeneration, InternVLVisionConfig, LlamaConfig

PICTURE = 112                 # pixels a side; 8 x 8 patches, 16 tokens a picture
TOWER = files("skllm") / "weights" / "tiny_tower.safetensors"


def tower_config() -> InternVLVisionConfig:
    """The small vision tower: 6 layers of width 256, 4.9 million parameters."""
    return InternVLVisionConfig(
        hidden_size=256, num_hidden_layers=6, num_attention_heads=4, intermediate_size=1024, image_size=PICTURE, patch_size=14,
        attention_bias=True, layer_scale_init_value=0.5,
    )
