"""The stages as they are run: on which clips, from which checkpoint, and how well the result does. Notebooks and `skllm train` share it."""

import gc
import math
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
from accelerate import PartialState
from accelerate.utils import broadcast_object_list
from torch import Tensor

from skllm.benchmarks import UI_PRMD, LabelledClip, find_protocol, read_ui_prmd, split
from skllm.benchmarks.records import Protocol
from skllm.model import PARTS, SkeletonLLM
from skllm.reason.shards import whole
from skllm.respond.scores import Score, over_seeds
from skllm.stored import is_stored
from skllm.study.evaluation import balanced, evaluate
from skllm.study.learned import movement
from skllm.study.results import table, write_record
from skllm.train.checkpoints import must_hold
from skllm.train.examples import needs_rationales
from skllm.train.stages import Stage
from skllm.train.teachers import KinematicTeacher, LocalTeacher, ServerTeacher, Teacher, collect_rationales
from skllm.train.trainer import StageTrainer, stage_trainer

NOTEBOOKS = ("02_render_warmup", "03_disc_ft", "04_cr_distill", "05_recognition")        # of the four stages
KINDS = ("ranked", "strict", "lenient")


@dataclass(frozen=True)
class Material:
    """What is trained on, and what is tested: people never trained on (labels seen), and labels never trained on.

    labels: the seen ones in use; every question of the training is about these
    """

    protocol: Protocol
    labels: tuple[str, ...]
    train: tuple[LabelledClip, ...]
    test: tuple[LabelledClip, ...]
    unseen: tuple[LabelledClip, ...]


def material(
    scale: str, train_each: int, test_each: int, unseen_each: int, labels: int, seed: int, data_root: str | Path = "", leave_out: str | Path = "",
    protocol: str = "xsub_55_5",
) -> Material:
    """The clips of a scale: the bundled Kinect recordings, or at `paper` scale a protocol from the user's folder (see `find_protocol`)."""
    if scale == "paper":
        benchmark, chosen = find_protocol(protocol)
        missing = leave_out if leave_out and benchmark.name.startswith("ntu") else None             # the list is of NTU's recordings
        return portion(chosen, benchmark.clips(data_root, missing), train_each, test_each, unseen_each, labels, seed)
    return portion(UI_PRMD, read_ui_prmd("kinect22"), train_each, test_each, unseen_each, labels, seed)


def portion(
    protocol: Protocol, clips: Sequence[LabelledClip], train_each: int, test_each: int, unseen_each: int, labels: int = 10**6, seed: int = 0,
) -> Material:
    """A protocol's clips, at most so many of each label: those to train on drawn by seed, those to test on always the same.

    labels: how many of the seen ones. Raises ValueError where there is nothing to train on.
    """
    seen = (protocol.seen or tuple(sorted({one.label for one in clips})))[:labels]
    chosen = [one for one in clips if one.label in seen + protocol.unseen]
    parts = [split(chosen, protocol, part) for part in ("train", "test", "unseen")]
    if not parts[0]:
        raise ValueError(f"{protocol.name} has no training clips among the {len(clips)} that were found; is the folder whole?")
    drawn = [balanced(part, each, which) for part, each, which in zip(parts, (train_each, test_each, unseen_each), (seed, 0, 0), strict=True)]
    return Material(protocol, seen, *map(tuple, drawn))


def start_of(stage: int, runs: Path, scale: str, seed: int, base: str = "tiny", previous: str | Path = "") -> str:
    """From which checkpoint a stage (1 to 4) starts: `previous` if given, else the last earlier stage of the same scale and seed.

    Where none was run, the embedded model's shipped warm-up, or an untrained base; it is said in a sentence.
    """
    if previous or stage == 1:
        return str(previous or base)
    folders = [runs / f"{name}-{scale}-{seed}" / "model" for name in NOTEBOOKS[: stage - 1]]
    found = [folder for folder in folders if is_stored(folder)]
    start = str(found[-1]) if found else "tiny-warm" if base == "tiny" else base
    if not found or found[-1] != folders[-1]:
        print(f"stage {stage - 1} was not run here at this scale and seed; stage {stage} starts from {Path(start).parent.name if found else start}")
    return start


def start_in(out: str | Path, recipe: Sequence[Stage], stage: int, seed: int) -> str:
    """The model of the stage before in a folder of `run_stages`; where there is none, `tiny` for stage 1.

    Raises ValueError for a later stage without an earlier one's model.
    """
    folders = [Path(out) / f"{one.name}-{seed}" / "model" for one in recipe[: stage - 1]]
    found = [folder for folder in folders if is_stored(folder)]
    if stage > 1 and not found:
        raise ValueError(f"stage {stage} starts from an earlier stage's model and {out} has none of seed {seed}; run stage 1 first or name a base")
    return str(found[-1]) if found else "tiny"


