"""What every vision tower of the InternVL family expects of a picture."""

from jaxtyping import Float
from torch import Tensor

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def imagenet_normalised(pictures: Float[Tensor, "F 3 H W"]) -> Float[Tensor, "F 3 H W"]:
    """RGB in [0, 1] centred and scaled as the towers were trained; the authors' code leaves this out."""
    mean, std = pictures.new_tensor(IMAGENET_MEAN), pictures.new_tensor(IMAGENET_STD)
    return (pictures - mean[:, None, None]) / std[:, None, None]
