"""Trains variants: what two of them have in common once, and what has a record not again.

    python -m skllm.study.nursery stages modulator --seed 1 --bf16 --compile
"""

import argparse
import gc
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from skllm.benchmarks import HUMANML3D, NW_UCLA, UI_PRMD, LabelledClip, read_ui_prmd, split
from skllm.model import SkeletonLLM
from skllm.stored import RENDERERS, is_stored
from skllm.study.evaluation import Evaluation, balanced, evaluate
from skllm.study.results import SCALES, Outputs, outputs, project_folder, read_record, write_record
from skllm.study.training import KINDS, Material, Trained, material, numbers_of, portion, settings_of, train_stage
from skllm.study.variants import FORMAT, LABELS, ONCE, PEOPLE, TABLES, VARIANTS, Variant, possible, slug
from skllm.train.examples import needs_rationales
from skllm.train.stages import RECIPES, Stage
from skllm.train.teachers import KinematicTeacher, collect_rationales

_SPLIT = "ntu60_xsub_55_5"         # where a name has none
_DEMO = {1: (70, 100), 2: (70, 40), 3: (24, 30), 4: (8, 30), ONCE: (24, 200)}        # training clips of a label, steps: as notebooks 02 to 05
_SHOWN = {name for some in TABLES.values() for name in some.values()}                    # tested whenever trained; others, if asked for by name
_ELSEWHERE = [VARIANTS[name] for name in TABLES["joint"].values()]                       # tested in the other sensor's format, too


@dataclass(frozen=True)
class Plan:
    """What a variant is trained and tested on at a scale, how, and for how many steps (-1: its epochs); elsewhere: clips of another format."""

    clips: Material
    elsewhere: tuple[LabelledClip, ...]
    stage: Stage
    steps: int

    @property
    def labels_elsewhere(self) -> tuple[str, ...]:
        """The seen labels, or the other benchmark's own."""
        own = {one.label for one in self.elsewhere}
        return self.clips.labels if own <= set(self.clips.labels) else tuple(sorted(own))


def planned(
    variant: Variant, scale: str, seed: int, data_root: str | Path = "", leave_out: str | Path = "", protocol: str = _SPLIT,
    humanml3d_root: str | Path = "", nw_ucla_root: str | Path = "",
) -> Plan:
    """At `paper` scale a protocol from the user's folder (see `find_protocol`), else the bundled recordings.

    humanml3d_root: where captions are trained on, too; nw_ucla_root: where it is given, all clips of NW-UCLA are asked about, at `paper` scale
    """
    recipe = RECIPES["paper" if scale == "paper" else "demo"]
    stage = _at_once(recipe) if variant.stage == ONCE else recipe[variant.stage - 1]
    if scale == "paper":
        clips = material(scale, 10**6, 10**6, 10**6, 10**6, seed, data_root, leave_out, protocol)
        if variant.captioned:
            said = split(HUMANML3D.clips(humanml3d_root), HUMANML3D.protocols[0], "train")
            clips, stage = replace(clips, train=(*clips.train, *said)), replace(stage, task=f"{stage.task}+caption")
        return Plan(clips, NW_UCLA.clips(nw_ucla_root) if nw_ucla_root else (), stage, -1)
    each, steps = (2, 2) if scale == "smoke" else _DEMO[variant.stage]
    tested, labels = (1, 2) if scale == "smoke" else (15, 7)
    parts = [portion(UI_PRMD, read_ui_prmd(sensor), each, tested, tested, labels, seed) for sensor in variant.sensors]
    clips = replace(parts[0], train=tuple(one for part in parts for one in part.train))
    vicon = [one for one in split(read_ui_prmd("vicon39"), UI_PRMD, "test") if one.label in clips.labels and variant in _ELSEWHERE]
    return Plan(clips, tuple(balanced(vicon, tested)), replace(stage, clips=1) if scale == "smoke" else stage, steps)


def _at_once(recipe: Sequence[Stage]) -> Stage:
    """All questions of the first three stages from the first step on, and all learns that ever does, each at its first rate."""
    first, _, third, _ = recipe
    return replace(third, name="all_at_once", task="choose+judge+explain", rates={**third.rates, **first.rates},
                   epochs=sum(stage.epochs for stage in recipe))


