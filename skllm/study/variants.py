"""Trainings that differ in one thing each, as a tree, so that what two of them have in common is trained once.

    python -m skllm.study.variants stages modulator --seed 1
"""

import argparse
import gc
import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from skllm.benchmarks import UI_PRMD, LabelledClip, read_ui_prmd
from skllm.benchmarks import split as part_of
from skllm.model import SkeletonLLM
from skllm.respond.scores import Score, over_seeds
from skllm.stored import RENDERERS, is_stored
from skllm.study.evaluation import Evaluation, balanced, evaluate
from skllm.study.results import Outputs, outputs, project_folder, table, write_record
from skllm.study.training import KINDS, Material, material, numbers_of, portion, settings_of, train_stage
from skllm.train.examples import needs_rationales
from skllm.train.stages import RECIPES, Stage
from skllm.train.teachers import KinematicTeacher, collect_rationales

PEOPLE, LABELS, FORMAT = "unseen people", "unseen labels", "unseen people, Vicon"        # what a variant is tested on
ONCE = 5                                                                                 # the number of the stage that is all of them at once


@dataclass(frozen=True)
class Variant:
    """One training: a stage (1 to 4, or `ONCE`) that goes on from another variant, or from the base.

    renderer: a key of `RENDERERS`; config: what differs from the base's renderer; sensors: of the bundled recordings that it is trained on;
    told, label_line: see `collect_rationales`
    """

    stage: int
    after: str | None = None
    renderer: str = "draction"
    config: Mapping[str, Any] = field(default_factory=dict)
    sensors: tuple[str, ...] = ("kinect22",)
    told: bool = True
    label_line: bool = True


def _chain(name: str, *stages: int, **changes) -> dict[str, Variant]:
    """A variant for each stage, called by the name and the stages so far: each goes on from the one before."""
    names = [f"{name}, {'-'.join(map(str, stages[: n + 1]))}" for n in range(len(stages))]
    return {one: Variant(stage, before, **changes) for one, before, stage in zip(names, [None, *names], stages, strict=False)}


def _taught(name: str, **changes) -> dict[str, Variant]:
    """Stages 3 and 4 with rationales of another kind."""
    third = f"{name}, 1-2-3"
    return {third: Variant(3, "DrAction, 1-2", **changes), f"{third}-4": Variant(4, third, **changes)}


VARIANTS: dict[str, Variant] = {
    **_chain("DrAction", 1, 4), **_chain("DrAction", 1, 2, 4), **_chain("DrAction", 1, 3, 4), **_chain("DrAction", 1, 2, 3, 4),
    "DrAction, all at once": Variant(ONCE),
    **_taught("label withheld", told=False), **_taught("no label line", label_line=False),
    **_chain("3D+Velocity", 1, 4, renderer="3d+velocity"), **_chain("3D+Velocity", 1, 2, 3, 4, renderer="3d+velocity"),
    **_chain("2D", 1, 4, renderer="2d"), **_chain("JTM", 1, 4, renderer="jtm"), **_chain("DrAction without NFM", 1, 4, config={"nfm": False}),
    **_chain("without depth", 1, config={"inputs": ("position", "velocity")}),
    **_chain("without velocity", 1, config={"inputs": ("position", "depth")}),
    **_chain("without position", 1, config={"inputs": ("velocity", "depth")}), **_chain("LSTM", 1, config={"recurrent": "lstm"}),
    **_chain("RNN", 1, config={"recurrent": "rnn"}), **_chain("no memory", 1, config={"recurrent": None}),
    **_chain("uniform", 1, config={"blend": "uniform"}), **_chain("distance", 1, config={"blend": "inverse-distance"}),
    **_chain("learnable", 1, config={"blend": "learnable"}),
    **_chain("Kinect and Vicon", 1, 4, sensors=("kinect22", "vicon39")),
}
# What stands beside each other, and under which name of the paper.
TABLES: dict[str, dict[str, str]] = {
    "renderers": {"2D": "2D, 1-4", "JTM": "JTM, 1-4", "3D+Velocity, stages 1 and 4": "3D+Velocity, 1-4",
                  "DrAction without NFM": "DrAction without NFM, 1-4", "DrAction, stages 1 and 4": "DrAction, 1-4",
                  "3D+Velocity": "3D+Velocity, 1-2-3-4", "DrAction": "DrAction, 1-2-3-4"},
    "stages": {"all four stages": "DrAction, 1-2-3-4", "without CR-Distill": "DrAction, 1-2-4", "without Disc-FT": "DrAction, 1-3-4",
               "stages 1 and 4": "DrAction, 1-4", "all at once, from scratch": "DrAction, all at once"},
    "rationales": {"no rationales": "DrAction, 1-2-4", "teacher not given the label": "label withheld, 1-2-3-4",
                   "no final label line": "no label line, 1-2-3-4", "full": "DrAction, 1-2-3-4"},
    "modulator": {"GRU, all inputs": "DrAction, 1", "without depth": "without depth, 1", "without velocity": "without velocity, 1",
                  "without position": "without position, 1", "LSTM": "LSTM, 1", "RNN": "RNN, 1", "no memory": "no memory, 1"},
    "blends": {"uniform": "uniform, 1", "distance": "distance, 1", "learnable": "learnable, 1", "topology": "DrAction, 1"},
    "joint": {"Kinect alone": "DrAction, 1-4", "Kinect and Vicon": "Kinect and Vicon, 1-4"},
}
_DEMO = {1: (70, 100), 2: (70, 40), 3: (24, 30), 4: (8, 30), ONCE: (24, 200)}        # training clips of a label, steps: as notebooks 02 to 05


