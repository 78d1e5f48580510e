"""`skllm train`: the four stages in a row, or some of them. Also what torchrun and accelerate launch, as `-m skllm train`."""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

_PATIENCE = timedelta(hours=12)        # that processes wait for one which asks a teacher


def add_options(command: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add = command.add_argument
    add("--stages", type=_stages, default=(1, 2, 3, 4), help="such as 1-4, 3 or 1,4 (1-4)")
    add("--recipe", default="demo", choices=("demo", "tiny", "paper"), help="the embedded model on one benchmark or on many, or the paper's")
    add("--base", help="what the first stage starts from: tiny, a checkpoint, an InternVL or Qwen2.5-VL (the stage before in --out)")
    add("--renderer", default="draction", choices=("draction", "3d+velocity", "2d", "jtm"), help="of --recipe tiny, to compare with (draction)")
    add("--benchmark", default="ui_prmd", help="its name, as `skllm benchmarks` lists it (ui_prmd, which is bundled)")
    add("--protocol", help="one of the benchmark's (its first)")
    add("--data-root", default="", help="the folder with your copy of the files, or what `skllm prepare` made of it")
    add("--leave-out", help="a text file with keys to be left out")
    add("--out", type=Path, default=Path("runs/train"), help="where checkpoints, models and records go (runs/train)")
    add("--seed", type=int, default=0, help="decides which clips, frames and wrong labels are drawn (0)")
    add("--steps", type=_count, default=-1, help="optimizer steps of each stage (the recipe's epochs: hours on a CPU)")
    add("--clips", type=_count, help="clips a step, shared by all processes (the recipe's)")
    add("--train-each", type=_count, default=10**6, help="clips of each label to train on (all)")
    add("--test-each", type=_count, default=5, help="clips of each label to test on after each stage (5)")
    add("--teacher", default="kinematic", help="who writes the rationales: kinematic, server:MODEL or local:FOLDER_OR_ID")
    add("--checkpointing", action="store_true", help="recompute activations in the backward pass: slower, less memory")
    add("--bf16", action="store_true", help="matrix products and the frozen language model in bfloat16: faster on cards, and with AMX")
    add("--compile", action="store_true", help="compile the language model first: faster steps after a minute; needs a compiler for C++")
    add("--accumulate", type=_count, default=1, help="parts in which a step's clips are computed (1)")
    add("--report-to", default="none", help="another tracker beside console and records, such as tensorboard")
    add("--resume", action="store_true", help="go on with a run that was cut off; finished stages are not run again")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no count; write a whole number, 1 or more")
    return int(text)


def _stages(text: str) -> tuple[int, ...]:
    found = re.fullmatch(r"([1-4])-([1-4])", text)
    numbers = range(int(found[1]), int(found[2]) + 1) if found else [int(one) for one in text.split(",") if one in ("1", "2", "3", "4")]
    if not numbers or (not found and len(numbers) != len(text.split(","))) or list(numbers) != sorted(set(numbers)):
        raise argparse.ArgumentTypeError(f"{text!r} names no stages in order; write 1-4, 3 or 1,4")
    return tuple(numbers)


def run(asked: argparse.Namespace) -> None:
    """Trains, examines and records. What it says on the way goes to standard error, so that --json is all of the output."""
    import torch
    from accelerate import PartialState

    _tracker(asked.report_to)
    if asked.compile:
        from skllm.reason.speed import must_compile

        must_compile()
    main = PartialState(cpu=not torch.cuda.is_available(), timeout=_PATIENCE).is_main_process        # on CPUs each would else be the main one
    with redirect_stdout(sys.stderr):
        told = dict(_stages_of(asked))
    if main:
        print(json.dumps(told, indent=1) if asked.json else f"records in {asked.out / 'results'}")


def _stages_of(asked: argparse.Namespace) -> Iterator[tuple[str, dict]]:
    """Each stage's name with its model and shares, as it is done."""
    done = _mixture(asked) if asked.recipe == "tiny" else _benchmark(asked)
    for name, model, scores in done:
        print("\n".join([f"{name} -> {model}", *(f"  {what}: {score}" for what, score in scores.items())]))
        yield name, {"model": str(model), **{what: score.value for what, score in scores.items()}}


def _mixture(asked: argparse.Namespace) -> Iterator:
    """The stages on the mixture of benchmarks."""
    from skllm.study.universal import make

    if not asked.data_root:
        raise ValueError("--recipe tiny trains on a mixture; --data-root names the folder of utd_mhad, msr_action3d, kard, hdm05 and penn_action")
    ignored = {"--benchmark": "ui_prmd", "--protocol": None, "--leave-out": None, "--train-each": 10**6, "--test-each": 5}
    if given := [name for name, default in ignored.items() if getattr(asked, name[2:].replace("-", "_")) != default]:
        raise ValueError(f"--recipe tiny trains on its own mixture and takes no {', '.join(given)}; leave it out")
    options = {"tower_steps": asked.steps} if asked.steps > 0 else {}
    return make(asked.data_root, asked.out, _recipe(asked), asked.stages, asked.seed, asked.steps, asked.base, teacher=asked.teacher,
                renderer=asked.renderer, resume=asked.resume, **_common(asked), **options)


def _benchmark(asked: argparse.Namespace) -> Iterator:
    """The stages on one benchmark."""
    from skllm.benchmarks import BENCHMARKS
    from skllm.study.training import portion, run_stages, start_in

    if asked.renderer != "draction":
        raise ValueError(f"--renderer {asked.renderer} is of --recipe tiny; other recipes take the renderer of --base")
    if asked.benchmark not in BENCHMARKS:
        raise ValueError(f"no benchmark {asked.benchmark!r}; known: {', '.join(BENCHMARKS)}")
    benchmark, recipe = BENCHMARKS[asked.benchmark], _recipe(asked)
    protocol = benchmark.protocol(asked.protocol or benchmark.protocols[0].name)
    clips = portion(protocol, benchmark.clips(asked.data_root, asked.leave_out), asked.train_each, asked.test_each, asked.test_each, seed=asked.seed)
    base, scale = asked.base or start_in(asked.out, recipe, asked.stages[0], asked.seed), "paper" if asked.recipe == "paper" else "demo"
    return run_stages(asked.stages, recipe, base, clips, asked.out, scale, asked.seed, asked.steps, asked.teacher, asked.resume, **_common(asked))


def _recipe(asked: argparse.Namespace) -> list:
    """The stages by the recipe's name, with as many clips a step as were asked for."""
    from skllm.train.stages import RECIPES

    return [replace(stage, clips=asked.clips or stage.clips) for stage in RECIPES[asked.recipe]]


def _common(asked: argparse.Namespace) -> dict:
    """What every way of training takes as it is."""
    return {"checkpointing": asked.checkpointing, "accumulate": asked.accumulate, "report_to": asked.report_to, "bf16": asked.bf16,
            "compiled": asked.compile}


def _tracker(name: str) -> None:
    """Raises ValueError, before anything is loaded, where the tracker's package is not there."""
    if name not in ("none", "all") and find_spec(name) is None:
        raise ValueError(f"--report-to {name} needs the package {name}, which is not installed; `pip install {name}` or leave it out")
