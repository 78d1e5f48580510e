"""Skeletons become Gaussians: one on each joint and a row of them along each bone.

A batch of clips with any topologies and numbers of people is packed into one list, so nothing is padded and an absent
person costs nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from skllm.render.meaning import hops_from_middle, joint_meaning
from skllm.skeleton import Skeleton, Topology

TINY = 1e-6                # weights below do not tie a Gaussian to a joint


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

    clip: which clip of the batch
    meaning: how much of each slot (part, side) a Gaussian is, then the same times how far it is from its bone's ends
    (0 on a joint, 1 half-way), so that a bone's middle can look different from its ends
    positions: metres, as placed before the camera; centred: the same from the person's middle, in body sizes
    pace: velocity in body sizes a second, which is also typical of people (root mean square over the bundled clips: 0.7
    to 1.6); along: the bone's direction away from the body's middle, length one; z where there is none
    seen: the confidence of the least certain joint that carries the Gaussian, 0 where absent
    Where `seen` is 0 positions, centred and pace are 0 and nothing is drawn.
    """

    clip: Int[Tensor, " R"]
    meaning: Float[Tensor, "R M"]
    positions: Float[Tensor, "R T 3"]
    centred: Float[Tensor, "R T 3"]
    pace: Float[Tensor, "R T 3"]
    along: Float[Tensor, "R T 3"]
    seen: Float[Tensor, "R T"]


Blend = Callable[[Topology, Float[Tensor, "P J 3"], int], Float[Tensor, "P N J"]]


@lru_cache(maxsize=64)
@torch.inference_mode(mode=False)      # what is kept must serve training too
def topology_weights(topology: Topology, per_bone: int = 10) -> Float[Tensor, "N J"]:
    """Rows that place each Gaussian as a mix of joints, every row summing to one.

    First one Gaussian a joint, then `per_bone` a bone at the interior fractions 1/(n+1) .. n/(n+1): N = J + bones x n.
    This is the exact form of the paper's skinning by topology with translations only.
    """
    joints = torch.eye(len(topology.joint_names))
    share = (torch.arange(per_bone) + 1) / (per_bone + 1)
    rows = [(1 - share)[:, None] * joints[a] + share[:, None] * joints[b] for a, b in topology.bones]
    return torch.cat([joints, *rows])


@lru_cache(maxsize=64)
@torch.inference_mode(mode=False)      # what is kept must serve training too
def meanings(topology: Topology, per_bone: int = 10) -> Float[Tensor, "N M"]:
    """What each Gaussian is, as `Tracks.meaning` holds it."""
    weights = topology_weights(topology, per_bone)
    mixed = weights @ joint_meaning(topology)
    inside = 2 * (1 - weights.square().sum(1, keepdim=True))       # 4 s (1 - s) at the fraction s of a bone
    return torch.cat([mixed, inside * mixed], 1)


@lru_cache(maxsize=64)
@torch.inference_mode(mode=False)      # what is kept must serve training too
def outward(topology: Topology, per_bone: int = 10) -> Float[Tensor, "N J"]:
    """Rows that give each Gaussian's bone as a difference of joints, away from the body's middle.

    A joint takes the bones that leave it, a tip the one that ends in it.
    """
    hops, joints = hops_from_middle(topology), torch.eye(len(topology.joint_names))
    outer = [(a, b) if hops[a] <= hops[b] else (b, a) for a, b in topology.bones]
    bones = [joints[b] - joints[a] for a, b in outer]
    leaving = [sum((bone for (a, _), bone in zip(outer, bones, strict=True) if a == j), joints[j] * 0) for j in range(len(hops))]
    ending = [sum((bone for (_, b), bone in zip(outer, bones, strict=True) if b == j), joints[j] * 0) for j in range(len(hops))]
    ends = [a if a.any() else b for a, b in zip(leaving, ending, strict=True)]
    return torch.stack([*ends, *(bone for bone in bones for _ in range(per_bone))])


def middle_of(xyz: Float[Tensor, "T P J 3"]) -> Float[Tensor, "P 3"]:
    """Each person's middle over the clip: the median of all sightings."""
    return xyz.transpose(0, 1).flatten(1, 2).nanmedian(1).values


def body_sizes(xyz: Float[Tensor, "T P J 3"]) -> Float[Tensor, " P"]:
    """Each person's size: the root mean square distance of joints from the frame's centroid, median over frames.

    About 0.45 m for a grown-up who stands. Never under 1 cm, so that a single dot stays drawable.
    """
    spread = (xyz - xyz.nanmean(2, keepdim=True)).square().sum(-1).nanmean(2).sqrt()
    return spread.nanmedian(0).values.clamp(min=1e-2)


