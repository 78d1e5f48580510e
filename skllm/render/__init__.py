"""Render: a Skeleton becomes pictures, differentiably. This floor never learns that a language model looks at them."""

from skllm.render.camera import Camera
from skllm.render.draction import DrAction
from skllm.render.fixed import FlatRenderer, TrajectoryRenderer, VelocityRenderer
from skllm.render.gaussians import Gaussians, topology_weights
from skllm.render.renderer import DrActionConfig, Renderer
from skllm.render.splatting import LAWS, splat

__all__ = [
    "LAWS", "Camera", "DrAction", "DrActionConfig", "FlatRenderer", "Gaussians", "Renderer", "TrajectoryRenderer", "VelocityRenderer",
    "splat", "topology_weights",
]
