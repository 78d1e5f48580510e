"""Where a model puts actions: confusion matrices side by side, and the plane of t-SNE."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from sklearn.manifold import TSNE

from skllm.benchmarks import LabelledClip
from skllm.benchmarks.similar import similar_actions
from skllm.model import SkeletonLLM

_INK, _MARK = "#444444", "#c8500a"
_MARKERS = "osD^vP*X<>hd"
_COLOURS = ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#999999")          # Okabe and Ito: told apart by everyone


def confusion_figure(counts: Mapping[str, pd.DataFrame], title: str) -> Figure:
    """A matrix for each model, rows the true labels, in shares of a row; the label most similar to each row's by its words is framed."""
    labels = list(dict.fromkeys(label for one in counts.values() for label in one.index))
    near = {label: others[0] for label, others in similar_actions(labels, top=1).items()} if len(labels) > 3 else {}
    side = max(4.2, 0.16 * len(labels))                                 # inches; sixty labels can be read, too
    figure, axes = plt.subplots(1, len(counts), figsize=(3.2 + side * len(counts), side + 1.8), sharey=True, squeeze=False)
    for axis, (name, one) in zip(axes[0], counts.items(), strict=True):
        whole = one.reindex(index=labels, columns=labels, fill_value=0).to_numpy(float)
        shares = whole / np.maximum(whole.sum(1, keepdims=True), 1)
        axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for (row, column), share in np.ndenumerate(shares):
            if share:
                axis.text(column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=7, color="white" if share > 0.4 else _INK)
        for label, other in near.items():
            axis.add_patch(Rectangle((labels.index(other) - 0.5, labels.index(label) - 0.5), 1, 1, fill=False, ec=_MARK, lw=1.4))
        axis.set_xticks(range(len(labels)), labels, rotation=60, ha="right", fontsize=7)
        axis.set_yticks(range(len(labels)), labels, fontsize=7)
        axis.set_title(f"{name}: {np.trace(whole) / max(whole.sum(), 1):.0%} right, n = {int(whole.sum())}", fontsize=9)
        axis.set_xlabel("put first, % of the clips of a label" + "\nframed: the label whose words are most similar" * bool(near), fontsize=8)
    axes[0, 0].set_ylabel("true label", fontsize=8)
    figure.suptitle(title, fontsize=10, color=_INK)
    figure.tight_layout(rect=(0, 0, 1, 0.97))
    plt.close(figure)
    return figure


@torch.no_grad()
def features(model: SkeletonLLM, clips: Sequence[LabelledClip]) -> Float[np.ndarray, "N D"]:
    """The mean of what the language model is shown of each clip, its visual tokens."""
    return np.stack([torch.cat([picture.float() for picture in model.see([one.clip])[0]]).mean(0).cpu().numpy() for one in clips])


def plane(points: Float[np.ndarray, "N D"], seed: int = 0) -> Float[np.ndarray, "N 2"]:
    """The points on a plane by t-SNE, which keeps neighbours and no distances; perplexity at most 15, a third of the points where they are few."""
    return TSNE(perplexity=min(15, max(1, (len(points) - 1) // 3)), init="pca", random_state=seed).fit_transform(points)


def plane_figure(at: Float[np.ndarray, "N 2"], labels: Sequence[str], unseen: Sequence[str], title: str) -> Figure:
    """Labels that were trained on faded, those never trained on dark and outlined, each with a mark of its own."""
    figure, axis = plt.subplots(figsize=(7.2, 4.6))
    for n, label in enumerate(sorted(set(labels), key=lambda one: (one in unseen, one))):
        here = np.array([one == label for one in labels])
        dark = label in unseen
        colour = plt.colormaps["cividis"](0.8 * list(unseen).index(label) / max(len(unseen) - 1, 1)) if dark else _COLOURS[n % len(_COLOURS)]
        look = {"s": 36, "ec": "black", "lw": 0.8, "label": f"{label} (unseen)"} if dark else {"s": 22, "alpha": 0.5, "lw": 0, "label": label}
        axis.scatter(*at[here].T, marker=_MARKERS[n % len(_MARKERS)], color=colour, **look)
    axis.set(xticks=[], yticks=[], title=title)
    axis.title.set_fontsize(10)
    axis.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.tight_layout()
    plt.close(figure)
    return figure
