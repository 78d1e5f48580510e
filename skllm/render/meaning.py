"""What a joint is, in words that hold for any topology: its body part and side, or its place along the chain.

Appearance belongs to meaning, so a trained renderer carries over to skeletons that it has never seen.
"""

from collections import deque
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from skllm.skeleton import PARTS, SIDES, Topology

_PLACES = {                 # how far along its chain a part is: 0 at the body's middle, 1 at a tip
    "waist": 0.0, "chest": 1 / 3, "neck": 2 / 3, "head": 1.0,
    "shoulder": 0.25, "elbow": 0.5, "wrist": 0.75, "hand": 1.0, "hip": 0.25, "knee": 0.5, "ankle": 0.75, "foot": 1.0,
}
_SPINE = ("waist", "chest", "neck", "head")
_WIDTH = 0.15               # of the kernel that compares places
SLOTS = tuple((part, side) for part in PARTS if part != "other" for side in SIDES)


@lru_cache(maxsize=64)
@torch.inference_mode(mode=False)      # what is kept must serve training too
def joint_meaning(topology: Topology) -> Float[Tensor, "J M"]:
    """How much of each slot (part, side) a joint is; rows sum to one.

    A joint whose part is known is its slot. One whose part is not is a mixture of the slots of its side that stand at the
    same place along a human's chains: a tail's tip is painted as a head is, an unnamed left limb's tip as hand and foot are.
    """
    rows = []
    for part, side, place in zip(topology.parts, topology.sides, chain_places(topology), strict=True):
        if part != "other":
            rows.append(torch.tensor([float(slot == (part, side)) for slot in SLOTS]))
            continue
        fits = torch.tensor([s == side and (p in _SPINE) == (side == "middle") for p, s in SLOTS])
        near = torch.tensor([-((place - _PLACES[p]) ** 2) / (2 * _WIDTH**2) for p, _ in SLOTS])
        rows.append(torch.where(fits, near, -torch.inf).softmax(0))
    return torch.stack(rows)


@lru_cache(maxsize=64)
def hops_from_middle(topology: Topology) -> tuple[int, ...]:
    """How many bones lie between each joint and the body's middle: its first waist joint, else the graph's centre."""
    hops = [-1] * len(topology.joint_names)
    while -1 in hops:
        island = [j for j, d in enumerate(_hops(topology, hops.index(-1))) if d >= 0]
        waist = [j for j in island if topology.parts[j] == "waist"]
        middle = waist[0] if waist else min(island, key=lambda j: max(_hops(topology, j)))
        for j, d in enumerate(_hops(topology, middle)):
            if d >= 0:
                hops[j] = d
    return tuple(hops)


def chain_places(topology: Topology) -> list[float]:
    """Each joint's place between the body's middle (0) and the farthest tip beyond it (1)."""
    hops = hops_from_middle(topology)
    beyond = list(hops)
    for j in sorted(range(len(hops)), key=lambda j: -hops[j]):
        for a, b in topology.bones:
            if j in (a, b):
                other = b if j == a else a
                if hops[other] > hops[j]:
                    beyond[j] = max(beyond[j], beyond[other])
    return [near / far if far else 0.0 for near, far in zip(hops, beyond, strict=True)]


def _hops(topology: Topology, start: int) -> list[int]:
    """Bones between `start` and every joint, -1 where there is no way."""
    neighbours = [[] for _ in topology.joint_names]
    for a, b in topology.bones:
        neighbours[a].append(b)
        neighbours[b].append(a)
    hops, waiting = [-1] * len(neighbours), deque([start])
    hops[start] = 0
    while waiting:
        j = waiting.popleft()
        for other in neighbours[j]:
            if hops[other] < 0:
                hops[other] = hops[j] + 1
                waiting.append(other)
    return hops