@dataclass(frozen=True)
class Plan:
    """What a variant is trained and tested on at a scale, how, and for how many steps (-1: its epochs); elsewhere: people in another format."""

    clips: Material
    elsewhere: tuple[LabelledClip, ...]
    stage: Stage
    steps: int


def planned(variant: Variant, scale: str, seed: int, data_root: str | Path = "", leave_out: str | Path = "", protocol: str = "xsub_55_5") -> Plan:
    """At `paper` scale a protocol of NTU RGB+D 60 from the user's folder, else the bundled recordings."""
    recipe = RECIPES["paper" if scale == "paper" else "demo"]
    stage = _at_once(recipe) if variant.stage == ONCE else recipe[variant.stage - 1]
    if scale == "paper":
        if variant.sensors != ("kinect22",):
            raise ValueError("NTU RGB+D has one sensor; the paper trains it beside HumanML3D, which this comparison does not read: leave out `joint`")
        return Plan(material(scale, 10**6, 10**6, 10**6, 10**6, seed, data_root, leave_out, protocol), (), stage, -1)
    each, steps = (2, 2) if scale == "smoke" else _DEMO[variant.stage]
    tested, labels = (1, 2) if scale == "smoke" else (15, 7)
    parts = [portion(UI_PRMD, read_ui_prmd(sensor), each, tested, 2 * tested, labels, seed) for sensor in variant.sensors]
    clips = replace(parts[0], train=tuple(one for part in parts for one in part.train))
    vicon = [one for one in part_of(read_ui_prmd("vicon39"), UI_PRMD, "test") if one.label in clips.labels]
    return Plan(clips, tuple(balanced(vicon, tested)), replace(stage, clips=1) if scale == "smoke" else stage, steps)


def _at_once(recipe: Sequence[Stage]) -> Stage:
    """All questions of the first three stages from the first step on, and all learns that ever does, each at its first rate."""
    first, _, third, _ = recipe
    return replace(third, name="all_at_once", task="choose+judge+explain", rates={**third.rates, **first.rates},
                   epochs=sum(stage.epochs for stage in recipe))


@dataclass(frozen=True)
class Nursery:
    """Where variants of one scale and seed are trained: models under `runs/variants`, records under `results/variants`.

    base: what the first stages start from; data_root, leave_out: of NTU RGB+D 60, at `paper` scale. There a name may end on a split, as in
    "DrAction, 1-4@xsub_48_12"; without one it is xsub_55_5.
    """

    scale: str
    seed: int = 0
    base: str | Path = "tiny"
    data_root: str | Path = ""
    leave_out: str | Path = ""

    def grow(self, names: Iterable[str], again: bool = False) -> None:
        """Trains and tests those of the variants that have no record yet, or all of them; one that was cut off goes on from its newest checkpoint."""
        for name in dict.fromkeys(names):
            if again or not self._record(name).is_file():
                self.model(name, again)

    def model(self, name: str, again: bool = False) -> Path:
        """The folder of a variant's model, trained first where there is none, as is what it goes on from."""
        kind, at, split = name.partition("@")
        if kind not in VARIANTS:
            raise ValueError(f"no variant {kind!r}; known: {'; '.join(VARIANTS)}")
        folder = self._out.runs / "variants" / f"{_slug(name)}-{self.scale}-{self.seed}"
        if again or not (is_stored(folder / "model") and self._record(name).is_file()):
            before = VARIANTS[kind].after
            self._train(name, self.model(before + at + split) if before else self.base, folder, folder.is_dir() and not again)
        return folder / "model"

    def _train(self, name: str, start: str | Path, folder: Path, resume: bool) -> None:
        print(f"{name}, seed {self.seed}")
        (kind, _, split), started = name.partition("@"), time.time()
        variant = VARIANTS[kind]
        plan = planned(variant, self.scale, self.seed, self.data_root, self.leave_out, split or "xsub_55_5")
        torch.manual_seed(self.seed)
        model = SkeletonLLM.from_pretrained(start)
        if not variant.after:
            model.renderer = RENDERERS[variant.renderer](replace(model.renderer.config, **variant.config)).to(model.renderer.device)
        texts = rationales(variant, plan, model, folder) if needs_rationales(plan.stage.task) else None
        done = train_stage(model, plan.stage, plan.clips, folder, self.seed, resume, texts, steps=plan.steps)
        told = tested(model, plan)
        model.save_pretrained(folder / "model")
        scores = {f"{part} ({kind})": getattr(one, kind) for part, one in told.items() for kind in KINDS}
        changes = {key: value for key, value in asdict(variant).items() if key != "stage"}
        settings = settings_of(plan.stage, **changes, steps=plan.steps, base=str(self.base), benchmark=plan.clips.protocol.name,
                               training_clips=len(plan.clips.train))
        numbers = {**numbers_of(done, scores), **confusions(told)}
        write_record(f"variants/{_slug(name)}", self.scale, self.seed, numbers, settings, time.time() - started, self._out.results)
        del model, done
        gc.collect()                                                 # a trained model refers to itself

    def _record(self, name: str) -> Path:
        return project_folder() / self._out.results / "variants" / _slug(name) / f"{self.scale}-{self.seed}.json"

    @property
    def _out(self) -> Outputs:
        return outputs(self.scale, self.seed)


