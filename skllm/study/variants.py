"""Trainings that are compared with each other, as a tree, so that what two of them have in common is trained once.

They differ in what their name says; those of more stages also take more steps.

Trained by `skllm.study.nursery`; here stand their names, the tables that they belong to, and what their records say.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pandas as pd

from skllm.respond.scores import Score, over_seeds
from skllm.study.paper import verdict
from skllm.study.results import project_folder, table

PEOPLE, LABELS, FORMAT, UCLA = "unseen people", "unseen labels", "unseen people, Vicon", "NW-UCLA"         # what a variant is tested on
Name = TypeVar("Name")
ONCE = 5                                                                                 # the number of the stage that is all of them at once


@dataclass(frozen=True)
class Variant:
    """One training: a stage (1 to 4, or `ONCE`) that goes on from another variant, or from the base.

    renderer: a key of `RENDERERS`; config: what differs from the base's renderer; sensors: of the bundled recordings that it is trained on;
    captioned: HumanML3D's captions are asked for beside the labels, at paper scale alone
    label_line: see `collect_rationales`. Measured motion, the teacher here, cannot conclude on a label that it is not told, so the paper's third kind
    of rationale is not among them.
    """

    stage: int
    after: str | None = None
    renderer: str = "draction"
    config: Mapping[str, Any] = field(default_factory=dict)
    sensors: tuple[str, ...] = ("kinect22",)
    label_line: bool = True
    captioned: bool = False


def _chain(name: str, *stages: int, **changes) -> dict[str, Variant]:
    """A variant for each stage, called by the name and the stages so far: each goes on from the one before."""
    names = [f"{name}, {'-'.join(map(str, stages[: n + 1]))}" for n in range(len(stages))]
    return {one: Variant(stage, before, **changes) for one, before, stage in zip(names, [None, *names], stages, strict=False)}


def _both(name: str, **changes) -> dict[str, Variant]:
    """With two stages, and with four."""
    return _chain(name, 1, 4, **changes) | _chain(name, 1, 2, 3, 4, **changes)


VARIANTS: dict[str, Variant] = {
    **_chain("DrAction", 1, 4), **_chain("DrAction", 1, 2, 4), **_chain("DrAction", 1, 3, 4), **_chain("DrAction", 1, 2, 3, 4),
    "DrAction, all at once": Variant(ONCE),
    "no label line, 1-2-3": Variant(3, "DrAction, 1-2", label_line=False), "no label line, 1-2-3-4": Variant(4, "no label line, 1-2-3"),
    **_both("3D+Velocity", renderer="3d+velocity"),
    **_both("2D", renderer="2d"), **_both("JTM", renderer="jtm"), **_both("DrAction without NFM", config={"nfm": False}),
    **_both("without depth", config={"inputs": ("position", "velocity")}), **_both("without velocity", config={"inputs": ("position", "depth")}),
    **_both("without position", config={"inputs": ("velocity", "depth")}),
    **_both("LSTM", config={"recurrent": "lstm"}), **_both("RNN", config={"recurrent": "rnn"}), **_both("no memory", config={"recurrent": None}),
    **_both("uniform", config={"blend": "uniform"}), **_both("distance", config={"blend": "inverse-distance"}),
    **_both("learnable", config={"blend": "learnable"}),
    **_chain("Kinect and Vicon", 1, 4, sensors=("kinect22", "vicon39")), **_chain("DrAction and captions", 1, 2, 3, 4, captioned=True),
}
# What stands beside each other, and under which name of the paper.
TABLES: dict[str, dict[str, str]] = {
    "renderers": {"2D, stages 1 and 4": "2D, 1-4", "JTM, stages 1 and 4": "JTM, 1-4", "3D+Velocity, stages 1 and 4": "3D+Velocity, 1-4",
                  "DrAction without NFM, stages 1 and 4": "DrAction without NFM, 1-4", "DrAction, stages 1 and 4": "DrAction, 1-4",
                  "3D+Velocity": "3D+Velocity, 1-2-3-4", "DrAction": "DrAction, 1-2-3-4"},
    "stages": {"all four stages": "DrAction, 1-2-3-4", "without CR-Distill": "DrAction, 1-2-4", "without Disc-FT": "DrAction, 1-3-4",
               "stages 1 and 4": "DrAction, 1-4", "all at once, from scratch": "DrAction, all at once"},
    "rationales": {"no rationales": "DrAction, 1-2-4", "no final label line": "no label line, 1-2-3-4", "full": "DrAction, 1-2-3-4"},
    "modulator": {"GRU, all inputs": "DrAction, 1", "without depth": "without depth, 1", "without velocity": "without velocity, 1",
                  "without position": "without position, 1", "LSTM": "LSTM, 1", "RNN": "RNN, 1", "no memory": "no memory, 1"},
    "blends": {"uniform": "uniform, 1", "distance": "distance, 1", "learnable": "learnable, 1", "topology": "DrAction, 1"},
    "joint": {"Kinect alone": "DrAction, 1-4", "Kinect and Vicon": "Kinect and Vicon, 1-4"},
    "captions": {"NTU-60 alone": "DrAction, 1-2-3-4", "NTU-60 and HumanML3D": "DrAction and captions, 1-2-3-4"},
}
_FOUR = ("2D", "JTM", "DrAction without NFM")


def compared(table: str, scale: str) -> dict[str, str]:
    """A table's rows and their variants. At `paper` scale all stages are trained where the paper does, which up to `demo` would take hours."""
    rows = TABLES[table]
    if scale != "paper":
        return rows
    if table == "renderers":
        return {**{name: f"{name}, 1-2-3-4" for name in _FOUR}, **rows}
    return {shown: f"{name.removesuffix(', 1')}, 1-2-3-4" for shown, name in rows.items()} if table in ("modulator", "blends") else rows


