"""What one training step of InternVL3-8B takes on this machine: seconds, memory, and the largest batch.

    python -m skllm.study.large

The model has its full size and random weights in bfloat16, so nothing needs to be fetched but the embedded model's tokenizer. For CUDA.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace

import torch
from transformers import AutoTokenizer, InternVLConfig, InternVLForConditionalGeneration, InternVLVisionConfig, Qwen2Config

from skllm.benchmarks import UI_PRMD, read_ui_prmd, split
from skllm.model import SkeletonLLM
from skllm.reason.mllm import MLLM
from skllm.reason.tiny import smollm2
from skllm.render import DrAction, DrActionConfig
from skllm.study.results import write_record
from skllm.train.stages import RECIPES, Stage
from skllm.train.teachers import KinematicTeacher, collect_rationales
from skllm.train.trainer import stage_trainer

TOWER = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096, "image_size": 448, "patch_size": 14}
LANGUAGE = {"hidden_size": 3584, "num_hidden_layers": 28, "num_attention_heads": 28, "num_key_value_heads": 4, "intermediate_size": 18944,
            "vocab_size": 151674}


def config_of(tower: dict, language: dict) -> InternVLConfig:
    """An InternVL3 of these sizes: Qwen2 behind an InternViT."""
    vision = InternVLVisionConfig(**tower, attention_bias=True)
    return InternVLConfig(vision_config=vision, text_config=Qwen2Config(**language), image_token_id=0, tie_word_embeddings=False)


def random_internvl3(tower: dict, language: dict, device: str) -> SkeletonLLM:
    """An InternVL3 of these sizes behind DrAction, made on the device in bfloat16; its words are cut by the embedded model's tokenizer."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device(device):
            model = InternVLForConditionalGeneration._from_config(config_of(tower, language), attn_implementation="sdpa")
    finally:
        torch.set_default_dtype(before)
    mllm = MLLM(model.eval(), AutoTokenizer.from_pretrained(smollm2()), "random InternVL3")
    return SkeletonLLM(DrAction(DrActionConfig(size=mllm.picture_size)), mllm).to(device)


def step_of(model: SkeletonLLM, stage: Stage, clips: int, steps: int = 3) -> dict[str, float]:
    """Seconds of each part of a step of so many clips (median after the first), and on CUDA the most memory in GB."""
    data = split(read_ui_prmd("kinect22"), UI_PRMD, "train")[: clips * steps]
    texts = None
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    with tempfile.TemporaryDirectory() as folder:
        if stage.task == "explain":
            texts = collect_rationales(KinematicTeacher(), data, folder=folder).texts
        sized = replace(stage, clips=clips)
        run = stage_trainer(model, sized, data, UI_PRMD.seen, folder, steps=steps, save_steps=steps + 1, log_steps=1, rationales=texts)
        run.train()
    told = run.watch.medians()
    memory = {"GB": torch.cuda.max_memory_allocated() / 2**30} if torch.cuda.is_available() else {}
    return {**told, "a step": sum(told.values()), **memory}


def largest(model: SkeletonLLM, stage: Stage) -> tuple[int, dict[str, dict[str, float]]]:
    """The most clips a step that fit on the card, doubling from one, and what each of the tried steps took."""
    clips, told = 1, {}
    while True:
        try:
            told[f"{clips} clips"] = step_of(model, stage, clips)
        except torch.cuda.OutOfMemoryError:
            torch.cuda.empty_cache()
            return clips // 2, told
        clips *= 2


def main(words: Sequence[str] | None = None) -> None:
    """Prints what stages 1 and 3 take, and writes the record. Refuses to start without a CUDA device, where it would take hours."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stages", type=int, nargs="+", default=(1, 3))
    asked = parser.parse_args(words)
    if not torch.cuda.is_available():
        raise SystemExit("this measures a model of 8 billion parameters and needs a CUDA device; there is none here")
    started, numbers = time.time(), {}
    for number in asked.stages:
        stage = RECIPES["paper"][number - 1]
        most, told = largest(random_internvl3(TOWER, LANGUAGE, "cuda"), stage)
        numbers |= {f"{stage.name}, largest step, clips": most}
        numbers |= {f"{stage.name}, {clips}, {part}": value for clips, parts in told.items() for part, value in parts.items()}
    for name, value in numbers.items():
        print(f"{name:50} {value:8.2f}")
    print("record:", write_record("large", "paper", 0, numbers, {"tower": TOWER, "language": LANGUAGE}, time.time() - started))


if __name__ == "__main__":
    main()
