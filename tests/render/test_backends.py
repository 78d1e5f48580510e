"""gsplat's conventions without its kernels, and with them where there is a GPU."""

import inspect
from dataclasses import replace

import pytest
import torch

from skllm.render import LAWS, Camera, splat
from skllm.render.camera import project
from skllm.render.splatting import _best
from tests.conftest import same_slope
from tests.render.scenes import SCENES, some_gaussians

gsplat = pytest.importorskip("gsplat", reason="gsplat is not installed (pip install 'skllm[test]')")
cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


def test_we_project_as_gsplat_does():
    from gsplat.cuda._torch_impl import _fully_fused_projection, _quat_scale_to_covar_preci

    g = some_gaussians(200)
    turned = torch.tensor([[0.9, 0.1, -0.4], [0, 1, 0.2], [0.4, 0, 0.9]])
    rotation, shift = torch.linalg.qr(turned)[0], torch.tensor([0.1, -0.2, -0.3])
    rotation = rotation * torch.det(rotation)
    camera = Camera(120, 90, fov_degrees=70.0, rotation=rotation, position=shift)
    down = torch.diag(torch.tensor([1.0, -1, 1]))                   # gsplat's cameras have y down
    view = torch.eye(4)
    view[:3, :3], view[:3, 3] = down @ rotation, -down @ rotation @ shift
    lens = torch.tensor([[camera.focal, 0, camera.width / 2], [0, camera.focal, camera.height / 2], [0, 0, 1]])
    covariances, _ = _quat_scale_to_covar_preci(g.quaternions, g.scales, True, False)
    radii, means, depths, conics, _ = _fully_fused_projection(g.means, covariances, view[None], lens[None], camera.width, camera.height)
    ours, shown = project(g, camera, LAWS["3dgs"].blur), (radii[0] > 0).all(-1)
    assert shown.sum() > 50
    for mine, theirs in ((ours.means, means), (ours.conics, conics), (ours.depths, depths)):
        torch.testing.assert_close(mine[shown], theirs[0][shown], rtol=2e-4, atol=1e-4)
    assert ours.visible[shown].all()


def test_the_calls_fit_the_installed_gsplat(monkeypatch):
    from skllm.render import splatting_gsplat

    g, camera, seen = SCENES["random"], Camera(40, 50), {}

    def tiles(*args, **kwargs):
        seen["tiles"] = inspect.signature(real["isect_tiles"]).bind(*args, **kwargs).arguments
        return None, torch.zeros(3, dtype=torch.long), torch.zeros(3, dtype=torch.int32)

    def offsets(*args):
        inspect.signature(real["isect_offset_encode"]).bind(*args)
        return torch.zeros(args[1], args[3], args[2], dtype=torch.int32)

    def pixels(*args, **kwargs):
        told = inspect.signature(real["rasterize_to_pixels"]).bind(*args, **kwargs).arguments
        return torch.zeros(2, told["image_height"], told["image_width"], 3), None

    real = {name: getattr(gsplat, name) for name in ("isect_tiles", "isect_offset_encode", "rasterize_to_pixels")}
    for name, fake in (("isect_tiles", tiles), ("isect_offset_encode", offsets), ("rasterize_to_pixels", pixels)):
        monkeypatch.setattr(gsplat, name, fake)
    s = project(g, camera, 0.3)
    picture = splatting_gsplat.paint(s.means, s.conics, g.opacities, g.colors, [30, 30], 40, 50, LAWS["3dgs"])
    assert picture.shape == (2, 3, 40, 50)
    told = seen["tiles"]
    assert (told["tile_width"], told["tile_height"], told["n_images"]) == (4, 3, 2) and told["packed"]
    assert told["radii"].dtype == torch.int32 and told["depths"].diff().gt(0).all() and told["image_ids"].tolist() == [0] * 30 + [1] * 30


def test_the_box_given_to_gsplat_holds_every_pixel_that_counts():
    from skllm.render.splatting_tiles import extents

    g, camera = replace(some_gaussians(1, 1), opacities=torch.tensor([0.7])), Camera(200, 200)
    s = project(g, camera, 0.3)
    reach = extents(s.conics, g.opacities, LAWS["3dgs"]).ceil()[0]
    painted = (splat(g, 1, camera)[0].amax(0) > 0).nonzero() + 0.5
    apart = (painted.flip(1) - s.means[0]).abs().amax(0)
    assert (apart <= reach).all() and (apart > reach - 2.5).all()


def test_the_best_painter_is_chosen_by_device_law_and_precision(monkeypatch):
    assert _best("3dgs", torch.float32, "cpu") == "numba" and _best("3dgs", torch.float64, "cpu") == "torch"
    monkeypatch.setattr("skllm.render.splatting._gsplat_usable", lambda: True)
    assert _best("3dgs", torch.float32, "cuda") == "gsplat"
    assert _best("3dgs", torch.float32, "mps") == _best("beer-lambert", torch.float32, "cuda") == "tiles"
    monkeypatch.setattr("skllm.render.splatting._gsplat_usable", lambda: False)
    assert _best("3dgs", torch.float32, "cuda") == "tiles"


@cuda
@pytest.mark.cuda
@pytest.mark.parametrize("law", list(LAWS))
def test_cuda_paints_what_numba_does(law):
    for scene, g in SCENES.items():
        camera = Camera(130, 150)
        on_gpu = replace(g, **{name: value.cuda() for name, value in vars(g).items()})
        got, want = splat(on_gpu, 2, camera, law), splat(g, 2, camera, law)
        assert ((got.cpu() - want).abs().amax(1) > 1e-3).float().mean() < 1e-3, scene


@cuda
@pytest.mark.cuda
@pytest.mark.parametrize("law", list(LAWS))
def test_cuda_has_numbas_slopes(law):
    g, camera = SCENES["random"], Camera(130, 150)
    weight = torch.randn(2, 3, 130, 150, generator=torch.Generator().manual_seed(0))
    slopes = {}
    for device in ("cuda", "cpu"):
        leaves = {name: getattr(g, name).to(device).requires_grad_() for name in ("means", "scales", "quaternions", "opacities", "colors")}
        scene = replace(g, picture=g.picture.to(device), **leaves)
        slopes[device] = torch.autograd.grad((splat(scene, 2, camera, law) * weight.to(device)).sum(), list(leaves.values()))
    for got, want in zip(slopes["cuda"], slopes["cpu"], strict=True):
        same_slope(got.cpu(), want, tight=1e-2)
