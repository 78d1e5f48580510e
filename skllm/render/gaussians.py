"""Skeletons become Gaussians: one on each joint and a row of them along each bone.

A batch of clips with any topologies and numbers of people is packed into one list, so nothing is padded and an absent
person costs nothing.
"""

from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from skllm.skeleton import PARTS, SIDES, Skeleton, Topology


@dataclass(frozen=True)
class Gaussians:
    """N Gaussians spread over the pictures of a batch.

    picture: which picture each belongs to
    means: metres, in the camera's world (x right, y up, z away); scales: metres, one standard deviation along the
    Gaussian's own axes; quaternions: w x y z, its own axes to the world's; opacities and colors: in [0, 1]
    """

    picture: Int[Tensor, " N"]
    means: Float[Tensor, "N 3"]
    scales: Float[Tensor, "N 3"]
    quaternions: Float[Tensor, "N 4"]
    opacities: Float[Tensor, " N"]
    colors: Float[Tensor, "N 3"]


@dataclass(frozen=True)
class Tracks:
    """R Gaussians followed over T frames: what the appearance of each can depend on.

    clip: which clip of the batch; meaning: how much of each (part, side) a Gaussian is, rows sum to one
    positions: metres, as placed before the camera; centred: the same from the person's middle, in body sizes
    pace: velocity in body sizes a second; depth: metres behind the person's middle, of the whole clip, in body sizes
    seen: the confidence of the least certain joint that carries the Gaussian, 0 where absent
    Where `seen` is 0 the other fields are 0 and nothing is drawn.
    """

    clip: Int[Tensor, " R"]
    meaning: Float[Tensor, "R M"]
    positions: Float[Tensor, "R T 3"]
    centred: Float[Tensor, "R T 3"]
    pace: Float[Tensor, "R T 3"]
    depth: Float[Tensor, "R T"]
    seen: Float[Tensor, "R T"]


@lru_cache(maxsize=64)
def topology_weights(topology: Topology, per_bone: int = 10) -> Float[Tensor, "N J"]:
    """Rows that place each Gaussian as a mix of joints, every row summing to one.

    First one Gaussian a joint, then `per_bone` a bone at the interior fractions 1/(n+1) .. n/(n+1): N = J + bones x n.
    This is the exact form of the paper's skinning by topology with translations only.
    """
    joints = torch.eye(len(topology.joint_names))
    along = (torch.arange(per_bone) + 1) / (per_bone + 1)
    rows = [(1 - along)[:, None] * joints[a] + along[:, None] * joints[b] for a, b in topology.bones]
    return torch.cat([joints, *rows])


@lru_cache(maxsize=64)
def topology_meaning(topology: Topology) -> Float[Tensor, "J M"]:
    """One-hot rows: which (part, side) each joint is; M = parts x sides, the same for every topology."""
    at = torch.tensor([PARTS.index(p) * len(SIDES) + SIDES.index(s) for p, s in zip(topology.parts, topology.sides, strict=True)])
    return torch.nn.functional.one_hot(at, len(PARTS) * len(SIDES)).float()


def _middle(xyz: Float[Tensor, "T P J 3"]) -> Float[Tensor, "P 3"]:
    """Each person's middle over the clip: the median of all sightings."""
    return xyz.transpose(0, 1).flatten(1, 2).nanmedian(1).values


def _body_sizes(xyz: Float[Tensor, "T P J 3"]) -> Float[Tensor, " P"]:
    """Each person's size: the root mean square distance of joints from the frame's centroid, median over frames.

    About 0.45 m for a grown-up who stands. Never under 1 cm, so that a single dot stays drawable.
    """
    spread = (xyz - xyz.nanmean(2, keepdim=True)).square().sum(-1).nanmean(2).sqrt()
    return spread.nanmedian(0).values.clamp(min=1e-2)


def _carry(weights: Float[Tensor, "N J"], values: Float[Tensor, "T P J D"], there: Bool[Tensor, "T P J"]) -> Float[Tensor, "P N T D"]:
    held = torch.where(there[..., None], values, 0)      # absent joints enter with weight only where `seen` is 0
    return torch.einsum("nj,tpjd->pntd", weights, held)


def bind(clips: list[Skeleton], offsets: Float[Tensor, "B 3"], per_bone: int = 10) -> Tracks:
    """The tracks of every person who is ever seen, for clips of equally many frames.

    offsets: metres added to each clip to place it before the camera.
    Raises ValueError where the clips differ in frames; sample them first.
    """
    counts = {clip.frames for clip in clips}
    if len(counts) > 1:
        raise ValueError(f"clips of one batch need equally many frames; got {sorted(counts)}: call clip.sample(frames) first")
    return _concatenate([_bind_one(n, clip.measured(), offsets[n], per_bone) for n, clip in enumerate(clips)])


def _bind_one(number: int, clip: Skeleton, offset: Float[Tensor, " 3"], per_bone: int) -> Tracks:
    weights = topology_weights(clip.topology, per_bone).to(clip.xyz)
    ever = (clip.seen > 0).any(2).any(0)
    xyz, seen, velocity = clip.xyz[:, ever], clip.seen[:, ever], clip.velocity[:, ever]
    there = seen > 0
    middle, size = _middle(xyz), _body_sizes(xyz)[:, None, None]
    hidden = torch.einsum("nj,tpj->pnt", weights, (~there).to(weights)) > 1e-6
    sure = torch.where(weights[None, None] > 1e-6, seen[:, :, None], torch.inf).amin(-1).permute(1, 2, 0)
    sure = torch.where(hidden, torch.zeros_like(sure), sure)
    shown = (sure > 0)[..., None]
    positions = _carry(weights, xyz, there)
    centred = torch.where(shown, (positions - middle[:, None, None]) / size[..., None], 0)
    return Tracks(
        clip=torch.full((sure.shape[0] * sure.shape[1],), number),
        meaning=(weights @ topology_meaning(clip.topology).to(weights)).repeat(sure.shape[0], 1),
        positions=torch.where(shown, positions + offset, 0).flatten(0, 1),
        centred=centred.flatten(0, 1),
        pace=torch.where(shown, _carry(weights, velocity, there) / size[..., None], 0).flatten(0, 1),
        depth=centred[..., 2].flatten(0, 1),
        seen=sure.flatten(0, 1),
    )


def _concatenate(parts: list[Tracks]) -> Tracks:
    return Tracks(**{field: torch.cat([getattr(part, field) for part in parts]) for field in Tracks.__dataclass_fields__})
