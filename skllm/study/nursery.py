"""Trains variants: what two of them have in common once, and what has a record not again.

    python -m skllm.study.nursery stages modulator --seed 1 --bf16 --compile
"""

import argparse
import gc
import json
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch

from skllm.model import SkeletonLLM
from skllm.reason.speed import must_compile
from skllm.stored import RENDERERS, is_stored
from skllm.study.plans import PROTOCOL, Plan, ask, confusions, must_have_data, planned, rationales
from skllm.study.results import SCALES, Outputs, outputs, project_folder, read_record, write_record
from skllm.study.training import KINDS, numbers_of, settings_of, train_stage
from skllm.study.variants import TABLES, UCLA, VARIANTS, compared, possible, shown_somewhere, slug
from skllm.train.checkpoints import lock, set_aside
from skllm.train.examples import needs_rationales

_TOLD = "told.json"                # beside the checkpoints: what a training told


@dataclass(frozen=True)
class Nursery:
    """Where variants of one scale and seed are trained: models under `runs/variants`, records of those that were tested under `results/variants`.

    base: what the first stages start from; its renderer is put aside for the variant's own, which starts from nothing
    data_root, leave_out, humanml3d_root, nw_ucla_root: see `planned`; bf16, compiled: as in `stage_trainer`
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

        One that was cut off goes on from its newest checkpoint. With `again`, what went on from an older model of these and is not named
        keeps its record. Raises ValueError for unknown names and for records of another base or precision, FileNotFoundError for missing data,
        before anything is trained.
        """
        wanted = self._checked(names)
        if again:
            wanted = list(dict.fromkeys(one for name in wanted for one in _line(name)))
            for name in wanted:
                self._forget(name)
        for name in wanted:
            if not self._recorded(name):
                self._test(name, None if is_stored(self._folder(name) / "model") else self._train(name))

    def model(self, name: str) -> Path:
        """The folder of a variant's model; where there is none it is trained first, as is what it goes on from."""
        (name,) = self._checked([name])
        if not is_stored(self._folder(name) / "model"):
            model = self._train(name)
            if shown_somewhere(name) and not self._recorded(name):
                self._test(name, model)
        return self._folder(name) / "model"

    def plan(self, name: str) -> Plan:
        """What the variant is trained and tested on."""
        return planned(name, self.scale, self.seed, self.data_root, self.leave_out, self.humanml3d_root, self.nw_ucla_root)

    def _checked(self, names: Iterable[str]) -> list[str]:
        """Each name once, in full."""
        paper = self.scale == "paper"
        wanted = list(dict.fromkeys(f"{name}@{PROTOCOL}" if paper and "@" not in name else name for name in names))
        for name in wanted:
            kind, at, _ = name.partition("@")
            if kind not in VARIANTS or (at and not paper):
                raise ValueError(f"no variant {name!r} at {self.scale} scale; known: {'; '.join(VARIANTS)}")
            if not possible(kind, self.scale):
                raise ValueError(f"{self.scale} scale has not the data that {kind!r} trains on, two bundled sensors or HumanML3D; leave it out")
            for one in _line(name):
                self._must_be_alike(one)
        if paper:
            must_have_data(wanted, self.data_root, self.leave_out, self.humanml3d_root, self.nw_ucla_root)
        return wanted

    def _must_be_alike(self, name: str) -> None:
        """Tables compare trainings of one base and one precision."""
        if self._record(name).is_file():
            told = read_record(self._record(name))["settings"]
            for key, mine in (("base", str(self.base)), ("bf16", self.bf16)):
                if told.get(key, mine) != mine:
                    raise ValueError(f"the record of {name!r} is of {key} {told[key]}, not {mine}; move {self._record(name)} away first")

    def _forget(self, name: str) -> None:
        """Takes away record and model, and puts checkpoints where no resume finds them: what is made anew may start from another model."""
        self._record(name).unlink(missing_ok=True)
        (self._folder(name) / "model" / "skllm.json").unlink(missing_ok=True)
        set_aside(self._folder(name))

    def _recorded(self, name: str) -> bool:
        """Whether there is a record, of all that is asked now."""
        if not self._record(name).is_file():
            return False
        return not self.nw_ucla_root or f"{UCLA} (ranked)" in read_record(self._record(name))["numbers"]

    def _train(self, name: str) -> SkeletonLLM:
        """Trains and stores a variant, after what it goes on from."""
        kind, at, protocol = name.partition("@")
        variant, folder = VARIANTS[kind], self._folder(name)
        start = self.model(variant.after + at + protocol) if variant.after else self.base
        folder.mkdir(parents=True, exist_ok=True)
        print(f"{name}, seed {self.seed}")
        started, plan = time.time(), self.plan(name)
        torch.manual_seed(self.seed)
        model = SkeletonLLM.from_pretrained(start)
        if not variant.after:
            model.renderer = RENDERERS[variant.renderer](replace(model.renderer.config, **variant.config)).to(model.renderer.device)
        texts = rationales(variant, plan, model, folder) if needs_rationales(plan.stage.task) else None
        done = train_stage(model, plan.stage, plan.clips, folder, self.seed, True, texts, steps=plan.steps, bf16=self.bf16, compiled=self.compiled)
        _write(folder / _TOLD, {**numbers_of(done, {}), "seconds of training": time.time() - started})
        model.save_pretrained(folder / "model")
        del done
        gc.collect()                                                 # a trained model refers to itself
        return model

    def _test(self, name: str, model: SkeletonLLM | None) -> None:
        """Asks a variant and writes its record; without a model the stored one is asked."""
        folder, started, plan = self._folder(name), time.time(), self.plan(name)
        held = lock(folder)
        try:
            told = ask(model or SkeletonLLM.from_pretrained(folder / "model"), plan)
            numbers = json.loads((folder / _TOLD).read_text()) if (folder / _TOLD).is_file() else {}
            scores = {f"{part} ({kind})": getattr(one, kind) for part, one in told.items() for kind in KINDS}
            changes = {key: value for key, value in asdict(VARIANTS[name.partition("@")[0]]).items() if key != "stage"}
            settings = settings_of(plan.stage, **changes, steps=plan.steps, base=str(self.base), benchmark=plan.clips.protocol.name,
                                   training_clips=len(plan.clips.train), bf16=self.bf16, compiled=self.compiled)
            seconds = numbers.get("seconds of training", 0) + time.time() - started
            told_of = {**scores, **numbers, **confusions(told)}
            write_record(f"variants/{slug(name)}", self.scale, self.seed, told_of, settings, seconds, self._out.results)
        finally:
            held.close()

    def _folder(self, name: str) -> Path:
        return self._out.runs / "variants" / f"{slug(name)}-{self.scale}-{self.seed}"

    def _record(self, name: str) -> Path:
        return project_folder() / self._out.results / "variants" / slug(name) / f"{self.scale}-{self.seed}.json"

    @property
    def _out(self) -> Outputs:
        return outputs(self.scale, self.seed)


