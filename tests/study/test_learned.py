from dataclasses import replace

import pytest
import torch

from skllm.render import DrAction, DrActionConfig, FlatRenderer, TrajectoryRenderer, VelocityRenderer
from skllm.render.released import Released
from skllm.skeleton import Skeleton
from skllm.study import figures
from skllm.study.learned import dependence, movement
from tests.conftest import STICK, stick_clip

SMALL = DrActionConfig(size=40, per_bone=4, radius=0.06)


def test_a_renderer_that_has_not_moved_shows_as_such():
    renderer = DrAction(SMALL)
    moved = movement({name: value.clone() for name, value in renderer.state_dict().items()}, renderer.state_dict())
    assert set(moved) == {"features", "base", "nfm", "depth_mix", "geometry"} and not any(moved.values())
    here = dependence(renderer, [stick_clip(30)], frames=4)
    texts = [text.get_text() for axis in figures.learned(moved, here, here, "none").axes for text in axis.texts]
    assert "nothing has moved" in texts
    moved["nfm"] = 0.1
    assert not [text for axis in figures.learned(moved, here, here, "some").axes for text in axis.texts]


def test_movement_is_the_root_mean_square_change_of_each_group():
    renderer = DrAction(SMALL)
    before = {name: value.clone() for name, value in renderer.state_dict().items()}
    with torch.no_grad():
        renderer.depth_mix += 0.5
        renderer.geometry["scale"] += 0.3
    moved = movement(before, renderer.state_dict())
    assert moved["depth_mix"] == pytest.approx(0.5) and moved["geometry"] == pytest.approx(0.3 / 3**0.5)
    assert moved["features"] == moved["base"] == moved["nfm"] == 0
    with pytest.raises(ValueError, match="two models"):
        movement(before, DrAction(replace(SMALL, nfm=False)).state_dict())


def test_dependence_is_found_where_it_is_and_only_there():
    clips = [stick_clip(30)]
    without = dependence(DrAction(replace(SMALL, nfm=False)), clips, 6)
    assert without.velocity == 0 and without.contrast == 0 and without.part > 0.01
    baseline = dependence(VelocityRenderer(SMALL), clips, 6)
    assert baseline.velocity > 0.005 and baseline.contrast > 0.1 and baseline.part == 0
    assert dependence(FlatRenderer(SMALL), clips, 6).part > 0.05


def test_velocity_dependence_is_the_slope_of_the_picture():
    """3D+Velocity brightens by 0.65 for each full pace; on a limb that moves along one axis the change is known."""
    xyz = stick_clip(30).xyz.clone()
    xyz[:] = xyz[:1]
    slide = torch.linspace(0, 0.3, 30)[:, None, None, None] * torch.tensor([1.0, 0, 0])
    clip = Skeleton.from_array(xyz + slide, STICK, 30)
    one, two = (dependence(VelocityRenderer(SMALL), [Skeleton.from_array(xyz + k * slide, STICK, 30)], 4).velocity for k in (1, 2))
    assert dependence(VelocityRenderer(SMALL), [clip], 4).velocity == one
    assert one > 0 and abs(two / one - 1) < 0.1                # brightness is linear in speed here


def test_released_weights_that_barely_moved_show_little():
    renderer = Released(DrActionConfig(size=40, law="beer-lambert", recurrent=None, geometry=()))
    with torch.no_grad():
        for name, shape in (("features", 0.01), ("base.0.weight", 0.01), ("base.2.weight", 0.01), ("nfm.0.weight", 0.01), ("nfm.2.weight", 0.01)):
            renderer.get_parameter(name).normal_(0, shape, generator=torch.Generator().manual_seed(0))
        renderer.scales.fill_(0.06)
    found = dependence(renderer, [stick_clip(30)], 4)
    assert 0 <= found.velocity < 1e-3 and found.part < 1e-2 and abs(found.contrast) < 1e-2


def test_contrast_asks_for_a_clip_that_is_seen_throughout():
    xyz = stick_clip(30).xyz.clone()
    xyz[:10, 0, 2] = torch.nan
    with pytest.raises(ValueError, match="seen throughout"):
        dependence(DrAction(SMALL), [Skeleton.from_array(xyz, STICK, 30)], 6)



def test_what_cannot_be_measured_is_refused():
    with pytest.raises(ValueError, match="paths, not limbs"):
        dependence(TrajectoryRenderer(SMALL), [stick_clip()])
    with pytest.raises(ValueError, match="at least one"):
        dependence(DrAction(SMALL), [])