@dataclass(frozen=True)
class Nursery:
    """Where variants of one scale and seed are trained: models under `runs/variants`, records of those that were tested under `results/variants`.

    base: what the first stages start from; its renderer is put aside for the variant's own, which starts from nothing. data_root, leave_out,
    humanml3d_root, nw_ucla_root: see `planned`. At `paper` scale a name may end on a protocol, as in
    "DrAction, 1-4@ntu120_xsub_110_10"; without one it is ntu60_xsub_55_5.
    bf16, compiled: as in `stage_trainer`.
    """

    scale: str
    seed: int = 0
    base: str | Path = "tiny"
    data_root: str | Path = ""
    leave_out: str | Path = ""
    humanml3d_root: str | Path = ""
    nw_ucla_root: str | Path = ""
    bf16: bool = False
    compiled: bool = False

    def grow(self, names: Iterable[str], again: bool = False) -> None:
        """Trains and tests those of the variants that have no record yet, or all of them and what they go on from.

        One that was cut off goes on from its newest checkpoint. Raises ValueError for unknown names, records of another base, and what this
        scale has no data for, before anything is trained.
        """
        wanted = list(dict.fromkeys(names))
        for name in wanted:
            self._check(name)
        if again:
            wanted = list(dict.fromkeys(one for name in wanted for one in _line(name)))
            for name in wanted:
                self._record(name).unlink(missing_ok=True)
                (self._folder(name) / "model" / "skllm.json").unlink(missing_ok=True)
        for name in wanted:
            if again or not self._record(name).is_file():
                self._train(name, resume=not again)

    def model(self, name: str) -> Path:
        """The folder of a variant's model; where there is none it is trained first, as is what it goes on from."""
        self._check(name)
        if not is_stored(self._folder(name) / "model"):
            self._train(name, resume=True, tested=name.partition("@")[0] in _SHOWN)
        return self._folder(name) / "model"

    def _check(self, name: str) -> None:
        kind, at, _ = name.partition("@")
        if kind not in VARIANTS or (at and self.scale != "paper"):
            raise ValueError(f"no variant {name!r} at {self.scale} scale; known: {'; '.join(VARIANTS)}")
        if not possible(kind, self.scale):
            raise ValueError(f"{self.scale} scale has not the data that {kind!r} trains on, two bundled sensors or HumanML3D; leave it out")
        for one in _line(name):
            if self._record(one).is_file() and (base := read_record(self._record(one))["settings"]["base"]) != str(self.base):
                raise ValueError(f"the record of {one!r} is of base {base}, not {self.base}; move {self._record(one)} away first")

    def _train(self, name: str, resume: bool, tested: bool = True) -> None:
        kind, at, split_ = name.partition("@")
        variant, folder, started = VARIANTS[kind], self._folder(name), time.time()
        start = self.model(variant.after + at + split_) if variant.after else self.base
        print(f"{name}, seed {self.seed}")
        plan = planned(variant, self.scale, self.seed, self.data_root, self.leave_out, split_ or _SPLIT, self.humanml3d_root, self.nw_ucla_root)
        torch.manual_seed(self.seed)
        model = SkeletonLLM.from_pretrained(start)
        if not variant.after:
            model.renderer = RENDERERS[variant.renderer](replace(model.renderer.config, **variant.config)).to(model.renderer.device)
        texts = rationales(variant, plan, model, folder) if needs_rationales(plan.stage.task) else None
        done = train_stage(model, plan.stage, plan.clips, folder, self.seed, resume, texts, steps=plan.steps, bf16=self.bf16, compiled=self.compiled)
        told = ask(model, plan) if tested else None
        model.save_pretrained(folder / "model")
        if told is not None:
            self._keep(name, plan, done, told, time.time() - started)
        del model, done
        gc.collect()                                                 # a trained model refers to itself

    def _keep(self, name: str, plan: Plan, done: Trained, told: Mapping[str, Evaluation], seconds: float) -> None:
        """The record; one that is there stays, since a training whose model is gone was made again only for those that go on from it."""
        if self._record(name).is_file():
            print(f"{name} was trained again for its model; its record stays")
            return
        scores = {f"{part} ({kind})": getattr(one, kind) for part, one in told.items() for kind in KINDS}
        changes = {key: value for key, value in asdict(VARIANTS[name.partition("@")[0]]).items() if key != "stage"}
        settings = settings_of(plan.stage, **changes, steps=plan.steps, base=str(self.base), benchmark=plan.clips.protocol.name,
                               training_clips=len(plan.clips.train), bf16=self.bf16, compiled=self.compiled)
        numbers = {**numbers_of(done, scores), **confusions(told)}
        write_record(f"variants/{slug(name)}", self.scale, self.seed, numbers, settings, seconds, self._out.results)

    def _folder(self, name: str) -> Path:
        return self._out.runs / "variants" / f"{slug(name)}-{self.scale}-{self.seed}"

    def _record(self, name: str) -> Path:
        return project_folder() / self._out.results / "variants" / slug(name) / f"{self.scale}-{self.seed}.json"

    @property
    def _out(self) -> Outputs:
        return outputs(self.scale, self.seed)


