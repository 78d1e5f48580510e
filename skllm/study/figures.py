"""Figures that more than one notebook draws. Each returns a matplotlib figure; `save` puts it where figures belong."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from jaxtyping import Float
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from skllm.animation import still_clip
from skllm.skeleton import Skeleton
from skllm.study.learned import Dependence
from skllm.study.results import project_folder

_INK = "#444444"


def save(figure: Figure, name: str, folder: str = "papers/figures", colours: int = 256) -> Path:
    """Writes `<folder>/<name>.png` at 90 dots an inch, in so many colours for the sake of its size, and the same as PDF for print.

    Returns the path of the PNG.
    """
    path = project_folder() / folder / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    held = io.BytesIO()
    figure.savefig(held, dpi=90, bbox_inches="tight")
    Image.open(held).convert("RGB").quantize(colours, dither=Image.Dither.NONE).save(path, optimize=True)
    figure.savefig(path.with_suffix(".pdf"), bbox_inches="tight", metadata={"CreationDate": None})
    return path


def films(rows: Mapping[str, Float[Tensor, "T 3 H W"]], shown: int = 6, title: str = "", brighten: float = 1.0) -> Figure:
    """One row of pictures each, evenly taken from the clip and cropped to where anything is painted.

    brighten: factor for the eye alone; the language model sees the pictures as they are.
    """
    figure, axes = plt.subplots(len(rows), shown, figsize=(1.5 * shown, 1.62 * len(rows)), squeeze=False, facecolor="white")
    for line, (name, pictures) in zip(axes, rows.items(), strict=True):
        at = np.linspace(0, len(pictures) - 1, shown).round().astype(int)
        rgb = (pictures.detach() * brighten).clamp(0, 1).permute(0, 2, 3, 1).cpu().numpy()
        top, bottom, left, right = _painted(rgb)
        for axis, n in zip(line, at, strict=True):
            axis.imshow(rgb[n, top:bottom, left:right])
            axis.set(xticks=[], yticks=[])
        line[0].set_ylabel(name, fontsize=8, color=_INK)
    figure.suptitle(title, fontsize=10, color=_INK, y=1 - 0.08 / figure.get_figheight(), va="top")
    figure.tight_layout(pad=0.4, rect=(0, 0, 1, 1 - 0.18 / figure.get_figheight()))
    figure.subplots_adjust(hspace=max(0.02, figure.subplotpars.hspace))              # what it takes for the title it would else take from the rows
    plt.close(figure)
    return figure


def contact_sheet(cells: Mapping[str, tuple[Skeleton, Float[Tensor, "T 3 H W"]]], columns: int = 3, poses: int = 3) -> Figure:
    """Many clips on one page: for each some poses as lines (left limbs blue, right orange), and one painted picture, with a caption."""
    rows = -(-len(cells) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(3.6 * columns, 1.12 * rows), squeeze=False, facecolor="white")
    for axis in axes.flat:
        axis.axis("off")
    for axis, (caption, (clip, pictures)) in zip(axes.flat, cells.items(), strict=False):
        lines = plt.imread(io.BytesIO(still_clip(clip, poses, 120)))[..., :3]
        rgb = pictures.detach().clamp(0, 1).permute(0, 2, 3, 1).cpu().numpy()
        rgb = rgb[len(rgb) // 2 :][:1]
        top, bottom, left, right = _painted(rgb)
        painted = Image.fromarray((255 * rgb[0, top:bottom, left:right]).astype(np.uint8)).resize((120, 120))
        axis.imshow(np.concatenate([lines, np.asarray(painted) / 255], 1))
        axis.set_title(caption, fontsize=6.5, color=_INK, pad=2)
    figure.tight_layout(pad=0.3, h_pad=0.4, w_pad=0.4)
    plt.close(figure)
    return figure


def _painted(rgb: np.ndarray) -> tuple[int, int, int, int]:
    """A square around everything brighter than 2 %, the whole picture where nothing is."""
    rows, columns = np.nonzero(rgb.max((0, 3)) > 0.02)
    if not len(rows):
        return 0, rgb.shape[1], 0, rgb.shape[2]
    size = rgb.shape[1]
    half = min(size // 2, int(max(np.ptp(rows), np.ptp(columns))) // 2 + size // 28)
    y, x = (int(np.clip((v.min() + v.max()) // 2, half, size - half)) for v in (rows, columns))
    return y - half, y + half, x - half, x + half


def loss_curve(steps: Sequence[int], losses: Sequence[float], title: str, chance: float | None = None) -> Figure:
    """Training loss over steps, with the loss of guessing as a line where there is one."""
    figure, axis = plt.subplots(figsize=(6, 2.8))
    axis.plot(steps, losses, color="#3b6fb6", marker=".", lw=1)
    if chance is not None:
        axis.axhline(chance, color=_INK, lw=0.8, ls=":")
        axis.annotate("as if guessing", (steps[-1], chance), ha="right", va="bottom", fontsize=8, color=_INK)
    axis.set(xlabel="step", ylabel="loss of the answer", title=title, ylim=(0, None))
    _plain(figure)
    return figure


def slopes(history: Sequence[Mapping[str, float]], title: str) -> Figure:
    """Gradient norm of each parameter over steps, on a logarithmic scale, coloured by the module it belongs to."""
    groups: dict[str, list[str]] = {}
    for name in history[0]:
        groups.setdefault(name.split(".")[0], []).append(name)
    figure, axis = plt.subplots(figsize=(7, 3.2))
    for n, (group, names) in enumerate(groups.items()):
        drawn = [[step[name] for name in names] for step in history]
        lines = axis.semilogy(range(1, len(history) + 1), drawn, lw=0.8, color=plt.colormaps["tab10"](n))
        lines[0].set_label(group)
    axis.set(xlabel="step", ylabel="gradient norm", title=title)
    axis.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    _plain(figure)
    return figure


def learned(moved: Mapping[str, float], before: Dependence, after: Dependence, title: str) -> Figure:
    """How far each parameter group moved, and what the pictures depend on before and after; says so where nothing moved."""
    figure, axes = plt.subplots(1, 4, figsize=(9.5, 2.6), width_ratios=(2.2, 1, 1, 1))
    axes[0].barh(list(moved), list(moved.values()), color="#3b6fb6")
    axes[0].set(xlabel="root mean square change", title="how far it moved")
    axes[0].invert_yaxis()
    if not any(moved.values()):
        axes[0].text(0.5, 0.5, "nothing has moved", transform=axes[0].transAxes, ha="center", va="center", color="#b03030")
    for axis, (name, unit) in zip(axes[1:], {"velocity": "per m/s", "part": "all parts alike", "contrast": "fast beside slow"}.items(), strict=True):
        axis.bar(["before", "after"], [getattr(before, name), getattr(after, name)], color=["#b9c4d0", "#3b6fb6"])
        axis.axhline(0, color=_INK, lw=0.6)
        axis.set(title=f"{name}: {unit}")
        axis.tick_params(labelsize=8)
    figure.suptitle(title, fontsize=10, color=_INK)
    _plain(figure)
    return figure


def growth(curves: Mapping[str, Sequence[tuple[float, float]]]) -> Figure:
    """Milliseconds over each measure of the work, with the straight line of least squares through the points."""
    figure, axes = plt.subplots(1, len(curves), figsize=(4 * len(curves), 2.8), squeeze=False)
    for axis, (name, points) in zip(axes[0], curves.items(), strict=True):
        x, y = np.array(points).T
        slope, start = np.polyfit(x, y, 1)
        axis.plot(x, y, "o", color="#3b6fb6", ms=5)
        axis.plot([0, x.max()], [start, start + slope * x.max()], color=_INK, lw=0.8, ls=":")
        axis.set(xlabel=name, ylabel="ms, forward", ylim=(0, None), xlim=(0, None), title=f"{slope:.2f} ms each and {start:.1f} ms")
    _plain(figure)
    return figure


def moved(changes: Mapping[str, float], title: str) -> Figure:
    """How far each part moved; says so where nothing did."""
    figure, axis = plt.subplots(figsize=(6, 0.4 * len(changes) + 1.1))
    axis.barh(list(changes), list(changes.values()), color="#3b6fb6")
    axis.set(xlabel="root mean square change of a weight", title=title)
    axis.invert_yaxis()
    for n, change in enumerate(changes.values()):
        axis.annotate(f" {change:.1e}" if change else " frozen", (change, n), va="center", fontsize=8, color=_INK)
    axis.margins(x=0.2)
    axis.locator_params(axis="x", nbins=5)
    _plain(figure)
    return figure


def seconds(rows: Mapping[str, Mapping[str, float]], title: str, what: str = "seconds a step") -> Figure:
    """Where seconds go: one stacked bar a row, with its sum."""
    figure, axis = plt.subplots(figsize=(7, 0.5 * len(rows) + 1.5))
    left = np.zeros(len(rows))
    for n, part in enumerate(next(iter(rows.values()))):
        width = np.array([row[part] for row in rows.values()])
        axis.barh(list(rows), width, left=left, label=part, color=plt.colormaps["tab10"](n))
        left += width
    for n, total in enumerate(left):
        axis.annotate(f" {total:.{1 if left.max() >= 2 else 2}f} s", (total, n), va="center", fontsize=8, color=_INK)
    axis.set(xlabel=what, title=title)
    axis.margins(x=0.12)
    axis.invert_yaxis()
    axis.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    _plain(figure)
    return figure


def stages(told: pd.DataFrame, chances: Mapping[str, float], title: str) -> Figure:
    """Accuracy after each stage, a panel for what was tested, a colour for the kind of answer; from `training.stage_table`."""
    figure, axes = plt.subplots(1, len(chances), figsize=(4.2 * len(chances), 3.2), sharey=True, squeeze=False)
    for axis, (tested, chance) in zip(axes[0], chances.items(), strict=True):
        part = told[told["tested on"] == tested]
        for n, (kind, points) in enumerate(part.groupby("answer", sort=False)):
            reach = [points["mean"] - points["low"], points["high"] - points["mean"]]
            axis.errorbar(points["stage"] + 0.16 * (n - 1), points["mean"], yerr=reach, fmt="o", ms=4, capsize=2, lw=1, label=kind)
        axis.axhline(chance, color=_INK, lw=0.8, ls=":")
        axis.set(title=f"{tested}, n = {part['n'].min()}", xticks=range(1, 5), xlabel="after stage", xlim=(0.5, 4.6), ylim=(0, 1))
        axis.annotate("chance", (4.58, chance), fontsize=7, color=_INK, ha="right", va="bottom")
    axes[0, 0].set_ylabel("share right")
    axes[0, -1].legend(fontsize=7, frameon=False, loc="upper right")
    figure.suptitle(title, fontsize=10, color=_INK)
    _plain(figure)
    return figure


def bars(values: Mapping[str, tuple[float, float, float]], line: float | Sequence[float], line_name: str, title: str) -> Figure:
    """Shares with their intervals (value, low, high), and a dotted line such as chance, for all rows or for each its own."""
    figure, axis = plt.subplots(figsize=(6, 0.5 * len(values) + 1.1))
    lines = [line] * len(values) if isinstance(line, float) else list(line)
    for n, ((value, low, high), at) in enumerate(zip(values.values(), lines, strict=True)):
        axis.errorbar(value, n, xerr=[[value - low], [high - value]], fmt="o", color="#3b6fb6", capsize=3, ms=5)
        axis.vlines(at, n - 0.5, n + 0.5, color=_INK, lw=0.8, ls=":")
    axis.set_yticks(range(len(values)), list(values), fontsize=8)
    axis.annotate(f" {line_name}", (lines[-1], len(values) - 0.35), fontsize=8, color=_INK, ha="left")
    axis.set(xlabel="share right", xlim=(0, 1), ylim=(len(values) - 0.2, -0.6), title=title)
    _plain(figure)
    return figure


def _plain(figure: Figure) -> None:
    for axis in figure.axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.title.set_fontsize(10)
    figure.tight_layout()
    plt.close(figure)
