"""Render: a Skeleton becomes pictures, differentiably. This floor never learns that a language model looks at them."""

from skllm.render.camera import Camera
from skllm.render.draction import DrAction, DrActionConfig
from skllm.render.fixed import VelocityRenderer
from skllm.render.gaussians import Gaussians, topology_weights
from skllm.render.splatting import LAWS, splat

__all__ = ["LAWS", "Camera", "DrAction", "DrActionConfig", "Gaussians", "VelocityRenderer", "splat", "topology_weights"]
