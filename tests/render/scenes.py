"""Scenes for the painters: random ones, and those that painters get wrong."""

from dataclasses import fields, replace

import torch

from skllm.benchmarks import read_ui_prmd
from skllm.render import DrAction, DrActionConfig, Gaussians


def some_gaussians(count: int = 60, pictures: int = 2, seed: int = 0, dtype=torch.float32) -> Gaussians:
    dice = torch.Generator().manual_seed(seed)

    def uniform(*shape, low=0.0, high=1.0):
        return (low + (high - low) * torch.rand(*shape, generator=dice, dtype=torch.float64)).to(dtype)

    means = torch.cat([uniform(count, 2, low=-0.9, high=0.9), uniform(count, 1, low=1.2, high=2.5)], 1)
    return Gaussians(
        picture=torch.randint(pictures, (count,), generator=dice), means=means, scales=uniform(count, 3, low=0.02, high=0.12),
        quaternions=uniform(count, 4, low=-1), opacities=uniform(count, low=0.1, high=1.0), colors=uniform(count, 3),
    )


def one(opacity=0.8, at=(0.0, 0.0, 2.0), scale=0.1) -> Gaussians:
    return Gaussians(
        torch.zeros(1, dtype=torch.long), torch.tensor([at]), torch.full((1, 3), scale), torch.tensor([[1.0, 0, 0, 0]]),
        torch.tensor([opacity]), torch.tensor([[1.0, 0.5, 0.25]]),
    )


def together(*scenes: Gaussians) -> Gaussians:
    return Gaussians(*(torch.cat([getattr(scene, field.name) for scene in scenes]) for field in fields(Gaussians)))


def doubled(g: Gaussians) -> Gaussians:
    return replace(g, **{name: value.double() for name, value in vars(g).items() if value.is_floating_point()})


def crowd(**changes) -> Gaussians:
    return replace(some_gaussians(40, 2, seed=7), **changes)


def _moved(axis: int, by: float) -> torch.Tensor:
    means = some_gaussians(40, 2, seed=7).means.clone()
    means[::2, axis] += by
    return means


def people() -> Gaussians:
    """Two formats, one frame each, as DrAction dresses them."""
    clips = [next(iter(read_ui_prmd(sensor))).clip.sample(1) for sensor in ("kinect22", "vicon39")]
    with torch.no_grad():
        return DrAction(DrActionConfig(size=64)).gaussians(clips)[0]


SCENES = {
    "two people of two formats": people(),
    "random": some_gaussians(60),
    "opaque": replace(some_gaussians(150), opacities=torch.full((150,), 0.999), scales=some_gaussians(150).scales * 2),      # stop and cap
    "on the border": crowd(means=_moved(0, 1.0)),
    "partly behind the camera": crowd(means=_moved(2, -1.8)),
    "at the near plane": crowd(means=_moved(2, -1.6)),
    "nearly transparent": crowd(opacities=torch.linspace(0, 0.02, 40)),
    "coincident": crowd(means=torch.tensor([[0.1, -0.2, 1.5]]).expand(40, 3).clone()),
    "a pixel large": crowd(scales=torch.full((40, 3), 0.004)),
    "smaller than a pixel": crowd(scales=torch.full((40, 3), 1e-5)),
    "larger than the picture": crowd(scales=torch.full((40, 3), 3.0), opacities=torch.full((40,), 0.3)),
    "slender": crowd(scales=torch.tensor([[0.2, 0.02, 0.02]]).expand(40, 3).clone()),
    "needles": crowd(scales=torch.tensor([[0.5, 0.005, 0.005]]).expand(40, 3).clone()),
    "one alone": one(),
    "none": Gaussians(*(value[:0] for value in vars(one()).values())),
}