def _line(name: str) -> list[str]:
    """A variant and all that it goes on from, the first stage first."""
    kind, at, protocol = name.partition("@")
    before = VARIANTS[kind].after
    return [*(_line(before + at + protocol) if before else []), name]


def _write(path: Path, told: dict) -> None:
    new = path.with_suffix(".new")
    new.write_text(json.dumps(told, indent=1))
    os.replace(new, path)


def main() -> None:
    """The command line: trains what a table needs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", nargs="+", choices=[*TABLES, "all"], help="which comparisons to train for")
    parser.add_argument("--scale", default="demo", choices=SCALES, help="how much of it (demo)")
    parser.add_argument("--seed", type=int, default=0, help="of which clips are drawn, in which order (0)")
    parser.add_argument("--base", default="tiny", help="what the first stage starts from (tiny)")
    parser.add_argument("--protocol", default=PROTOCOL, help=f"paper: such as ntu60_xsub_48_12, which notebooks 10 and 11 show ({PROTOCOL})")
    parser.add_argument("--data-root", default="", help="paper: the folder of NTU RGB+D's `.skeleton` files")
    parser.add_argument("--leave-out", default="", help="paper: a text file with the names of NTU recordings that have no skeleton")
    parser.add_argument("--humanml3d-root", default="", help="paper, captions: the folder of HumanML3D")
    parser.add_argument("--nw-ucla-root", default="", help="paper: the folder of NW-UCLA, to be asked about as well")
    parser.add_argument("--bf16", action="store_true", help="matrix products of the language model in bfloat16, as in the notebooks")
    parser.add_argument("--compile", dest="compiled", action="store_true", help="its layers compiled while it is trained (needs a C++ compiler)")
    parser.add_argument("--again", action="store_true", help="train what has a record, too")
    asked = vars(parser.parse_args())
    tables, again, protocol = (asked.pop(key) for key in ("tables", "again", "protocol"))
    names = [name for table in (TABLES if "all" in tables else tables) for name in compared(table, asked["scale"]).values()]
    if "all" in tables:
        names = [name for name in names if possible(name, asked["scale"])]
    try:
        if asked["compiled"]:
            must_compile()
        Nursery(**asked).grow([f"{name}@{protocol}" if asked["scale"] == "paper" else name for name in names], again)
    except (ValueError, OSError) as wrong:
        sys.exit(f"skllm.study.nursery: {wrong}")


if __name__ == "__main__":
    main()
