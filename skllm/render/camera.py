"""A pinhole camera: where clips are placed before it, and Gaussians become ellipses on its image plane (EWA)."""

from dataclasses import dataclass, field
from math import radians, tan

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from skllm.render.gaussians import Gaussians
from skllm.skeleton import Skeleton

NEAR = 0.01              # metres; what is nearer, or behind, is not drawn (gsplat's near plane)
_SLOPE_MARGIN = 0.3      # the slope of the pinhole map is taken at most this share beyond the picture (as gsplat does)


@dataclass(frozen=True)
class Camera:
    """A camera at `position` (metres) that turns the world by `rotation` (world to camera) and looks along +z.

    height, width: pixels; fov_degrees: the horizontal angle of view, in (0, 180). Image x grows to the right and y
    down; (0, 0) is the top-left corner of the picture.
    """

    height: int = 448
    width: int = 448
    fov_degrees: float = 60.0
    rotation: Float[Tensor, "3 3"] = field(default_factory=lambda: torch.eye(3))
    position: Float[Tensor, " 3"] = field(default_factory=lambda: torch.zeros(3))

    def __post_init__(self) -> None:
        if not 0 < self.fov_degrees < 180:
            raise ValueError(f"fov_degrees is a whole angle in (0, 180); got {self.fov_degrees}")
        if min(self.height, self.width) < 1:
            raise ValueError(f"a picture needs at least one pixel; got {self.height} x {self.width}")

    @property
    def focal(self) -> float:
        """Focal length in pixels, the same for both axes."""
        return self.width / (2 * tan(radians(self.fov_degrees) / 2))


@dataclass(frozen=True)
class Splats:
    """Gaussians as the pictures see them.

    means: pixels; conics: the inverse covariance (xx, xy, yy) in 1/pixel^2; depths: metres, nearer is drawn first
    visible: in front of the near plane, with an opacity above 0
    """

    means: Float[Tensor, "N 2"]
    conics: Float[Tensor, "N 3"]
    depths: Float[Tensor, " N"]
    visible: Bool[Tensor, " N"]


def placement(clip: Skeleton, camera: Camera, distance: float = 1.8) -> Float[Tensor, " 3"]:
    """Metres to add so that the clip's middle stands `distance` before the camera, farther if it would not fit.

    Everything but the outermost hundredth of the sightings falls within 90 % of the picture. The paper leaves Kinect
    clips where the sensor saw them and shifts HumanML3D alone; one rule for every format replaces both.
    """
    seen = clip.xyz[clip.seen > 0]
    middle = seen.median(0).values
    reach = (seen - middle).double()
    slope = 0.9 * tan(radians(camera.fov_degrees) / 2)
    tall = camera.height / camera.width
    needed = torch.maximum(reach[:, 0].abs(), reach[:, 1].abs() / tall) / slope - reach[:, 2]
    back = max(distance, needed.quantile(0.99).item() if len(needed) < 10**6 else needed.max().item())
    return torch.tensor([0.0, 0.0, back]) - middle


def quaternion_to_matrix(quaternions: Float[Tensor, "N 4"]) -> Float[Tensor, "N 3 3"]:
    """Rotation matrices of quaternions w x y z, which need not have length one."""
    w, x, y, z = torch.nn.functional.normalize(quaternions, dim=-1).unbind(-1)
    rows = [
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    ]
    return torch.stack(rows, -1).unflatten(-1, (3, 3))


def project(g: Gaussians, camera: Camera, blur: float) -> Splats:
    """Gaussians as ellipses on the image plane.

    The covariance goes through the Gaussian's rotation, the camera's, and the slope of the pinhole map (EWA splatting,
    Zwicker et al. 2001); `blur` px^2 is added so that none is thinner than a pixel. What lies behind the near plane
    stays in the list, marked invisible.
    """
    turn = camera.rotation.to(g.means)
    at = (g.means - camera.position.to(g.means)) @ turn.T
    visible = (at[:, 2] > NEAR) & (g.opacities > 0)
    x, y, z = at[:, 0], at[:, 1], torch.where(at[:, 2] > NEAR, at[:, 2], 1.0)
    focal, half = camera.focal, at.new_tensor([camera.width / 2, camera.height / 2])
    means = torch.stack([half[0] + focal * x / z, half[1] - focal * y / z], -1)
    return Splats(means, _conics(g, turn, x, y, z, camera, blur), z, visible)


def _conics(g: Gaussians, turn: Tensor, x: Tensor, y: Tensor, z: Tensor, camera: Camera, blur: float) -> Float[Tensor, "N 3"]:
    focal = camera.focal
    edge_x, edge_y = (1 + _SLOPE_MARGIN) * camera.width / 2 / focal, (1 + _SLOPE_MARGIN) * camera.height / 2 / focal
    slope_x, slope_y = (x / z).clamp(-edge_x, edge_x), (y / z).clamp(-edge_y, edge_y)
    none = torch.zeros_like(z)
    jacobian = torch.stack([focal / z, none, -focal * slope_x / z, none, -focal / z, focal * slope_y / z], -1).unflatten(-1, (2, 3))
    across, down = (jacobian @ turn @ quaternion_to_matrix(g.quaternions) * g.scales[:, None]).unbind(1)
    xx, xy, yy = across.square().sum(-1), (across * down).sum(-1), down.square().sum(-1)
    area = torch.linalg.cross(across, down).square().sum(-1)           # xx yy - xy xy, without its rounding
    return torch.stack([yy + blur, -xy, xx + blur], -1) / (area + blur * (xx + yy) + blur * blur)[:, None]
