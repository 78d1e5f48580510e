"""How a body is shown: as it was recorded, and on thirteen joints that nearly every format has."""

from collections.abc import Callable, Mapping

from skllm.perturb import REDUCED, lacking, relayout
from skllm.skeleton import Skeleton

_COMMON = REDUCED[13]


def common(clip: Skeleton) -> Skeleton:
    """The clip on head, chest, pelvis, shoulders, elbows, hands, knees and feet; as it is where its format lacks one of them."""
    return clip if lacking(clip.topology, _COMMON) else relayout(clip, _COMMON)


LOOKS: Mapping[str, Callable[[Skeleton], Skeleton]] = {"recorded": lambda clip: clip, "common": common}
