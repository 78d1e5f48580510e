"""How a model holds up as a sensor gets worse: joints hidden, noise, fewer joints."""

from collections.abc import Mapping, Sequence
from functools import partial

import matplotlib.pyplot as plt
import pandas as pd
import torch
from matplotlib.figure import Figure
from torch import Tensor

from skllm.benchmarks import LabelledClip
from skllm.formats.topologies import NTU25
from skllm.model import SkeletonLLM
from skllm.perturb import REDUCED, add_noise, drop_joints, reduce, relayout
from skllm.respond.scores import Score
from skllm.skeleton import Skeleton
from skllm.study.evaluation import evaluate
from skllm.study.unseen import Change, changed

HIDDEN, NOISE, JOINTS = "joints hidden, %", "noise, cm", "joints"
PAPER = {HIDDEN: "rebuttal, joint dropout", NOISE: "rebuttal, noise", JOINTS: "rebuttal, reduced topologies"}       # in skllm/study/paper.csv
_INK = "#444444"


def _hidden(percent: int, clip: Skeleton, dice: torch.Generator) -> Skeleton:
    return drop_joints(clip, percent / 100, dice) if percent else clip


def _shaken(centimetres: int, clip: Skeleton, dice: torch.Generator) -> Skeleton:
    return add_noise(clip, centimetres, dice) if centimetres else clip


def _fewer(joints: int, clip: Skeleton, dice: torch.Generator) -> Skeleton:
    if joints not in REDUCED:
        return clip
    fewer = reduce(clip, joints) if clip.topology.joint_names == NTU25.joint_names else relayout(clip, REDUCED[joints])
    lost = [name for name, seen in zip(fewer.topology.joint_names, (fewer.seen > 0).any(0).any(0).tolist(), strict=True) if not seen]
    if lost and (clip.seen > 0).any(0).any(0).all():
        raise ValueError(f"{clip.topology.name} has nothing that could stand for {', '.join(lost)}, so it can't be reduced to {joints} joints")
    return fewer


# The paper's steps. It leaves open whether joints are hidden for a clip or, as here, anew in every frame.
def sweeps(own: int) -> Mapping[str, Mapping[int, Change]]:
    """What is made worse, and by how much; own: joints of the clips as they are."""
    return {
        HIDDEN: {percent: partial(_hidden, percent) for percent in (0, 10, 20, 30, 50)},
        NOISE: {centimetres: partial(_shaken, centimetres) for centimetres in (0, 2, 5, 10)},
        JOINTS: {joints: partial(_fewer, joints) for joints in (own, *(fewer for fewer in (20, 17, 13) if fewer < own))},
    }


def examine(model: SkeletonLLM, clips: Sequence[LabelledClip], labels: Sequence[str], seed: int = 0) -> dict[str, dict[int, Score]]:
    """How often the likeliest label is right, at each step of each sweep; the clips as they are, asked once, stand in all three."""
    told, plain = {}, evaluate(model, clips, labels, "as they are").ranked
    for name, steps in sweeps(len(clips[0].clip.topology.joint_names)).items():
        first, *rest = steps
        told[name] = {first: plain} | {step: evaluate(model, changed(clips, steps[step], seed), labels, f"{name} {step}").ranked for step in rest}
    return told


def absent(model: SkeletonLLM, clips: Sequence[LabelledClip], seed: int = 0) -> dict[int, float]:
    """Of the joints that the sensor saw, the share that is not painted, at each step of hiding; the model's renderer may bridge gaps."""

    def painted(some: Sequence[LabelledClip]) -> list[Tensor]:
        return [model.renderer.sample(one.clip, model.frames).seen > 0 for one in some]

    whole, told = painted(clips), {}
    for percent, change in sweeps(0)[HIDDEN].items():
        shares = [(there & ~kept).sum() / there.sum() for there, kept in zip(whole, painted(changed(clips, change, seed)), strict=True)]
        told[percent] = torch.stack(shares).mean().item()
    return told


def robustness_figure(told: Mapping[str, Mapping[int, Score]], paper: pd.DataFrame, chance: float, title: str) -> Figure:
    """A column for each sweep: what the paper reports above, with its own model dark and others light, and what was measured here below."""
    figure, axes = plt.subplots(2, len(told), figsize=(3.4 * len(told), 5), sharey="row")
    for (above, below), (name, scores) in zip(axes.T, told.items(), strict=True):
        marks = iter(("o-", "s--", "^--", "D--"))
        for method, rows in paper[paper["table"] == PAPER[name]].groupby("method", sort=False):
            own = method in ("SkeletonLLM", "topology")
            steps = [int(setting.split()[0]) for setting in rows["setting"]]
            above.plot(steps, rows["value"] / 100, next(marks), ms=4, color="#222222" if own else "#8a8a8a", lw=1, label=method)
        above.legend(fontsize=6, frameon=False, loc="lower left")
        values = [score.value for score in scores.values()]
        reach = [[score.value - score.low for score in scores.values()], [score.high - score.value for score in scores.values()]]
        below.errorbar(list(scores), values, yerr=reach, fmt="o-", ms=4, lw=1, capsize=2, color="#3b6fb6")
        below.axhline(chance, color=_INK, lw=0.8, ls=":")
        for axis in (above, below):
            axis.set(xlabel=name, ylim=(0, 1), xticks=sorted({int(one.split()[0]) for one in rows["setting"]}) if axis is above else list(scores))
            axis.spines[["top", "right"]].set_visible(False)
            if name == JOINTS:
                axis.invert_xaxis()
    axes[0, 0].set_ylabel("share right, the paper\nNTU-60 48/12")
    axes[1, 0].set_ylabel("share right, here")
    axes[1, -1].annotate("chance ", (1, chance), xycoords=("axes fraction", "data"), fontsize=7, ha="right", va="bottom", color=_INK)
    figure.suptitle(title, fontsize=10, color=_INK)
    figure.tight_layout()
    plt.close(figure)
    return figure
