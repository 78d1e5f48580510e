"""A model of a mixture of benchmarks, and the tests that would refute it: people, a format, a benchmark and questions that it never saw.

    python -m skllm.study.universal DATA --model runs/train/refine-0/model --record
"""

import argparse
import hashlib
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from accelerate import PartialState
from tqdm import tqdm

from skllm.benchmarks import BENCHMARKS, UI_PRMD, LabelledClip
from skllm.benchmarks.mixture import NEVER, material, mixture
from skllm.benchmarks.phrasings import phrasings
from skllm.benchmarks.records import Protocol
from skllm.model import SkeletonLLM
from skllm.motion.claims import CLAIMS
from skllm.perturb import add_noise, drop_joints
from skllm.reason.mllm import MLLM
from skllm.reason.questions import short, verify
from skllm.respond.scores import Score, accuracy
from skllm.skeleton import Skeleton
from skllm.stored import RENDERERS, is_stored, kind_of
from skllm.study.baseline import TextEncoder, train_baseline
from skllm.study.budget import looking
from skllm.study.evaluation import evaluate
from skllm.study.results import write_record
from skllm.study.training import Material, run_stages, start_in
from skllm.train import tower
from skllm.train.checkpoints import claim, must_be_same, must_hold
from skllm.train.sheets import Sheet, measure
from skllm.train.stages import RECIPES, Stage

Change = Callable[[Skeleton, torch.Generator], Skeleton]
_OTHER = "ui_prmd, Vicon"          # the format that is not in the mixture
Tests = Mapping[str, tuple[Sequence[LabelledClip], Sequence[str]]]          # by name: clips, and the labels to choose from


