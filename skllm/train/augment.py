"""More clips from few: turned, mirrored, and with joints missing. All dice come from the generator."""

from dataclasses import replace
from math import cos, radians, sin

import torch

from skllm.perturb import drop_joints, mirror
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


def vary(clip: Skeleton, generator: torch.Generator) -> Skeleton:
    """One random view: any yaw within a quarter turn (one in five from any side), slight pitch, half mirrored, some joints gone."""
    draw = torch.rand(5, generator=generator).tolist()
    widest = 180 if draw[0] < 0.2 else 75
    turned = turn(clip, (2 * draw[1] - 1) * widest, (2 * draw[2] - 1) * 12)
    turned = mirror(turned) if draw[3] < 0.5 else turned
    return drop_joints(turned, 0.08, generator, each="clip") if draw[4] < 0.15 else turned