def teacher_of(name: str) -> Teacher:
    """A teacher by name: `kinematic`, `server:MODEL` (an OpenAI-compatible server at OPENAI_BASE_URL), or `local:FOLDER_OR_ID`."""
    kind, _, model = name.partition(":")
    if name == "kinematic":
        return KinematicTeacher()
    if kind not in ("server", "local") or not model:
        raise ValueError(f"no teacher {name!r}; known: kinematic, server:MODEL, local:FOLDER_OR_ID")
    address = {"base_url": os.environ["OPENAI_BASE_URL"]} if "OPENAI_BASE_URL" in os.environ else {}
    return ServerTeacher(model, **address) if kind == "server" else LocalTeacher(model)


@dataclass(frozen=True)
class Trained:
    """A stage that was run. curve: (step, loss); moved: root mean square change of each part; seconds: of each part of a step (median)."""

    trainer: StageTrainer
    curve: tuple[tuple[int, float], ...]
    moved: dict[str, float]
    seconds: dict[str, float]


def train_stage(
    model: SkeletonLLM, stage: Stage, clips: Material, folder: str | Path, seed: int = 0, resume: bool = False,
    rationales: Mapping[str, str] | None = None, **options,
) -> Trained:
    """Trains the model one stage further; options go to `stage_trainer`. With resume it goes on from a run that was cut off."""
    trainer = stage_trainer(model, stage, clips.train, clips.labels, folder, seed, rationales=rationales, unseen=clips.protocol.unseen, **options)
    before = _parts(model)
    trainer.train(resume_from_checkpoint=resume)
    model.eval().kept_features = None
    curve = tuple((entry["step"], entry["loss"]) for entry in trainer.state.log_history if "loss" in entry)
    return Trained(trainer, curve, movement(before, _parts(model)), trainer.watch.medians())


def _parts(model: SkeletonLLM) -> dict[str, Tensor]:
    parts = [part for part in PARTS if part != "tower" or model.own_tower]
    return {f"{part}.{name}": whole(value.detach()).clone() for part in parts for name, value in model.part(part).items()}


def examine(model: SkeletonLLM, clips: Material) -> dict[str, Score]:
    """How often the model is right on people and on labels never trained on: the likeliest label, and what it says, strictly and leniently.

    A part without clips, or with one label alone, is left out.
    """
    parts = {"unseen people": (clips.test, clips.labels), "unseen labels": (clips.unseen, clips.protocol.unseen)}
    told = {name: evaluate(model, asked, labels, name) for name, (asked, labels) in parts.items() if asked and len(labels) > 1}
    return {f"{name} ({kind})": getattr(part, kind) for name, part in told.items() for kind in KINDS}


def loss_of_guessing(model: SkeletonLLM, answers: Sequence[str]) -> float:
    """What a model loses that says one of these answers, each as often as another: one choice, spread over an answer's tokens and its end."""
    return sum(math.log(len(answers)) / (len(model.mllm.tokenizer(answer)["input_ids"]) + 1) for answer in answers) / len(answers)


def seed_table(scale: str, name: str, folder: str = "results") -> pd.DataFrame:
    """One number of each stage's records, such as "unseen people (ranked)": a row a seed, a column a stage."""
    found = {f"stage {stage}": table(notebook, folder) for stage, notebook in enumerate(NOTEBOOKS, 1)}
    rows = {stage: told[(told["scale"] == scale) & (told["name"] == name)].set_index("seed")["value"] for stage, told in found.items() if len(told)}
    return pd.DataFrame(rows).sort_index().rename_axis("seed")


def stage_table(scale: str, folder: str = "results") -> pd.DataFrame:
    """Each stage's accuracy, from the records of all seeds: a row a stage and measure, with mean, interval, n and how many seeds."""
    rows = []
    for stage, notebook in enumerate(NOTEBOOKS, 1):
        told = table(notebook, folder)
        told = told[(told["scale"] == scale) & told["name"].str.startswith("unseen")] if len(told) else told
        for name, group in told.groupby("name", sort=False) if len(told) else ():
            score = over_seeds([Score(row.value, int(row.n), row.low, row.high) for row in group.itertuples()])
            tested, kind = name.removesuffix(")").split(" (")
            rows.append({"stage": stage, "tested on": tested, "answer": kind, "mean": score.value, "low": score.low, "high": score.high,
                         "n": score.n, "seeds": len(group)})
    return pd.DataFrame(rows)


