"""Fixed renderers: the same pictures to the same interface, with nothing to learn."""

import torch
from jaxtyping import Float
from torch import Tensor

from skllm.render.draction import DrActionConfig, Renderer, depth_ramp
from skllm.render.gaussians import Tracks


class VelocityRenderer(Renderer):
    """`3D+Velocity`, the baseline: depth is hue (near blue, far red), speed is brightness, from dim at rest to full.

    full_pace: body sizes a second at which a joint is fully bright; about 1 m/s for a grown-up.
    """

    def __init__(self, config: DrActionConfig | None = None, full_pace: float = 2.0):
        super().__init__(config or DrActionConfig())
        self.full_pace = full_pace

    def look(self, tracks: Tracks) -> tuple[Float[Tensor, "R T 3"], Float[Tensor, "R T"]]:
        """Colours and opacities in [0, 1] of every track at every frame."""
        brightness = 0.35 + 0.65 * (tracks.pace.norm(dim=-1) / self.full_pace).clamp(max=1)
        return depth_ramp(tracks.depth) * brightness[..., None], torch.full_like(tracks.depth, 0.8)
