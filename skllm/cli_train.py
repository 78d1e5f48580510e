"""`skllm train`: the four stages in a row, or some of them. Also what torchrun and accelerate launch, as `-m skllm train`."""

import argparse
import json
import re
import sys
from pathlib import Path


def add_options(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add = command.add_argument
    add("--stages", type=_stages, default=(1, 2, 3, 4), help="such as 1-4, 3 or 1,4 (1-4)")
    add("--recipe", default="tiny", choices=("tiny", "paper"), help="learning rates and LoRA of the embedded model or of the paper's")
    add("--base", help="what the first stage starts from: tiny, a checkpoint, an InternVL or Qwen2.5-VL (the stage before in --out)")
    add("--benchmark", default="ui_prmd", help="its name, as `skllm benchmarks` lists it (ui_prmd, which is bundled)")
    add("--protocol", help="one of the benchmark's (its first)")
    add("--data-root", default="", help="the folder with your copy of the files, or what `skllm prepare` made of it")
    add("--out", type=Path, default=Path("runs/train"), help="where checkpoints, models and records go (runs/train)")
    add("--seed", type=int, default=0)
    add("--steps", type=int, default=-1, help="optimizer steps of each stage (the recipe's epochs)")
    add("--train-each", type=int, default=10**6, help="clips of each label to train on (all)")
    add("--test-each", type=int, default=5, help="clips of each label to test on after each stage (5)")
    add("--teacher", default="kinematic", help="who writes the rationales: kinematic, server:MODEL or local:FOLDER_OR_ID")
    add("--checkpointing", action="store_true", help="recompute activations in the backward pass: slower, less memory")
    add("--accumulate", type=int, default=1, help="parts in which a step's clips are computed (1)")
    add("--report-to", default="none", help="another tracker beside console and records, such as tensorboard")
    add("--resume", action="store_true", help="go on with a run that was cut off; finished stages are not run again")


def _stages(text: str) -> tuple[int, ...]:
    found = re.fullmatch(r"([1-4])-([1-4])", text)
    numbers = range(int(found[1]), int(found[2]) + 1) if found else [int(one) for one in text.split(",") if one in ("1", "2", "3", "4")]
    if not numbers or (not found and len(numbers) != len(text.split(","))) or list(numbers) != sorted(set(numbers)):
        raise argparse.ArgumentTypeError(f"{text!r} names no stages in order; write 1-4, 3 or 1,4")
    return tuple(numbers)


def run(asked: argparse.Namespace) -> None:
    """Trains, examines and records; prints where things are."""
    from accelerate import PartialState

    from skllm.benchmarks import BENCHMARKS
    from skllm.study.training import portion, run_stages, start_in
    from skllm.train.stages import RECIPES

    if asked.benchmark not in BENCHMARKS:
        raise ValueError(f"no benchmark {asked.benchmark!r}; known: {', '.join(BENCHMARKS)}")
    benchmark, recipe = BENCHMARKS[asked.benchmark], RECIPES[asked.recipe]
    protocol = benchmark.protocol(asked.protocol or benchmark.protocols[0].name)
    clips = portion(protocol, benchmark.clips(asked.data_root), asked.train_each, asked.test_each, asked.test_each, seed=asked.seed)
    options = {"checkpointing": asked.checkpointing, "accumulate": asked.accumulate, "report_to": asked.report_to}
    base, told = asked.base or start_in(asked.out, recipe, asked.stages[0], asked.seed), {}
    done = run_stages(asked.stages, recipe, base, clips, asked.out, asked.seed, asked.steps, asked.teacher, asked.resume, **options)
    for name, model, scores in done:
        told[name] = {"model": str(model), **{what: score.value for what, score in scores.items()}}
        if PartialState().is_main_process:
            print("\n".join([f"{name} -> {model}", *(f"  {what}: {score}" for what, score in scores.items())]), file=sys.stderr)
    if PartialState().is_main_process:
        print(json.dumps(told, indent=1) if asked.json else f"records in {asked.out / 'results'}")
