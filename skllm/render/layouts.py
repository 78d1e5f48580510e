"""The joints on which a body is painted: those that were recorded, or thirteen that nearly every format has."""

from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from skllm.motion.body import is_tailed, parts_of
from skllm.perturb import REDUCED
from skllm.skeleton import Skeleton

_COMMON = REDUCED[13]
_MIDDLES = {"Head": (("head", "middle"), ("neck", "middle")), "Chest": (("shoulders", "middle"),), "Pelvis": (("hips", "middle"),)}
_SPARED = {"Head"}       # who has none is shown without


def common(clip: Skeleton) -> Skeleton:
    """The clip on head, chest, pelvis, shoulders, elbows, hands, knees and feet, found by part and side as facts about motion are.

    So a shoulder is the outermost joint of its part, and chest and pelvis lie between shoulders and hips, whatever the format; joints that are
    out of sight for a moment are bridged. A joint that is found has confidence 1. A clip of somebody who lacks one of the joints (but for the
    head), of a body with a tail, or whose velocity was measured before, is given back as it is.
    """
    if is_tailed(clip.topology) or clip.velocity is not None:
        return clip
    people = [_joints_of(clip, person) for person in range(clip.people)]
    if any(joints is None for joints in people):
        return clip
    return Skeleton.from_array(torch.stack(people, 1).float(), _COMMON, clip.fps, name=f"{clip.name} on {len(_COMMON.joint_names)} joints")


def _joints_of(clip: Skeleton, person: int) -> Float[Tensor, "T 13 3"] | None:
    """The person's thirteen joints, NaN throughout where the person is never seen; None where one is lacking."""
    absent = torch.full((clip.frames, 3), torch.nan)
    if not (clip.seen[:, person] > 0).any():
        return torch.stack([absent] * len(_COMMON.joint_names), 1)
    parts, found = parts_of(clip, person), []
    for name, part, side in zip(_COMMON.joint_names, _COMMON.parts, _COMMON.sides, strict=True):
        track = next((parts[place] for place in _MIDDLES.get(name, ((part, side),)) if place in parts), None)
        if track is None and name not in _SPARED:
            return None
        found.append(absent if track is None else torch.from_numpy(track))
    return torch.stack(found, 1)


LAYOUTS: Mapping[str, Callable[[Skeleton], Skeleton]] = {"recorded": lambda clip: clip, "common": common}
