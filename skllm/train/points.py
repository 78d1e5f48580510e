"""Fifteen points that every body has, found in any format by part and side."""

from jaxtyping import Float
from torch import Tensor, stack

from skllm.skeleton import Skeleton, Topology

POINTS = (
    *((part, "middle") for part in ("head", "chest", "waist")),
    *((part, side) for part in ("shoulder", "elbow", "hand", "hip", "knee", "foot") for side in ("left", "right")),
)
_STANDS_IN = {"hand": ("hand", "wrist"), "foot": ("foot", "ankle")}


def body_points(clip: Skeleton, values: Float[Tensor, "T P J D"]) -> Float[Tensor, "T 15 D"]:
    """The first person's 15 body points, each the mean of its format's joints; NaN where a joint of it is absent."""
    return stack([values[:, 0, _joints_of(clip.topology, part, side)].mean(1) for part, side in POINTS], 1)


def _joints_of(topology: Topology, part: str, side: str) -> list[int]:
    names = _STANDS_IN.get(part, (part,))
    exact = [j for name in names for j in topology.find(name, side)]
    if exact or side != "middle":
        return exact
    return [j for j, p in enumerate(topology.parts) if p == part]
