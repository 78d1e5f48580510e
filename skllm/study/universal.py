"""A model of a mixture of benchmarks is made, or asked what would refute it (`skllm.study.unseen`).

    python -m skllm.study.universal DATA --model runs/train/refine-0/model --record
"""

import argparse
import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from accelerate import PartialState

from skllm.benchmarks import LabelledClip
from skllm.benchmarks.mixture import material
from skllm.benchmarks.records import Protocol
from skllm.model import SkeletonLLM
from skllm.respond.scores import Score
from skllm.stored import RENDERERS, is_stored, kind_of
from skllm.study.baseline import probabilities, train_baseline
from skllm.study.results import write_record
from skllm.study.training import Material, run_stages, start_in
from skllm.study.unseen import CLAIMS_ASKED, READ, choices, claims_asked, examine_all, examine_ranked, read_claims
from skllm.train import tower
from skllm.train.checkpoints import claim, is_same, must_be_same, must_hold
from skllm.train.matching import MATCHED, Views, teach
from skllm.train.sheets import Sheet, measure
from skllm.train.stages import RECIPES, Stage


def make(
    data_root: str | Path, out: str | Path, recipe: Sequence[Stage] = RECIPES["tiny"], stages: Sequence[int] = (1, 2, 3, 4), seed: int = 0,
    steps: int = -1, base: str | Path | None = None, tower_steps: int = 2000, workers: int = 2, renderer: str = "draction", **options,
) -> Iterator[tuple[str, Path, dict[str, Score]]]:
    """Makes a model of the mixture: the tower first, then the recipe's stages, last the matcher; gives each one's name, model and scores.

    data_root: see `material`; out: where everything is kept, and found again with resume=True; base: what the first of the stages starts
    from, by default the stage before or `tiny` with a tower that is trained here, from nothing; renderer: a key of `RENDERERS`; options go
    to `run_stages`.
    """
    if renderer not in RENDERERS or renderer == "released":
        raise ValueError(f"no renderer {renderer!r} to start from; known: {', '.join(kind for kind in RENDERERS if kind != 'released')}")
    if not base and stages[0] > 1:
        base = start_in(out, recipe, stages[0], seed)
    if base and renderer != "draction":
        raise ValueError(f"the renderer of {base} is its own; leave out renderer={renderer!r}, or start from stage 1 without a base")
    training, kept = material(data_root)
    labels = tuple(sorted({one.label for one in training}))
    clips = Material(Protocol("mixture", labels), labels, tuple(training), (), ())
    base = base or _sighted(training, kept, Path(out) / f"tower-{seed}", seed, tower_steps, workers, renderer, options.get("resume", False))
    sheets = measure(training, workers)
    yield from run_stages(stages, recipe, base, clips, out, seed=seed, steps=steps, workers=workers, sheets=sheets, timed=False, **options)
    if stages[-1] == len(recipe):
        refined, folder = (Path(out) / f"{name}-{seed}" for name in (recipe[-1].name, "match"))
        if PartialState().is_main_process:
            bf16, resume = options.get("bf16", False), options.get("resume", False)
            _match(refined / "model", folder, training, sheets, steps if steps > 0 else MATCHED, seed, bf16, resume)
        PartialState().wait_for_everyone()
        yield "match", folder / "model", {}


def _match(
    refined: Path, folder: Path, training: Sequence[LabelledClip], sheets: Mapping[str, Sheet], steps: int, seed: int, bf16: bool, resume: bool,
) -> None:
    """Teaches the matcher of a model that has been through all stages, and saves it; with resume what is there of the same model and steps stays."""
    model = hashlib.sha256((refined / "learned.safetensors").read_bytes()).hexdigest()[:16]
    identity = {"model": model, "steps": steps, "seed": seed, "bf16": bf16}
    must_hold(folder, 0)
    if resume and is_stored(folder / "model") and is_same(folder, identity):
        return
    (folder / "model" / "skllm.json").unlink(missing_ok=True)
    claim(folder, identity)
    model = SkeletonLLM.from_pretrained(refined, dtype=torch.bfloat16 if bf16 else None)
    lay_out(model, training)
    teach(model, training, sheets, steps, seed=seed)
    model.save_pretrained(folder / "model")


