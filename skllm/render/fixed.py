"""Fixed renderers: the same pictures to the same interface, with nothing to learn."""

import torch
from jaxtyping import Float
from torch import Tensor

from skllm.render.draction import DrActionConfig, Renderer, depth_ramp
from skllm.render.gaussians import Tracks

_FULL_PACE = 2.0      # body sizes a second at which a joint is fully bright; about 1 m/s for a grown-up


class VelocityRenderer(Renderer):
    """`3D+Velocity`, the baseline: depth is hue (near blue, far red), speed is brightness, from dim at rest to full."""

    def __init__(self, config: DrActionConfig | None = None):
        super().__init__(config or DrActionConfig())

    def look(self, tracks: Tracks) -> tuple[Float[Tensor, "R T 3"], Float[Tensor, "R T"]]:
        """Colours and opacities in [0, 1] of every track at every frame."""
        brightness = 0.35 + 0.65 * (tracks.pace.norm(dim=-1) / _FULL_PACE).clamp(max=1)
        return depth_ramp(tracks.depth) * brightness[..., None], torch.full_like(tracks.depth, 0.8)
