"""Where the milliseconds of an answer go, and how many operations and weights each part has: the paper's cost tables."""

from collections.abc import Sequence

import torch
from torch.utils.flop_counter import FlopCounterMode

from skllm.model import SkeletonLLM
from skllm.reason.families import FAMILIES
from skllm.reason.questions import choose
from skllm.skeleton import Skeleton
from skllm.study.cost import milliseconds
from skllm.study.large import config_of


@torch.no_grad()
def parts(model: SkeletonLLM, clip: Skeleton, labels: Sequence[str], times: int = 5) -> dict[str, float]:
    """Milliseconds (median) of each part of an answer to a choice of labels about one clip, warm.

    render: a sampled clip becomes pictures; tower, projector: pictures become tokens; read: the language model reads them and the question;
    say: it answers; rank: how well each label fits what the tower saw, by the matcher, or where there is none how likely the language model is to
    say it. Then `whole`, all of it in one call of `recognize`.
    """
    sampled = model.renderer.sample(clip, model.frames)
    pictures = model.renderer([sampled])
    features = model.mllm.features(pictures)
    seen = model.mllm.project(features)
    heard = model.mllm.hear(seen, choose(labels))
    matches = model.matcher and not model.mllm.foreground_only
    return {
        "render": milliseconds(lambda: model.renderer([sampled]), times),
        "tower": milliseconds(lambda: model.mllm.features(pictures), times),
        "projector": milliseconds(lambda: model.mllm.project(features), times),
        "read": milliseconds(lambda: model.mllm.hear(seen, choose(labels)), times),
        "say": milliseconds(lambda: model.mllm.say(heard), times),
        "rank": milliseconds(lambda: model.rank_seen(features, labels) if matches else model.mllm.log_likelihoods(heard, labels), times),
        "whole": milliseconds(lambda: model.recognize(clip, labels), times),
    }


def weights(model: SkeletonLLM) -> dict[str, int]:
    """How many numbers each part has: renderer, tower, projector, matcher, language model, and all of them."""
    mllm = model.mllm
    sizes = {"renderer": sum(p.numel() for p in model.renderer.parameters()), "projector": sum(p.numel() for p in mllm.projector.parameters())}
    sizes["tower"] = sum(p.numel() for p in model.part("tower").values())
    sizes |= {"matcher": sum(p.numel() for p in model.matcher.parameters())} if model.matcher else {}
    whole = sum(p.numel() for p in model.parameters())
    return {**sizes, "language model": whole - sum(sizes.values()), "whole": whole}


def operations(tower: dict, language: dict, frames: int = 12, question: int = 64) -> dict[str, float]:
    """Operations (multiplications and additions, 10^12) of an InternVL of these sizes on one clip, counted on tensors without memory.

    tower, language: as `skllm.study.large` has those of InternVL3-8B; question: tokens beside the pictures'. Gives what the tower sees, what the
    language model reads before its first word, and how many patches and tokens there are.
    """
    config = config_of(tower, language)
    native = FAMILIES["internvl"].native
    with torch.device("meta"):
        model = native._from_config(config, attn_implementation="sdpa").eval()
        pictures = torch.zeros(frames, 3, tower["image_size"], tower["image_size"])
    side = tower["image_size"] // tower["patch_size"]
    tokens = frames * int((side * config.downsample_ratio) ** 2)
    with torch.no_grad(), FlopCounterMode(display=False) as seen:
        model.model.vision_tower(pixel_values=pictures)
    with torch.no_grad(), FlopCounterMode(display=False) as read:
        length = tokens + question
        mask = torch.ones(1, 1, length, length, dtype=torch.bool, device="meta")               # spelt out, or transformers looks into it
        words = torch.zeros(1, length, language["hidden_size"], device="meta")
        model.model.language_model(inputs_embeds=words, attention_mask=mask, use_cache=False)
    flops = {"tower": seen.get_total_flops() / 1e12, "language model": read.get_total_flops() / 1e12}
    return {"patches": float(frames * side**2), "tokens": float(tokens), **flops}
