"""More clips from few: turned, mirrored, and with joints missing. All dice come from the generator."""

from dataclasses import replace
from math import cos, radians, sin

import torch
from torch import Tensor

from skllm.skeleton import Skeleton


def turn(clip: Skeleton, yaw_degrees: float, pitch_degrees: float = 0.0) -> Skeleton:
    """The clip turned about its middle: yaw about the vertical, then pitch towards the viewer. Orientations are dropped."""
    a, b = radians(yaw_degrees), radians(pitch_degrees)
    yaw = torch.tensor([[cos(a), 0, sin(a)], [0, 1, 0], [-sin(a), 0, cos(a)]])
    pitch = torch.tensor([[1, 0, 0], [0, cos(b), -sin(b)], [0, sin(b), cos(b)]])
    rotation = pitch @ yaw
    clip = clip.measured()
    middle = clip.xyz[clip.seen > 0].median(0).values
    return replace(clip, xyz=(clip.xyz - middle) @ rotation.T + middle, velocity=clip.velocity @ rotation.T, orientations=None)


def opposite_joints(clip: Skeleton) -> list[int]:
    """For each joint the one of the same part on the other side; itself where there is none."""
    topology = clip.topology
    other = {"left": "right", "right": "left", "middle": "middle"}
    found = []
    for j, (part, side) in enumerate(zip(topology.parts, topology.sides, strict=True)):
        same, across = topology.find(part, side), topology.find(part, other[side])
        found.append(across[same.index(j)] if len(same) == len(across) else j)
    return found


def mirror(clip: Skeleton) -> Skeleton:
    """The clip in a mirror: what the left hand did, the right now does. Orientations are dropped."""
    clip, swap, flip = clip.measured(), opposite_joints(clip), torch.tensor([-1.0, 1.0, 1.0])
    return replace(
        clip, xyz=clip.xyz[:, :, swap] * flip, seen=clip.seen[:, :, swap], velocity=clip.velocity[:, :, swap] * flip, orientations=None,
    )


def hide(clip: Skeleton, share: float, generator: torch.Generator) -> Skeleton:
    """The clip with about `share` of its joints absent in every frame (hidden, not zeroed); at least one stays."""
    clip = clip.measured()
    gone = torch.rand(len(clip.topology.joint_names), generator=generator) < share
    if (clip.seen[:, :, ~gone] > 0).sum() == 0:
        return clip

    def without(values: Tensor) -> Tensor:
        return torch.where(gone[:, None], torch.nan, values)

    return replace(clip, xyz=without(clip.xyz), velocity=without(clip.velocity), seen=torch.where(gone, 0, clip.seen), orientations=None)


def vary(clip: Skeleton, generator: torch.Generator) -> Skeleton:
    """One random view: any yaw within a quarter turn (one in five from any side), slight pitch, half mirrored, some joints gone."""
    draw = torch.rand(5, generator=generator).tolist()
    widest = 180 if draw[0] < 0.2 else 75
    turned = turn(clip, (2 * draw[1] - 1) * widest, (2 * draw[2] - 1) * 12)
    turned = mirror(turned) if draw[3] < 0.5 else turned
    return hide(turned, 0.08, generator) if draw[4] < 0.15 else turned
