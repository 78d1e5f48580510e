"""What a variant is trained and tested on at each scale, and what it answers."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from skllm.benchmarks import HUMANML3D, NW_UCLA, UI_PRMD, LabelledClip, read_ui_prmd, split
from skllm.model import SkeletonLLM
from skllm.study.evaluation import Evaluation, balanced, evaluate
from skllm.study.training import Material, material, portion
from skllm.study.variants import FORMAT, LABELS, ONCE, PEOPLE, TABLES, UCLA, VARIANTS, Variant
from skllm.train.examples import TASKS
from skllm.train.stages import RECIPES, Stage
from skllm.train.teachers import KinematicTeacher, collect_rationales

PROTOCOL = "ntu60_xsub_55_5"       # where a name has none
_DEMO = {1: (70, 100), 2: (70, 40), 3: (24, 30), 4: (8, 30), ONCE: (24, 200)}        # training clips of a label, steps: as notebooks 02 to 05
_ALL = 10**6


@dataclass(frozen=True)
class Part:
    """Clips that are asked about, and the labels to choose among."""

    name: str
    clips: tuple[LabelledClip, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """What a variant is trained on, how, for how many steps (-1: its epochs), and on which parts it is tested."""

    clips: Material
    stage: Stage
    steps: int
    parts: tuple[Part, ...]

    @property
    def chances(self) -> dict[str, float]:
        """How often who guesses is right, in each part."""
        return {part.name: 1 / len(part.labels) for part in self.parts}


def planned(
    name: str, scale: str, seed: int = 0, data_root: str | Path = "", leave_out: str | Path = "", humanml3d_root: str | Path = "",
    nw_ucla_root: str | Path = "",
) -> Plan:
    """A variant's plan: the bundled recordings, or at `paper` scale a protocol from the user's folders.

    There a name may end on a protocol, as in "DrAction, 1-4@ntu120_xsub_110_10" (`find_protocol`); without one it is `PROTOCOL`.
    leave_out: names of NTU recordings; humanml3d_root: for variants that are asked for captions, too; nw_ucla_root: where it is given, all clips
    of NW-UCLA are asked about. Captions that name an unseen label word for word are left out; others may still speak of the same action.
    """
    kind, _, protocol = name.partition("@")
    variant = VARIANTS[kind]
    recipe = RECIPES["paper" if scale == "paper" else "demo"]
    stage = _at_once(recipe) if variant.stage == ONCE else recipe[variant.stage - 1]
    if scale == "paper":
        clips = material(scale, _ALL, _ALL, _ALL, _ALL, seed, data_root, leave_out, protocol or PROTOCOL)
        if variant.captioned:
            clips, stage = _captioned(clips, stage, humanml3d_root)
        far = [Part(UCLA, NW_UCLA.clips(nw_ucla_root), NW_UCLA.labels)] if nw_ucla_root else []
        return Plan(clips, stage, -1, _parts(clips, *far))
    each, steps = (2, 2) if scale == "smoke" else _DEMO[variant.stage]
    tested, labels = (1, 2) if scale == "smoke" else (15, 7)
    sensors = [portion(UI_PRMD, read_ui_prmd(sensor), each, tested, tested, labels, seed) for sensor in variant.sensors]
    clips = replace(sensors[0], train=tuple(one for sensor in sensors for one in sensor.train))
    vicon = [one for one in split(read_ui_prmd("vicon39"), UI_PRMD, "test") if one.label in clips.labels]
    far = [Part(FORMAT, tuple(balanced(vicon, tested)), clips.labels)] if kind in TABLES["joint"].values() else []
    return Plan(clips, replace(stage, clips=1) if scale == "smoke" else stage, steps, _parts(clips, *far))


def _parts(clips: Material, *far: Part) -> tuple[Part, ...]:
    """What there is to ask: parts without clips, or with one label, are left out."""
    parts = (Part(PEOPLE, clips.test, clips.labels), Part(LABELS, clips.unseen, clips.protocol.unseen), *far)
    return tuple(part for part in parts if part.clips and len(part.labels) > 1)


def _captioned(clips: Material, stage: Stage, root: str | Path) -> tuple[Material, Stage]:
    """HumanML3D's training motions beside the clips. With several tasks a clip has one question a pass, so Disc-FT's two take two passes."""
    said = [one for one in split(HUMANML3D.clips(root), HUMANML3D.protocols[0], "train") if one.captions]
    epochs = stage.epochs * TASKS[stage.task].each
    return replace(clips, train=(*clips.train, *said)), replace(stage, task=f"{stage.task}+caption", epochs=epochs)


def _at_once(recipe: Sequence[Stage]) -> Stage:
    """All questions of the first three stages from the first step on, as many as four stages have; all learns that ever does, at its first rate."""
    first, _, third, _ = recipe
    return replace(third, name="all_at_once", task="choose+judge+explain", rates={**third.rates, **first.rates},
                   epochs=sum(stage.epochs * TASKS[stage.task].each for stage in recipe))


def must_have_data(
    names: Sequence[str], data_root: str | Path, leave_out: str | Path = "", humanml3d_root: str | Path = "", nw_ucla_root: str | Path = "",
) -> None:
    """Raises FileNotFoundError or ValueError where what the variants need at `paper` scale is not there."""
    for protocol in dict.fromkeys(name.partition("@")[2] or PROTOCOL for name in names):
        material("paper", 1, 1, 1, _ALL, 0, data_root, leave_out, protocol)
    if any(VARIANTS[name.partition("@")[0]].captioned for name in names):
        HUMANML3D.clips(humanml3d_root)
    if nw_ucla_root:
        NW_UCLA.clips(nw_ucla_root)


def rationales(variant: Variant, plan: Plan, model: SkeletonLLM, folder: Path) -> Mapping[str, str]:
    """What measured motion says of the training clips that have a label, in the variant's way."""
    labelled = [one for one in plan.clips.train if one.label in plan.clips.labels]
    found = collect_rationales(KinematicTeacher(), labelled, model, folder=folder / "rationales", label_line=variant.label_line,
                               labels=plan.clips.labels, unseen=plan.clips.protocol.unseen)
    return found.texts


def ask(model: SkeletonLLM, plan: Plan) -> dict[str, Evaluation]:
    """Answers to a choice of labels in each part."""
    return {part.name: evaluate(model, part.clips, part.labels, part.name) for part in plan.parts}


def confusions(told: Mapping[str, Evaluation]) -> dict[str, int]:
    """How often each label was put first for each true one, as numbers of a record."""
    return {f"{part}: {truth} > {said}": count for part, one in told.items()
            for (truth, said), count in sorted(Counter((truth, answer.label) for truth, answer in one.pairs).items())}
