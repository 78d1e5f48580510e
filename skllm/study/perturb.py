"""Changes of a clip that a study compares."""

import torch

from skllm.skeleton import Skeleton, Topology


def relayout(clip: Skeleton, topology: Topology) -> Skeleton:
    """The same motion on another topology: each joint stands where the source's joints of its body part and side are.

    Several joints of one part fall together; a joint whose part the source lacks on that side is absent. Confidences
    are not carried over: a joint that is found has confidence 1.
    """
    out = []
    for part, side in zip(topology.parts, topology.sides, strict=True):
        joints = clip.topology.find(part, side) or [j for j, p in enumerate(clip.topology.parts) if p == part and side == "middle"]
        out.append(clip.xyz[:, :, joints].nanmean(2) if joints else torch.full_like(clip.xyz[:, :, 0], torch.nan))
    return Skeleton.from_array(torch.stack(out, 2), topology, clip.fps, name=f"{clip.name} as {topology.name}")
