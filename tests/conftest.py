"""A walking stick figure, files in each format, and a language model small enough to need no weights."""

import json

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    InternVLConfig,
    InternVLForConditionalGeneration,
    InternVLVisionConfig,
    LlamaConfig,
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2Config,
)

from skllm.model import SkeletonLLM
from skllm.motion.claims import CLAIMS
from skllm.reason.matching import Matcher, Sizes
from skllm.reason.mllm import MLLM
from skllm.render import DrAction, DrActionConfig
from skllm.skeleton import Skeleton, Topology

_JOINTS = ["Head", "Waist", "LeftHand", "RightHand", "LeftFoot", "RightFoot"]
STICK = Topology.from_bones("stick", _JOINTS, [(0, 1), (0, 2), (0, 3), (1, 4), (1, 5)])


def stick_clip(frames: int = 20, people: int = 1, seed: int = 0) -> Skeleton:
    """A stick figure that faces us and waves its right hand; later people stand to the right and move a little."""
    dice = np.random.default_rng(seed)
    body = np.array([[0, 1.7, 3], [0, 1, 3], [0.6, 1.2, 3], [-0.6, 1.2, 3], [0.2, 0, 3], [-0.2, 0, 3]], np.float32)
    xyz = np.tile(body, (frames, people, 1, 1))
    xyz[:, 0, 3, 1] += 0.4 * np.sin(np.linspace(0, 6, frames))
    for p in range(1, people):
        xyz[:, p] += (1.2 * p, 0, 0.3) + 0.02 * dice.standard_normal((frames, 6, 3))
    return Skeleton.from_array(xyz, STICK, 30.0, name="stick")


def same_slope(got: torch.Tensor, want: torch.Tensor, tight: float = 1e-3) -> None:
    """Slopes are compared as vectors: a zeroed one slips under a loose tolerance, not under this."""
    assert want.norm() > 0
    assert torch.nn.functional.cosine_similarity(got.flatten(), want.flatten(), 0) > 0.9999
    assert abs(got.norm() / want.norm() - 1) < tight


@pytest.fixture
def stick():
    return stick_clip()


def fake_tokenizer(*more: str) -> PreTrainedTokenizerFast:
    """Bytes, ChatML's words, and more special words."""
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<file_sep>", *more]
    vocabulary = {word: n for n, word in enumerate([*special, *sorted(pre_tokenizers.ByteLevel.alphabet())])}
    bare = Tokenizer(models.BPE(vocabulary, []))
    bare.pre_tokenizer, bare.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=bare, unk_token="<|endoftext|>", eos_token="<|im_end|>", additional_special_tokens=special[1:])


def fake_mllm() -> MLLM:
    """Two layers to see, two to speak, 28-pixel pictures, one token each; random but always the same weights."""
    tokenizer = fake_tokenizer()
    vision = InternVLVisionConfig(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, image_size=28, patch_size=14)
    text = LlamaConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, intermediate_size=64, vocab_size=len(tokenizer),
    )
    torch.manual_seed(0)
    model = InternVLForConditionalGeneration(
        InternVLConfig(vision_config=vision, text_config=text, image_token_id=tokenizer.convert_tokens_to_ids("<file_sep>"), image_seq_length=1)
    )
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(4)       # large enough that answers depend on pictures
    return MLLM(model.eval(), tokenizer, "fake", frame_label="{n}:")


def fake_internvl3() -> MLLM:
    """InternVL3 in true structure: Qwen2 behind an InternViT, pictures between <img> and </img>; random and tiny."""
    tokenizer = fake_tokenizer("<img>", "</img>", "<IMG_CONTEXT>")
    vision = InternVLVisionConfig(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, image_size=56, patch_size=14)
    text = Qwen2Config(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, intermediate_size=64, vocab_size=len(tokenizer),
    )
    config = InternVLConfig(
        vision_config=vision, text_config=text, image_token_id=tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>"), image_seq_length=4,
    )
    return MLLM(_random(InternVLForConditionalGeneration(config)), tokenizer, "internvl3")


def fake_qwen() -> MLLM:
    """Qwen2.5-VL in true structure, with windows in its tower; random and tiny, 56 pixels a side."""
    tokenizer = fake_tokenizer("<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
    words = tokenizer.convert_tokens_to_ids
    config = Qwen2_5_VLConfig(
        vision_config={"depth": 2, "hidden_size": 16, "num_heads": 2, "intermediate_size": 32, "out_hidden_size": 32, "window_size": 28,
                       "fullatt_block_indexes": [1]},
        text_config={"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 64,
                     "vocab_size": len(tokenizer), "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [1, 1, 2]}},
        image_token_id=words("<|image_pad|>"), video_token_id=words("<|video_pad|>"), vision_start_token_id=words("<|vision_start|>"),
        vision_end_token_id=words("<|vision_end|>"),
    )
    return MLLM(_random(Qwen2_5_VLForConditionalGeneration(config)), tokenizer, "qwen2_5_vl", picture_size=56)


def _random(model):
    """The model with weights that are always the same, and large enough that answers depend on pictures."""
    dice = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(weight if weight.ndim < 2 else 2 * torch.randn(weight.shape, generator=dice) / weight[0].numel() ** 0.5)
    return model.eval()


@pytest.fixture
def small_model() -> SkeletonLLM:
    return SkeletonLLM(DrAction(DrActionConfig(size=28, per_bone=3, radius=0.08)), fake_mllm(), frames=4)


def fresh_matcher(frames: int, rows: int = 1, channels: int = 64, words: int = 32) -> Matcher:
    """A matcher of the claims of this release that has learned nothing, always the same."""
    torch.manual_seed(0)
    return Matcher.of(Sizes(frames, rows, channels, words, tuple(CLAIMS))).eval()


@pytest.fixture
def matched_model(small_model) -> SkeletonLLM:
    """The same with a matcher that has learned nothing."""
    small_model.matcher = fresh_matcher(small_model.frames)
    return small_model


@pytest.fixture(scope="session")
def tiny() -> SkeletonLLM:
    """The real embedded model, fetched on first use."""
    return SkeletonLLM.from_pretrained("tiny")


def ntu_text(frames: list[dict[str, np.ndarray]], state: int = 2) -> str:
    """A `.skeleton` file: for each frame, xyz [25 3] by body id."""
    lines = [str(len(frames))]
    for bodies in frames:
        lines.append(str(len(bodies)))
        for body, xyz in bodies.items():
            lines += [f"{body} 0 1 1 1 1 0 0.1 0.2 2", "25"]
            lines += [" ".join(f"{v:.6f}" for v in [*joint, 1, 2, 3, 4, 1, 0, 0, 0]) + f" {state}" for joint in xyz]
    return "\n".join(lines) + "\n"


def coco_json(points: np.ndarray, size=(640, 480)) -> str:
    """COCO detections of one person: points [T 17 3] of x, y, score."""
    rows = [{"image_id": t, "category_id": 1, "keypoints": frame.flatten().tolist(), "score": 1.0} for t, frame in enumerate(points)]
    return json.dumps({"images": [{"id": 0, "width": size[0], "height": size[1]}], "annotations": rows})