def rationales(variant: Variant, plan: Plan, model: SkeletonLLM, folder: Path) -> Mapping[str, str]:
    """What measured motion says of the training clips, in the variant's way."""
    found = collect_rationales(KinematicTeacher(), plan.clips.train, model, folder=folder / "rationales", told=variant.told,
                               label_line=variant.label_line, labels=plan.clips.labels, unseen=plan.clips.protocol.unseen)
    return found.texts


def tested(model: SkeletonLLM, plan: Plan) -> dict[str, Evaluation]:
    """Answers to a choice of labels about people, labels and a format never trained on; a part without clips, or with one label, is left out."""
    clips, seen, unseen = plan.clips, plan.clips.labels, plan.clips.protocol.unseen
    parts = {PEOPLE: (clips.test, seen), LABELS: (clips.unseen, unseen), FORMAT: (plan.elsewhere, seen)}
    return {name: evaluate(model, asked, labels, name) for name, (asked, labels) in parts.items() if asked and len(labels) > 1}


def confusions(told: Mapping[str, Evaluation]) -> dict[str, int]:
    """How often each label was put first for each true one, as numbers of a record."""
    return {f"{part}: {truth} > {said}": count for part, one in told.items()
            for (truth, said), count in sorted(Counter((truth, answer.label) for truth, answer in one.pairs).items())}


def confusion(name: str, part: str, scale: str, folder: str = "results") -> pd.DataFrame:
    """How often each label (columns) was put first for each true one (rows), over all seeds of a variant's records."""
    told = table(f"variants/{_slug(name)}", folder)
    told = told[(told["scale"] == scale) & told["name"].str.startswith(f"{part}: ")]
    pairs = told["name"].str.removeprefix(f"{part}: ").str.split(" > ", expand=True)
    counts = pd.DataFrame({"truth": pairs[0], "said": pairs[1], "count": told["value"].astype(int)})
    labels = sorted(set(counts["truth"]) | set(counts["said"]))
    wide = counts.pivot_table(index="truth", columns="said", values="count", aggfunc="sum", fill_value=0)
    return wide.reindex(index=labels, columns=labels, fill_value=0)


def standing(names: Mapping[str, str], part: str, kind: str, scale: str, folder: str = "results") -> dict[str, Score]:
    """Each variant's accuracy over the seeds that were run, by its name in a table; those without a record are left out."""
    found = {}
    for shown, name in names.items():
        told = table(f"variants/{_slug(name)}", folder)
        told = told[(told["scale"] == scale) & (told["name"] == f"{part} ({kind})")] if len(told) else told
        if len(told):
            found[shown] = over_seeds([Score(row.value, int(row.n), row.low, row.high) for row in told.itertuples()])
    return found


def seeds_of(names: Mapping[str, str], scale: str, folder: str = "results") -> list[int]:
    """How many seeds each of the variants was trained with."""
    return [len(list((project_folder() / folder / "variants" / _slug(name)).glob(f"{scale}-*.json"))) for name in names.values()]


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9+]+", "_", name.lower())


def main() -> None:
    """The command line: trains what a table needs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="+", choices=[*TABLES, "all"], help="which comparisons to train for")
    parser.add_argument("--scale", default="demo", choices=("smoke", "demo", "paper"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--base", default="tiny", help="what the first stage starts from (tiny)")
    parser.add_argument("--data-root", default="", help="paper: the folder of NTU RGB+D 60 `.skeleton` files")
    parser.add_argument("--leave-out", default="", help="paper: a text file with the names of NTU recordings that have no skeleton")
    parser.add_argument("--again", action="store_true", help="train what has a record too")
    asked = parser.parse_args()
    chosen = TABLES if "all" in asked.tables else asked.tables
    names = list(dict.fromkeys(name for one in chosen for name in TABLES[one].values()))
    Nursery(asked.scale, asked.seed, asked.base, asked.data_root, asked.leave_out).grow(names, asked.again)


if __name__ == "__main__":
    main()
