"""What vision towers expect of a picture."""

from jaxtyping import Float
from torch import Tensor

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
_Statistics = tuple[tuple[float, float, float], tuple[float, float, float]]


def normalised(pictures: Float[Tensor, "F 3 H W"], statistics: _Statistics = IMAGENET) -> Float[Tensor, "F 3 H W"]:
    """RGB in [0, 1] centred and scaled by the (means, deviations) with which a tower was trained; the authors' code leaves this out."""
    mean, std = (pictures.new_tensor(values)[:, None, None] for values in statistics)
    return (pictures - mean) / std