def make(
    data_root: str | Path, out: str | Path, recipe: Sequence[Stage] = RECIPES["tiny"], stages: Sequence[int] = (1, 2, 3, 4), seed: int = 0,
    steps: int = -1, base: str | Path | None = None, tower_steps: int = 2000, workers: int = 2, renderer: str = "draction", **options,
) -> Iterator[tuple[str, Path, dict[str, Score]]]:
    """Makes a model of the mixture: the tower first, then the recipe's stages; gives each one's name, model and scores.

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


def changed(clips: Sequence[LabelledClip], change: Change, seed: int = 0) -> list[LabelledClip]:
    """The clips as a worse sensor would have seen them; the same whenever it is asked with the same seed."""
    return [replace(one, source=change(one.clip, torch.Generator().manual_seed(seed * 1_000_003 + n))) for n, one in enumerate(clips)]


def worse(name: str, clips: Sequence[LabelledClip], labels: Sequence[str]) -> Tests:
    """A test as it is, with 30 % of the joints hidden in each frame, and with 5 cm noise."""
    return {
        name: (clips, labels),
        f"{name}, 30 % of the joints hidden": (changed(clips, lambda clip, dice: drop_joints(clip, 0.3, dice)), labels),
        f"{name}, 5 cm noise": (changed(clips, lambda clip, dice: add_noise(clip, 5, dice)), labels),
    }


def choices(data_root: str | Path) -> Tests:
    """Choices of labels: people never trained on, the same in a format that is not in the mixture, and a benchmark that is not.

    The shipped tower of `tiny` and `tiny-warm` has seen Vicon's bodies of the training people, without labels; that of `tiny-open`, and one that
    `make` trains, has not.
    """
    people = [one for one in mixture({"ui_prmd": ""}) if one.subject in UI_PRMD.test_subjects]
    vicon = [one for one in people if one.key.startswith(NEVER)]
    kinect = [one for one in people if not one.key.startswith(NEVER)]
    unseen = mixture({"nw_ucla": Path(data_root) / "nw_ucla"})
    return {**worse("ui_prmd", kinect, UI_PRMD.labels), _OTHER: (vicon, UI_PRMD.labels), "nw_ucla": (unseen, BENCHMARKS["nw_ucla"].labels)}


def claims_asked(sheets: Mapping[str, Sheet], count: int, seed: int = 0) -> list[tuple[str, str, bool]]:
    """So many questions that YES or NO answers, as (clip's key, claim, whether it holds): of every claim as many true as false."""
    dice = random.Random(seed)
    by_claim = {name: {holds: [key for key, one in sheets.items() if one.claims.get(name) is holds] for holds in (True, False)} for name in CLAIMS}
    usable = {name: keys for name, keys in by_claim.items() if min(map(len, keys.values())) >= 3}
    if not usable:
        raise ValueError(f"no claim is true of three of {len(sheets)} clips and false of three others; examine more clips, of several actions")
    each = -(-count // (2 * len(usable)))
    return sorted((key, name, holds) for name, keys in usable.items() for holds in (True, False)
                  for key in dice.sample(keys[holds], min(each, *map(len, keys.values()))))


def lay_out(model: SkeletonLLM, training: Sequence[LabelledClip]) -> None:
    """Lets the model paint the bodies of these clips as recorded and any other on the common joints, and bridge gaps, as `tiny-open` does."""
    familiar = tuple({one.clip.topology.joint_names for one in training})
    model.renderer.config = replace(model.renderer.config, layout="common", familiar=familiar, bridge=0.25)


@torch.no_grad()
def examine_claims(model: SkeletonLLM, clips: Mapping[str, Skeleton], asked: Sequence[tuple[str, str, bool]]) -> Score:
    """How often the likelier of YES and NO is right, of `claims_asked`."""
    by_clip: dict[str, list[tuple[str, bool]]] = {}
    for key, name, holds in asked:
        by_clip.setdefault(key, []).append((name, holds))
    right = []
    for key, some in tqdm(by_clip.items(), desc="claims", unit="clip", mininterval=2):
        said = model.mllm.agreement(model.see([clips[key]]), [[verify(CLAIMS[name].question) for name, _ in some]])[0]
        right += [(yes > 0.5) == holds for yes, (_, holds) in zip(said, some, strict=True)]
    return accuracy(right)


def examine_answers(model: SkeletonLLM, clips: Mapping[str, Skeleton], sheets: Mapping[str, Sheet], count: int, seed: int = 0) -> Score:
    """How often the likeliest of a short question's answers is right, every answer of a topic drawn as often as another while there are some."""
    by_answer: dict[tuple[str, str], list] = {}
    for key, sheet in sheets.items():
        for one in sheet.questions:
            by_answer.setdefault((one.topic, one.answer), []).append((key, one))
    if not by_answer:
        raise ValueError(f"none of {len(sheets)} clips can be asked a short question; examine longer clips, of joints with names")
    dice, each = random.Random(seed), -(-count // len(by_answer))
    drawn = [pair for some in by_answer.values() for pair in dice.sample(some, min(each, len(some)))]
    bar = tqdm(drawn, desc="short questions", unit="question", mininterval=2)
    return accuracy([model.likeliest(clips[key], short(one.text, one.choices), one.choices) == one.answer for key, one in bar])


def examine_all(model: SkeletonLLM, data_root: str | Path) -> dict[str, Score]:
    """Every test by its name: choices ranked and strict, claims, and short questions; Vicon's again as recorded if the layout is another."""
    scores, asked = {}, choices(data_root)
    for name, (clips, labels) in asked.items():
        told = evaluate(model, clips, labels, name)
        scores |= {f"{name} (ranked)": told.ranked, f"{name} (strict)": told.strict}
    if model.renderer.config.layout != "recorded":
        with looking(model, layout="recorded"):
            told = evaluate(model, *asked[_OTHER], f"{_OTHER}, in recorded joints")
        scores |= {f"{_OTHER}, in recorded joints (ranked)": told.ranked, f"{_OTHER}, in recorded joints (strict)": told.strict}
    kept = material(data_root)[1]
    sheets, clips = measure(kept), {one.key: one.clip for one in kept}
    scores["claims about unseen people"] = examine_claims(model, clips, claims_asked(sheets, 500))
    scores["short questions about unseen people"] = examine_answers(model, clips, sheets, 300)
    return scores


def examine_baseline(data_root: str | Path, steps: int, seed: int = 0, workers: int = 0) -> dict[str, Score]:
    """The choices again, for the baseline that never sees a picture, trained here on the same clips."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    encode = TextEncoder(MLLM.from_pretrained("tiny").to(device))
    model = train_baseline(material(data_root)[0], phrasings, encode, steps, seed=seed, device=device, workers=workers)
    scores = {}
    for name, (clips, labels) in choices(data_root).items():
        said = model.probabilities([one.clip for one in clips], labels).argmax(1).tolist()
        scores[f"{name} (ranked)"] = accuracy([labels[n] == one.label for n, one in zip(said, clips, strict=True)])
    return scores


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no count of steps; write a whole number, 1 or more")
    return int(text)


def main() -> None:
    """The command line: prints the scores, and writes the record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data_root", help="a folder with one for each benchmark: utd_mhad, msr_action3d, kard, hdm05, penn_action, nw_ucla")
    parser.add_argument("--model", default="tiny-open", help="a shipped model's name or a checkpoint's folder (tiny-open)")
    parser.add_argument("--baseline", type=_count, metavar="STEPS", help="train and test the baseline without pictures instead")
    parser.add_argument("--seed", type=int, default=0, help="of the baseline's training (0)")
    parser.add_argument("--lay-out", action="store_true", help="paint bodies that are not in training on common joints, and bridge gaps")
    parser.add_argument("--bf16", action="store_true", help="in bfloat16: faster where the processor has it")
    parser.add_argument("--record", action="store_true", help="write the record, into results/universal, universal_fixed or universal_baseline")
    asked, started = parser.parse_args(), time.time()
    if asked.baseline:
        name, scores, settings = "universal_baseline", examine_baseline(asked.data_root, asked.baseline, asked.seed), {"steps": asked.baseline}
    else:
        model = SkeletonLLM.from_pretrained(asked.model, dtype=torch.bfloat16 if asked.bf16 else None)
        if asked.lay_out:
            lay_out(model, material(asked.data_root)[0])
        renderer = kind_of(model.renderer)
        name, scores = "universal" if renderer == "draction" else "universal_fixed", examine_all(model, asked.data_root)
        settings = {"model": asked.model, "renderer": renderer, "layout": model.renderer.config.layout, "bf16": asked.bf16}
    print(json.dumps({test: str(score) for test, score in scores.items()}, indent=1))
    if asked.record:
        print(write_record(name, "demo", asked.seed, scores, settings, time.time() - started))


if __name__ == "__main__":
    main()
