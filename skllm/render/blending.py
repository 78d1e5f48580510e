"""Which joints carry a Gaussian: the four rules that the paper's rebuttal compares (its Table 13)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from skllm.render.gaussians import Blend, topology_weights
from skllm.render.meaning import SLOTS, joint_meaning
from skllm.skeleton import Topology

BLENDS = ("topology", "uniform", "inverse-distance", "learnable")
_ELSEWHERE = 1e-9          # the share a joint starts from that is no end of the bone: softmax of -10 against 10, as the released


def uniform(topology: Topology, canonical: Float[Tensor, "P J 3"], per_bone: int) -> Float[Tensor, "P N J"]:
    """Every joint carries every Gaussian alike, so the canonical pose glides about as one stiff body."""
    ends = topology_weights(topology, per_bone).to(canonical)
    return torch.full_like(ends, 1 / ends.shape[1]).expand(len(canonical), -1, -1)


def inverse_distance(topology: Topology, canonical: Float[Tensor, "P J 3"], per_bone: int) -> Float[Tensor, "P N J"]:
    """Joints carry a Gaussian by one over their squared distance to it in the canonical pose; a joint carries its own."""
    ends = topology_weights(topology, per_bone).to(canonical)
    apart = torch.cdist(ends @ canonical, canonical).square()
    closeness = 1 / apart.clamp(min=1e-8)
    return closeness / closeness.sum(-1, keepdim=True)


class LearnableBlend(nn.Module):
    """Weights that start at the bone's ends and learn which body parts carry which, the same for any topology.

    w = softmax_j(log ends + meaning_n A meaning_j), with A over the slots (part, side).
    """

    def __init__(self):
        super().__init__()
        self.affinity = nn.Parameter(torch.zeros(len(SLOTS), len(SLOTS)))

    def forward(self, topology: Topology, canonical: Float[Tensor, "P J 3"], per_bone: int) -> Float[Tensor, "P N J"]:
        """Weights of the joints, rows summing to one, the same for every person."""
        ends, joints = topology_weights(topology, per_bone).to(canonical), joint_meaning(topology).to(canonical)
        logits = torch.log(ends + _ELSEWHERE) + (ends @ joints) @ self.affinity @ joints.T
        return logits.softmax(-1).expand(len(canonical), -1, -1)


def blend_of(name: str) -> Blend | None:
    """The rule by its name, a key of `BLENDS`; None for "topology", which needs no canonical pose."""
    return {"topology": lambda: None, "uniform": lambda: uniform, "inverse-distance": lambda: inverse_distance, "learnable": LearnableBlend}[name]()