def _sighted(
    training: Sequence[LabelledClip], kept: Sequence[LabelledClip], folder: Path, seed: int, steps: int, workers: int, renderer: str,
    resume: bool,
) -> Path:
    """The embedded model with a tower that learned from these clips alone; with resume what is there of the same run is used.

    Raises ValueError where several processes would each make it, or what is there is of another run.
    """
    clips = hashlib.sha256("\n".join(one.key for one in training).encode()).hexdigest()[:16]
    identity = {"tower steps": steps, "clips": clips, "renderer": renderer, "seed": seed}
    must_hold(folder, 0)
    if resume:
        must_be_same(folder, identity)
    if not (resume and is_stored(folder / "model")):
        if PartialState().num_processes > 1:
            raise ValueError(f"{folder} has no tower yet, which one process makes; run stage 1 alone first, without torchrun, or name a base")
        if not resume:
            (folder / "last.pt").unlink(missing_ok=True)
        claim(folder, identity)
        seer = tower.train(training, kept, steps, 96, 1e-3, seed, folder, workers=workers)
        model = SkeletonLLM.from_pretrained("tiny", renderer, device="cpu")
        model.mllm.family.tower.load_state_dict(seer.tower.state_dict())
        model.own_tower = True
        model.save_pretrained(folder / "model")
    return folder / "model"


def lay_out(model: SkeletonLLM, training: Sequence[LabelledClip]) -> None:
    """Lets the model paint the bodies of these clips as recorded and any other on the common joints, and bridge gaps, as `tiny-open` does."""
    familiar = tuple({one.clip.topology.joint_names for one in training})
    model.renderer.config = replace(model.renderer.config, layout="common", familiar=familiar, bridge=0.25)


def examine_matcher(
    model: SkeletonLLM, data_root: str | Path, steps: int = MATCHED, seed: int = 0, seen: Views | None = None, workers: int = 2,
) -> dict[str, Score]:
    """Teaches the model a new matcher, which takes the place of its own, and asks that for the choices and about claims; seen: as in `teach`."""
    training, kept = material(data_root)
    teach(model, training, measure(training, workers), steps, seed=seed, seen=seen)
    asked = claims_asked(measure(kept, workers), CLAIMS_ASKED)
    return {**examine_ranked(model.rank, choices(data_root)), READ: read_claims(model, {one.key: one.clip for one in kept}, asked)}


def examine_baseline(model: SkeletonLLM, data_root: str | Path, steps: int = MATCHED, seed: int = 0, workers: int = 2) -> dict[str, Score]:
    """The choices again, for the baseline that never sees a picture, trained here on the same clips and the words as this model reads them."""
    training = material(data_root)[0]
    matcher = train_baseline(training, measure(training, workers), model.wording, steps, seed=seed, device=model.mllm.model.device, workers=workers)
    return examine_ranked(partial(probabilities, matcher, model.wording), choices(data_root))


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no count of steps; write a whole number, 1 or more")
    return int(text)


def _told_of(model: SkeletonLLM, name: str, bf16: bool) -> tuple[str, dict]:
    """The record's name, and the settings that it holds."""
    renderer = kind_of(model.renderer)
    settings = {"model": name, "renderer": renderer, "layout": model.renderer.config.layout, "bf16": bf16}
    return "universal" if renderer == "draction" else "universal_fixed", settings


def main() -> None:
    """The command line: prints the scores, and writes the record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data_root", help="a folder with one for each benchmark: utd_mhad, msr_action3d, kard, hdm05, penn_action, nw_ucla")
    parser.add_argument("--model", default="tiny-open", help="a shipped model's name or a checkpoint's folder (tiny-open)")
    either = parser.add_mutually_exclusive_group()
    either.add_argument("--match", type=_count, metavar="STEPS", help=f"teach it a new matcher, and test that alone ({MATCHED} as in the recipe)")
    either.add_argument("--baseline", type=_count, metavar="STEPS", help="train and test the matcher without pictures instead")
    parser.add_argument("--seed", type=int, default=0, help="of what is trained (0)")
    parser.add_argument("--lay-out", action="store_true", help="paint bodies that are not in training on common joints, and bridge gaps")
    parser.add_argument("--bf16", action="store_true", help="in bfloat16: faster where the processor has it")
    parser.add_argument("--record", action="store_true", help="write the record, into results/universal and universal_fixed, _matched, or _baseline")
    asked, started = parser.parse_args(), time.time()
    model = SkeletonLLM.from_pretrained(asked.model, dtype=torch.bfloat16 if asked.bf16 else None)
    if asked.lay_out:
        lay_out(model, material(asked.data_root)[0])
    name, settings = _told_of(model, asked.model, asked.bf16)
    if asked.baseline:
        name, settings = "universal_baseline", {"steps": asked.baseline, "words": asked.model, "bf16": asked.bf16}
        scores = examine_baseline(model, asked.data_root, asked.baseline, asked.seed)
    elif asked.match:
        name, settings = name.replace("universal", "universal_matched"), {**settings, "steps": asked.match}
        scores = examine_matcher(model, asked.data_root, asked.match, asked.seed)
    else:
        scores = examine_all(model, asked.data_root)
    print(json.dumps({test: str(score) for test, score in scores.items()}, indent=1))
    if asked.record:
        print(write_record(name, "demo", asked.seed, scores, settings, time.time() - started))


if __name__ == "__main__":
    main()
