"""More clips from few: as other sensors, from other sides, might have seen them. All dice come from the generator."""

from dataclasses import replace
from math import cos, radians, sin

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from skllm.perturb import add_noise, drop_joints, resample
from skllm.skeleton import Skeleton, Topology
from skllm.train.points import body_points, own_axes

_OFF = 0.05              # metres; how far markers lie from the joints below them, one standard deviation along each axis
_FACING = 0.05           # metres; shoulders and hips that are shorter from above show no facing


def turn(clip: Skeleton, yaw_degrees: float, pitch_degrees: float = 0.0) -> Skeleton:
    """The clip turned about its middle: yaw about the vertical, then pitch towards the viewer. Orientations are dropped."""
    a, b = radians(yaw_degrees), radians(pitch_degrees)
    yaw = torch.tensor([[cos(a), 0, sin(a)], [0, 1, 0], [-sin(a), 0, cos(a)]])
    pitch = torch.tensor([[1, 0, 0], [0, cos(b), -sin(b)], [0, sin(b), cos(b)]])
    rotation = pitch @ yaw
    clip = clip.measured()
    middle = clip.xyz[clip.seen > 0].median(0).values
    return replace(clip, xyz=(clip.xyz - middle) @ rotation.T + middle, velocity=clip.velocity @ rotation.T, orientations=None)


def resense(clip: Skeleton, generator: torch.Generator) -> Skeleton:
    """The clip as another sensor might have seen it: from another side, at another rate, shaken, thinned out, as markers, or partly out of sight.

    Left stays left: a mirrored clip needs other words too, which is the caller's business.
    """
    draw = torch.rand(14, generator=generator).tolist()
    if draw[0] < 0.3:
        clip = thin_out(clip, 0.6 * draw[1], generator)
    if draw[12] < 0.3:
        clip = mark(clip, draw[13], generator)
    if draw[2] < 0.3:
        clip = add_noise(clip, 5 * draw[3], generator)
    if draw[4] < 0.3 and clip.frames * (0.4 + 0.5 * draw[5]) >= 12:
        clip = resample(clip, clip.fps * (0.4 + 0.5 * draw[5]))
    if draw[6] < 0.3:
        clip = drop_joints(clip, 0.4 * draw[7], generator, each="clip" if draw[10] < 0.5 else "frame")
    widest = 180 if draw[8] < 0.2 else 75
    return turn(clip, (2 * draw[9] - 1) * widest, (2 * draw[11] - 1) * 12)


def thin_out(clip: Skeleton, share: float | int, generator: torch.Generator) -> Skeleton:
    """The clip on a topology of fewer joints: some are gone for good, and those they joined are joined to each other.

    share: of all joints, how many go. Only joints of one or two bones can, so that the body stays in one piece; three joints stay at least.
    """
    bones, gone = [set(bone) for bone in clip.topology.bones], set()
    order = torch.randperm(len(clip.topology.joint_names), generator=generator).tolist()
    for joint in order[: min(round(share * len(order)), len(order) - 3)]:
        touching = [bone for bone in bones if joint in bone]
        ends = set().union(*touching) - {joint}
        if len(touching) in (1, 2) and len(ends) == len(touching):
            bones = [bone for bone in bones if bone not in touching] + ([ends] if len(ends) == 2 else [])
            gone.add(joint)
    kept = [joint for joint in range(len(order)) if joint not in gone]
    if not gone or not (clip.seen[:, :, kept] > 0).any():
        return clip
    old = clip.topology
    pairs = sorted({tuple(sorted(kept.index(joint) for joint in bone)) for bone in bones})
    names, parts, sides = (tuple(values[j] for j in kept) for values in (old.joint_names, old.parts, old.sides))
    thinner = Topology(f"{old.name}, {len(kept)} joints", names, tuple(pairs), parts, sides)
    return Skeleton(clip.xyz[:, :, kept], clip.seen[:, :, kept], clip.fps, thinner, name=clip.name)


def mark(clip: Skeleton, share: float, generator: torch.Generator) -> Skeleton:
    """The clip as markers on the skin would follow it: some joints become two some centimetres apart, some bones carry one more.

    share: of all joints, and of all bones. Markers keep their place on the body as the first person turns, or along the clip's axes where
    that person's facing is not seen; those of a flat clip stay in its plane. Velocity and orientations are dropped.
    """
    old, joints = clip.topology, len(clip.topology.joint_names)
    drawn = torch.rand(joints + len(old.bones), generator=generator) < share
    doubled = {j: joints + n for n, j in enumerate(torch.nonzero(drawn[:joints])[:, 0].tolist())}
    carrying = {n: joints + len(doubled) + k for k, n in enumerate(torch.nonzero(drawn[joints:])[:, 0].tolist())}
    ends = [*((j, j) for j in doubled), *(old.bones[n] for n in carrying)]
    if not ends:
        return clip
    a, b = map(list, zip(*ends, strict=True))
    off = _stuck(clip, _OFF * torch.randn(len(ends), 3, generator=generator)) * deep(clip)
    xyz = torch.cat([clip.xyz, (clip.xyz[:, :, a] + clip.xyz[:, :, b]) / 2 + off[:, None]], 2)
    seen = torch.cat([clip.seen, torch.minimum(clip.seen[:, :, a], clip.seen[:, :, b])], 2)
    bones = [pair for n, (a, b) in enumerate(old.bones) for pair in ([(a, carrying[n]), (carrying[n], b)] if n in carrying else [(a, b)])]
    bones += [(j, twin) for j, twin in doubled.items()] + [(doubled[a], doubled.get(b, b)) for a, b in old.bones if a in doubled]
    whose = [pair[int(side)] for pair, side in zip(ends, torch.rand(len(ends), generator=generator) < 0.5, strict=True)]
    names = (*old.joint_names, *(f"{old.joint_names[j]}, marker {n}" for n, j in enumerate(whose, joints)))
    parts, sides = ((*values, *(values[j] for j in whose)) for values in (old.parts, old.sides))
    return Skeleton(xyz, seen, clip.fps, Topology(f"{old.name}, {len(names)} markers", names, tuple(bones), parts, sides), name=clip.name)


def deep(clip: Skeleton) -> Bool[Tensor, " 3"]:
    """Along which axes the clip has any extent: a recording in two dimensions lacks one."""
    there = clip.xyz[clip.seen > 0]
    return there.amax(0) > there.amin(0)


def _stuck(clip: Skeleton, offsets: Float[Tensor, "N 3"]) -> Float[Tensor, "T N 3"]:
    """Offsets along the first person's right, up and front, as seen in each frame."""
    axes = own_axes(body_points(clip, clip.xyz), _FACING)
    return torch.einsum("tad,na->tnd", torch.where(axes.isfinite(), axes, torch.eye(3)), offsets)