def bind(clips: list[Skeleton], offsets: Float[Tensor, "B 3"], per_bone: int = 10, blend: Blend | None = None) -> Tracks:
    """The tracks of every person who is ever seen, for clips of equally many frames, on the device of the offsets.

    offsets: metres added to each clip to place it before the camera; blend: which joints carry a Gaussian (see
    `blending`), by default the ends of its bone. A mean is canonical mean + sum_j w_j (joint - canonical joint), the paper's
    skinning with translations alone; with a bone's ends as carriers the canonical pose cancels out.
    Raises ValueError where the clips differ in frames; sample them first.
    """
    counts = {clip.frames for clip in clips}
    if len(counts) > 1:
        raise ValueError(f"clips of one batch need equally many frames; got {sorted(counts)}: call clip.sample(frames) first")
    parts = [_bind_one(n, clip.measured(), offsets[n], per_bone, blend) for n, clip in enumerate(clips)]
    return Tracks(**{field: torch.cat([getattr(part, field) for part in parts]) for field in Tracks.__dataclass_fields__})


def _bind_one(number: int, clip: Skeleton, offset: Float[Tensor, " 3"], per_bone: int, blend: Blend | None) -> Tracks:
    ever = (clip.seen > 0).any(2).any(0)
    xyz, seen, velocity = (values[:, ever].to(offset.device) for values in (clip.xyz, clip.seen, clip.velocity))
    ends = topology_weights(clip.topology, per_bone).to(offset)
    rest = xyz.new_zeros(xyz.shape[1:]) if blend is None else canonical_pose(xyz)
    weights = ends.expand(len(rest), -1, -1) if blend is None else blend(clip.topology, rest, per_bone)
    sure = _certainty(ends, seen)
    there = seen > 0
    middle, size = middle_of(xyz)[:, None, None], body_sizes(xyz)[:, None, None, None]
    positions, shown = (ends @ rest)[:, :, None] + _carry(weights, xyz - rest, there), (sure > 0)[..., None]
    bones = torch.einsum("nj,tpjd->pntd", outward(clip.topology, per_bone).to(ends), torch.where(there[..., None], xyz, 0))
    length = bones.norm(dim=-1, keepdim=True)
    along = torch.where(shown & (length > TINY), bones / length.clamp(min=TINY), bones.new_tensor([0.0, 0, 1]))
    people, gaussians = sure.shape[:2]
    return Tracks(
        clip=torch.full((people * gaussians,), number, device=offset.device),
        meaning=meanings(clip.topology, per_bone).to(ends).repeat(people, 1),
        positions=torch.where(shown, positions + offset, 0).flatten(0, 1),
        centred=torch.where(shown, (positions - middle) / size, 0).flatten(0, 1),
        pace=torch.where(shown, _carry(weights, velocity, there) / size, 0).flatten(0, 1),
        along=along.flatten(0, 1),
        seen=sure.flatten(0, 1),
    )


def canonical_pose(xyz: Float[Tensor, "T P J 3"]) -> Float[Tensor, "P J 3"]:
    """Each person in the first frame that shows most of them; a joint absent there stands where it is first seen, or at the middle."""
    there = xyz.isfinite().all(-1)
    best = there.sum(2).max(0).indices
    first = there.int().max(0).indices
    people = torch.arange(xyz.shape[1], device=xyz.device)
    pose = xyz[best, people]
    anywhere = torch.gather(xyz, 0, first[None, ..., None].expand(1, *first.shape, 3))[0]
    pose = torch.where(pose.isfinite(), pose, anywhere)
    return torch.where(pose.isfinite(), pose, middle_of(xyz)[:, None])


def _certainty(ends: Float[Tensor, "N J"], seen: Float[Tensor, "T P J"]) -> Float[Tensor, "P N T"]:
    """The confidence of the least certain end of each Gaussian's bone."""
    return torch.where(ends > TINY, seen[:, :, None], torch.inf).amin(-1).permute(1, 2, 0)


def _carry(weights: Float[Tensor, "P N J"], values: Float[Tensor, "T P J D"], there: Bool[Tensor, "T P J"]) -> Float[Tensor, "P N T D"]:
    """The mix of the joints that are there; what an absent one would have carried is shared among the others."""
    mixed = torch.einsum("pnj,tpjd->pntd", weights, torch.where(there[..., None], values, 0))
    present = torch.einsum("pnj,tpj->pnt", weights, there.to(weights))[..., None]
    return mixed / torch.where(present > TINY, present, 1.0)
