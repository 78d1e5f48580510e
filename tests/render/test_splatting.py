"""The definition against its equation, and the numba twin against the definition."""

from dataclasses import replace
from math import exp

import pytest
import torch

from skllm.render import LAWS, Camera, Gaussians, splat
from tests.conftest import same_slope


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


@pytest.mark.parametrize("backend", ["torch", "numba"])
@pytest.mark.parametrize(("law", "value"), [("3dgs", 0.8), ("beer-lambert", 1 - exp(-0.8))])
def test_one_gaussian_has_the_value_of_its_equation(law, value, backend):
    size = 33 if LAWS[law].centre else 32        # a pixel is looked at exactly where the Gaussian stands
    picture = splat(one(), 1, Camera(size, size), law, backend)[0, :, 16, 16]
    torch.testing.assert_close(picture, value * torch.tensor([1.0, 0.5, 0.25]), rtol=1e-5, atol=1e-6)


def test_its_width_is_its_projected_radius():
    camera = Camera(101, 101)
    profile = splat(one(0.9, scale=0.2), 1, camera, "beer-lambert", "torch")[0, 0, 50]
    density = -(1 - profile).log()
    sigma = 0.2 * camera.focal / 2.0
    at = torch.arange(101) - 50.5
    torch.testing.assert_close(density, 0.9 * torch.exp(-0.5 * (at / sigma) ** 2), rtol=2e-3, atol=2e-4)


def test_the_nearer_one_hides_the_farther_whatever_their_order():
    near, far = one(0.9, (0, 0, 1.5)), replace(one(0.9, (0, 0, 2.0)), colors=torch.tensor([[0.0, 0, 1]]))
    both = Gaussians(*(torch.cat([getattr(a, f) for a in (far, near)]) for f in Gaussians.__dataclass_fields__))
    swapped = Gaussians(*(torch.cat([getattr(a, f) for a in (near, far)]) for f in Gaussians.__dataclass_fields__))
    picture = splat(both, 1, Camera(33, 33))
    assert torch.equal(picture, splat(swapped, 1, Camera(33, 33)))
    assert picture[0, 0, 16, 16] > 0.85 and picture[0, 2, 16, 16] < 0.9 * 0.25 + 0.1


def test_what_is_behind_the_camera_or_off_the_picture_is_not_drawn():
    for backend in ("torch", "numba"):
        for at in ((0, 0, -1.0), (0, 0, 0.005), (30.0, 0, 2.0)):
            assert splat(one(at=at), 1, Camera(16, 16), backend=backend).abs().max() == 0
        assert splat(replace(one(), picture=torch.tensor([1])), 3, Camera(16, 16), backend=backend)[[0, 2]].abs().max() == 0


def test_camera_and_scene_turned_together_give_the_same_picture():
    g, turn = some_gaussians(), torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(1)))[0]
    turn = turn * torch.det(turn)
    w = 0.5 * (1 + turn.trace()).sqrt()
    q = torch.stack([w, (turn[2, 1] - turn[1, 2]) / (4 * w), (turn[0, 2] - turn[2, 0]) / (4 * w), (turn[1, 0] - turn[0, 1]) / (4 * w)])
    shift = torch.tensor([0.3, -1.0, 2.0])
    moved = replace(g, means=g.means @ turn.T + shift, quaternions=quaternion_product(q, g.quaternions))
    camera = Camera(48, 40, rotation=turn.T.contiguous(), position=shift)
    for law in LAWS:
        torch.testing.assert_close(splat(moved, 2, camera, law), splat(g, 2, Camera(48, 40), law), rtol=1e-3, atol=2e-4)


def quaternion_product(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    aw, ax, ay, az = a
    bw, bx, by, bz = b.unbind(-1)
    return torch.stack([aw * bw - ax * bx - ay * by - az * bz, aw * bx + ax * bw + ay * bz - az * by,
                        aw * by - ax * bz + ay * bw + az * bx, aw * bz + ax * by - ay * bx + az * bw], -1)


@pytest.mark.parametrize("law", list(LAWS))
@pytest.mark.parametrize(("size", "opaque"), [((70, 51), False), ((130, 64), True)])
def test_numba_paints_the_same_picture_with_the_same_slopes(law, size, opaque):
    g = some_gaussians(150 if opaque else 60)
    if opaque:
        g = replace(g, opacities=torch.full_like(g.opacities, 0.999), scales=g.scales * 2)       # early stop and cap come into play
    weight = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(2))
    fields = ("means", "scales", "quaternions", "opacities", "colors")
    pictures, slopes = {}, {}
    for backend in ("torch", "numba"):
        leaves = {name: getattr(g, name).clone().requires_grad_() for name in fields}
        pictures[backend] = splat(replace(g, **leaves), 2, Camera(*size), law, backend)
        (pictures[backend] * weight).sum().backward()
        slopes[backend] = {name: leaf.grad for name, leaf in leaves.items()}
    assert (pictures["torch"] - pictures["numba"]).abs().max() < 1e-5
    for name in fields:
        same_slope(slopes["numba"][name], slopes["torch"][name])


@pytest.mark.parametrize("law", list(LAWS))
def test_the_definition_has_the_slope_it_claims(law):
    g = some_gaussians(5, 1, dtype=torch.float64)
    g = replace(g, scales=g.scales * 3, opacities=g.opacities * 0.6)
    weight = torch.randn(1, 3, 9, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64)

    def total(means, scales, quaternions, opacities, colors):
        changed = replace(g, means=means, scales=scales, quaternions=quaternions, opacities=opacities, colors=colors)
        return (splat(changed, 1, Camera(9, 9), law, "torch") * weight).sum()

    leaves = [getattr(g, name).clone().requires_grad_() for name in ("means", "scales", "quaternions", "opacities", "colors")]
    assert torch.autograd.gradcheck(total, leaves, eps=1e-7, atol=1e-5)


def test_unknown_laws_and_backends_are_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="beer-lambert"):
        splat(one(), 1, Camera(8, 8), law="lambert")
    with pytest.raises(ValueError, match="numba"):
        splat(one(), 1, Camera(8, 8), backend="cuda")
    with pytest.raises(ValueError, match="fov_degrees"):
        Camera(8, 8, fov_degrees=180.0)