def step_table(scale: str, seed: int, folder: str = "results") -> pd.DataFrame:
    """Seconds of each part of a step (median) in each stage of one run, from its records."""
    rows = {}
    for stage, notebook in enumerate(NOTEBOOKS, 1):
        told = table(notebook, folder)
        told = told[(told["scale"] == scale) & (told["seed"] == seed) & told["name"].str.startswith("seconds a step, ")] if len(told) else told
        if len(told):
            rows[f"stage {stage}"] = dict(zip(told["name"].str.removeprefix("seconds a step, "), told["value"], strict=True))
    return pd.DataFrame(rows).T


def numbers_of(done: Trained, scores: Mapping[str, Score]) -> dict:
    """What a stage's record holds."""
    losses = {"first loss": done.curve[0][1], "last loss": done.curve[-1][1]} if done.curve else {}          # none was told before an early end
    return {**scores, **losses, **{f"moved {part}": far for part, far in done.moved.items()},
            **{f"seconds a step, {part}": value for part, value in done.seconds.items()}}


def settings_of(stage: Stage, **more) -> dict:
    """What a stage's record says of how it was run."""
    told = asdict(stage)
    return {**{name: sorted(value) if isinstance(value, frozenset) else value for name, value in told.items()}, **more}


def run_stages(
    numbers: Sequence[int], recipe: Sequence[Stage], base: str | Path, clips: Material, out: str | Path, scale: str = "demo", seed: int = 0,
    steps: int = -1, teacher: str = "kinematic", resume: bool = False, **options,
) -> Iterator[tuple[str, Path, dict[str, Score]]]:
    """Runs stages (1 to 4) in a row, each from what the one before made; gives each one's name, model and scores when it is saved.

    A stage's folder `out/<stage>-<seed>` holds its checkpoints and, once it is done, `model`; with resume what is done is not done
    again. Records lie in `out/results` under `scale`. Processes share the work; weights that FSDP spread over them are saved and not
    examined, and only one stage can be run at a time.
    """
    out, main = Path(out).resolve(), PartialState().is_main_process
    must_hold(out, 0)
    if not set(numbers) <= set(range(1, len(recipe) + 1)):
        raise ValueError(f"the recipe has stages 1 to {len(recipe)}; got {list(numbers)}")
    if any(needs_rationales(recipe[number - 1].task) for number in numbers):
        teacher_of(teacher)                                        # a name that is none is found before the first step
    folders = {number: out / f"{stage.name}-{seed}" for number, stage in enumerate(recipe, 1)}
    if main and not resume:
        for number in range(numbers[0], len(recipe) + 1):          # an earlier run's, which a resume must not take for done
            (folders[number] / "model" / "skllm.json").unlink(missing_ok=True)
    model: SkeletonLLM | None = None
    for number in numbers:
        stage, folder, started = recipe[number - 1], folders[number], time.time()
        if resume and is_stored(folder / "model"):
            model, base = None, folder / "model"
            continue
        model = model or SkeletonLLM.from_pretrained(base, device=str(PartialState().device))
        texts = _texts(teacher, clips, model, out) if needs_rationales(stage.task) else None
        done = train_stage(model, stage, clips, folder, seed, resume, texts, steps=steps, **options)
        spread = any(hasattr(parameter, "full_tensor") for parameter in model.parameters())
        scores = {} if spread else examine(model, clips)
        if main:
            told = settings_of(stage, benchmark=clips.protocol.name, base=model.mllm.name, start=str(base), steps=steps, teacher=teacher,
                               training_clips=len(clips.train), processes=PartialState().num_processes,
                               **{name: options.get(name, False) for name in ("bf16", "compiled")})
            write_record(stage.name, scale, seed, numbers_of(done, scores), told, time.time() - started, str(out / "results"))
        base = model.save_pretrained(folder / "model")
        PartialState().wait_for_everyone()
        if options.get("bf16"):                                  # rounded: the next stage starts from what was saved
            model = done = None
            gc.collect()                                         # a trained model refers to itself
        yield stage.name, base, scores
        if spread and number != numbers[-1]:
            raise ValueError(f"{stage.name} is saved in {folder}; with weights spread over processes, start the next stage anew with --resume")


def _texts(teacher: str, clips: Material, model: SkeletonLLM, out: Path) -> Mapping[str, str]:
    """Rationales of the training clips, which one process asks for and tells the others."""
    told = [None]
    if PartialState().is_main_process:
        found = collect_rationales(teacher_of(teacher), clips.train, model, folder=out / "rationales", unseen=clips.protocol.unseen)
        reasons = Counter(why for _, why in found.dropped).most_common(3)
        print(f"{len(found.texts)} rationales, {len(found.dropped)} clips without", *(f"  {count} times: {why}" for why, count in reasons), sep="\n")
        told = [found.texts]
    return broadcast_object_list(told)[0]