def _line(name: str) -> list[str]:
    """A variant and all that it goes on from, the first stage first."""
    kind, at, split_ = name.partition("@")
    before = VARIANTS[kind].after if kind in VARIANTS else None
    return [*(_line(before + at + split_) if before else []), name]


def rationales(variant: Variant, plan: Plan, model: SkeletonLLM, folder: Path) -> Mapping[str, str]:
    """What measured motion says of the training clips, in the variant's way."""
    named = [one for one in plan.clips.train if one.label in plan.clips.labels]                          # others have captions
    found = collect_rationales(KinematicTeacher(), named, model, folder=folder / "rationales", label_line=variant.label_line,
                               labels=plan.clips.labels, unseen=plan.clips.protocol.unseen)
    return found.texts


def ask(model: SkeletonLLM, plan: Plan) -> dict[str, Evaluation]:
    """Answers to a choice of labels about people, labels and a format never trained on; a part without clips, or with one label, is left out."""
    clips, seen, unseen = plan.clips, plan.clips.labels, plan.clips.protocol.unseen
    parts = {PEOPLE: (clips.test, seen), LABELS: (clips.unseen, unseen), FORMAT: (plan.elsewhere, plan.labels_elsewhere)}
    return {name: evaluate(model, asked, labels, name) for name, (asked, labels) in parts.items() if asked and len(labels) > 1}


def confusions(told: Mapping[str, Evaluation]) -> dict[str, int]:
    """How often each label was put first for each true one, as numbers of a record."""
    return {f"{part}: {truth} > {said}": count for part, one in told.items()
            for (truth, said), count in sorted(Counter((truth, answer.label) for truth, answer in one.pairs).items())}


def main() -> None:
    """The command line: trains what a table needs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="+", choices=[*TABLES, "all"], help="which comparisons to train for")
    parser.add_argument("--scale", default="demo", choices=SCALES, help="how much of it (demo)")
    parser.add_argument("--seed", type=int, default=0, help="of which clips are drawn, in which order (0)")
    parser.add_argument("--base", default="tiny", help="what the first stage starts from (tiny)")
    parser.add_argument("--data-root", default="", help="paper: the folder of NTU RGB+D's `.skeleton` files")
    parser.add_argument("--leave-out", default="", help="paper: a text file with the names of NTU recordings that have no skeleton")
    parser.add_argument("--humanml3d-root", default="", help="paper, captions: the folder of HumanML3D")
    parser.add_argument("--nw-ucla-root", default="", help="paper: the folder of NW-UCLA, to be asked about as well")
    parser.add_argument("--bf16", action="store_true", help="matrix products of the language model in bfloat16")
    parser.add_argument("--compile", dest="compiled", action="store_true", help="its layers compiled while it is trained (needs a C++ compiler)")
    parser.add_argument("--again", action="store_true", help="train what has a record, too")
    asked = parser.parse_args()
    chosen = [one for one in TABLES if all(possible(name, asked.scale) for name in TABLES[one].values())] if "all" in asked.tables else asked.tables
    names = list(dict.fromkeys(name for one in chosen for name in TABLES[one].values()))
    options = {key: value for key, value in vars(asked).items() if key not in ("tables", "again")}
    try:
        Nursery(**options).grow(names, asked.again)
    except (ValueError, OSError) as wrong:
        sys.exit(f"skllm.study.nursery: {wrong}")


if __name__ == "__main__":
    main()