# The row that a table is about; only rows of as many steps are compared with it.
_ABOUT = {"renderers": ("DrAction, stages 1 and 4", "DrAction"), "stages": ("all four stages",), "rationales": ("full",),
          "modulator": ("GRU, all inputs",), "blends": ("topology",), "joint": ("Kinect and Vicon",), "captions": ("NTU-60 and HumanML3D",)}


def verdicts(table: str, scores: Mapping[str, Score], scale: str) -> dict[tuple[str, str], str]:
    """Whether the row that a table is about is ahead of each other one or behind, or no difference is shown (`verdict`), by the two rows' names."""
    rows = {row: name for row, name in compared(table, scale).items() if row in scores}
    return {(about, row): verdict(scores[about], scores[row]) for about in _ABOUT[table] for row in rows
            if about in rows and row != about and _stages(rows[row]) == _stages(rows[about])}


def _stages(name: str) -> str:
    last = name.rpartition(", ")[2]
    return "1-2-3-4" if last == "all at once" else last                  # as many steps


def shown_somewhere(name: str) -> bool:
    """Whether a table shows the variant, with or without a protocol behind its name; such are tested whenever they are trained."""
    return any(name.partition("@")[0] in compared(table, scale).values() for table in TABLES for scale in ("demo", "paper"))


def possible(name: str, scale: str) -> bool:
    """Whether a scale has the data: two bundled sensors up to `demo`, captions at `paper`."""
    variant = VARIANTS[name]
    return variant.sensors == ("kinect22",) if scale == "paper" else not variant.captioned


def confusion(name: str, part: str, scale: str, folder: str = "results") -> pd.DataFrame:
    """How often each label (columns) was put first for each true one (rows), over all seeds of a variant's records."""
    told = table(f"variants/{slug(name)}", folder)
    told = told[(told["scale"] == scale) & told["name"].str.startswith(f"{part}: ")] if len(told) else told
    if not len(told):
        raise ValueError(f"no record of {name!r} at {scale} scale tells confusions; train it first: python -m skllm.study.nursery")
    pairs = told["name"].str.removeprefix(f"{part}: ").str.split(" > ", expand=True)
    counts = pd.DataFrame({"truth": pairs[0], "said": pairs[1], "count": told["value"].astype(int)})
    labels = sorted(set(counts["truth"]) | set(counts["said"]))
    wide = counts.pivot_table(index="truth", columns="said", values="count", aggfunc="sum", fill_value=0)
    return wide.reindex(index=labels, columns=labels, fill_value=0)


def standing(names: Mapping[Name, str], part: str, kind: str, scale: str, folder: str = "results") -> dict[Name, Score]:
    """Each variant's accuracy over the seeds that were run, by its name in a table; those without a record are left out."""
    found = {}
    for shown, name in names.items():
        told = table(f"variants/{slug(name)}", folder)
        told = told[(told["scale"] == scale) & (told["name"] == f"{part} ({kind})")] if len(told) else told
        if len(told):
            found[shown] = over_seeds([Score(row.value, int(row.n), row.low, row.high) for row in told.itertuples()])
    return found


def seeds_told(names: Mapping[Any, str], scale: str, folder: str = "results") -> str:
    """How many trainings each variant has, in words."""
    found = sorted(set(seeds_of(names, scale, folder)))
    return "one training each" if found == [1] else f"trainings each: {' to '.join(map(str, found[:: max(1, len(found) - 1)]))}"


def seeds_of(names: Mapping[Any, str], scale: str, folder: str = "results") -> list[int]:
    """How many seeds each of the variants was trained with."""
    return [len(list((project_folder() / folder / "variants" / slug(name)).glob(f"{scale}-*.json"))) for name in names.values()]


def slug(name: str) -> str:
    """The name of a variant's folder."""
    return re.sub(r"[^a-z0-9+]+", "_", name.lower())
