from dataclasses import replace

import pytest
import torch

from skllm.benchmarks import read_ui_prmd
from skllm.formats import NTU25
from skllm.render import DrAction, DrActionConfig, FlatRenderer, TrajectoryRenderer, VelocityRenderer
from skllm.render.camera import Camera, placement, quaternion_to_matrix
from skllm.render.draction import turn_to
from skllm.render.gaussians import bind
from skllm.render.renderer import INPUTS
from skllm.skeleton import Skeleton, Topology
from tests.conftest import STICK, stick_clip

SMALL = DrActionConfig(size=40, per_bone=4, radius=0.06)


@pytest.mark.parametrize("renderer", [kind(SMALL) for kind in (DrAction, VelocityRenderer, FlatRenderer, TrajectoryRenderer)])
def test_pictures_are_rgb_in_range_and_show_something(renderer):
    pictures = renderer([stick_clip().sample(5), stick_clip(people=2).sample(5)])
    assert pictures.shape == (2, 5, 3, 40, 40) and pictures.dtype == torch.float32
    assert 0 <= pictures.min() and pictures.max() <= 1
    assert (pictures.amax((2, 3, 4)) > 0.2).all()


def test_a_batch_of_formats_paints_what_each_clip_alone_would():
    clips = [stick_clip(people=2).sample(4), read_ui_prmd("vicon39")[0].clip.sample(4), read_ui_prmd("kinect22")[0].clip.sample(4)]
    renderer = DrAction(SMALL)
    together = renderer(clips)
    for clip, picture in zip(clips, together, strict=True):
        torch.testing.assert_close(renderer([clip])[0], picture, rtol=1e-4, atol=1e-5)


def test_the_order_of_people_does_not_matter():
    clip = stick_clip(people=3).sample(4)
    order = [2, 0, 1]
    shuffled = replace(clip, xyz=clip.xyz[:, order], seen=clip.seen[:, order], velocity=clip.velocity[:, order])
    for kind in (DrAction, VelocityRenderer, FlatRenderer, TrajectoryRenderer):
        torch.testing.assert_close(kind(SMALL)([shuffled]), kind(SMALL)([clip]), rtol=1e-4, atol=1e-5)


def test_forward_is_a_function():
    renderer, clip = DrAction(SMALL), stick_clip().sample(4)
    before = {name: value.clone() for name, value in renderer.state_dict().items()}
    first = renderer([clip])
    renderer([stick_clip(people=2, seed=3).sample(4)])
    assert torch.equal(renderer([clip]), first)
    assert all(torch.equal(value, before[name]) for name, value in renderer.state_dict().items())


@pytest.mark.parametrize("law", ["3dgs", "beer-lambert"])
def test_every_parameter_has_a_slope(law):
    renderer = DrAction(replace(SMALL, law=law, blend="learnable"))
    pictures = renderer([stick_clip(people=2).sample(6)])
    (pictures * torch.randn(pictures.shape, generator=torch.Generator().manual_seed(0))).sum().backward()
    for name, parameter in renderer.named_parameters():
        assert parameter.grad.isfinite().all() and parameter.grad.norm() > 1e-6, name


def test_what_learns_beside_colour_is_the_configs_to_say():
    names = {name for name, _ in DrAction(replace(SMALL, geometry=())).named_parameters()}
    assert not any(name.startswith("geometry") for name in names)
    one = {name for name, _ in DrAction(replace(SMALL, geometry=("scale",))).named_parameters()}
    assert one - names == {"geometry.scale"}


def test_geometry_does_what_it_says():
    clip = stick_clip().sample(2)
    renderer = DrAction(SMALL)
    with torch.no_grad():
        for values in renderer.geometry.values():
            values.zero_()
        plain, _ = renderer.gaussians([clip])
        renderer.geometry["position"][:, 1] = 2.0
        renderer.geometry["scale"][:, 2] = 1.0
        moved, _ = renderer.gaussians([clip])
    torch.testing.assert_close(plain.scales, torch.full_like(plain.scales, SMALL.radius))
    joints = [r * 2 for r in range(6)]                                # tracks come one after the other, two frames each
    torch.testing.assert_close((moved.means - plain.means)[joints, 1], torch.full((6,), 2 * SMALL.radius))
    torch.testing.assert_close(moved.scales[joints, 2], torch.full((6,), SMALL.radius * torch.e))
    torch.testing.assert_close(moved.scales[joints, :2], torch.full((6, 2), SMALL.radius))


def test_a_gaussians_third_axis_lies_along_its_bone():
    clip = stick_clip(people=2).sample(3)
    renderer = DrAction(SMALL)
    tracks = bind([clip], renderer.place([clip]), SMALL.per_bone)
    with torch.no_grad():
        turned = quaternion_to_matrix(renderer.shape(tracks)[2].flatten(0, 1))[:, :, 2]
    torch.testing.assert_close(turned, tracks.along.flatten(0, 1), rtol=1e-4, atol=1e-5)
    back = turn_to(torch.tensor([[0.0, 0, -1], [0, 0, 1], [0, -1, 0]]))
    torch.testing.assert_close(quaternion_to_matrix(back)[:, :, 2], torch.tensor([[0.0, 0, -1], [0, 0, 1], [0, -1, 0]]), atol=1e-6, rtol=0)


@pytest.mark.parametrize("left_out", INPUTS)
def test_each_input_of_the_modulator_can_be_left_out(left_out):
    tracks = bind([stick_clip(30).sample(4)], torch.zeros(1, 3), SMALL.per_bone)
    shift = {"position": torch.tensor([1.0, 1, 0]), "depth": torch.tensor([0.0, 0, 1])}.get(left_out)
    changed = replace(tracks, pace=tracks.pace + 1) if shift is None else replace(tracks, centred=tracks.centred + shift)
    base = torch.zeros(*tracks.seen.shape, 4)
    for inputs, blind in ((INPUTS, False), ([name for name in INPUTS if name != left_out], True)):
        nfm = DrAction(replace(SMALL, inputs=inputs)).nfm
        assert torch.equal(nfm(tracks, base)[0], nfm(changed, base)[0]) == blind


def test_the_order_and_names_of_joints_do_not_matter_where_parts_are_given():
    clip = stick_clip().sample(4)
    order = [3, 5, 0, 1, 4, 2]
    shuffled = Topology.from_bones(
        "other", [f"joint{n}" for n in order], [(order.index(a), order.index(b)) for a, b in STICK.bones],
        [STICK.parts[j] for j in order], [STICK.sides[j] for j in order],
    )
    renamed = replace(clip, topology=shuffled, xyz=clip.xyz[:, :, order], seen=clip.seen[:, :, order], velocity=clip.velocity[:, :, order])
    torch.testing.assert_close(DrAction(SMALL)([renamed]), DrAction(SMALL)([clip]), rtol=1e-4, atol=1e-5)


def test_memory_runs_over_frames():
    clip = stick_clip(30).sample(6)
    stopped = replace(clip, velocity=torch.where(torch.arange(6)[:, None, None, None] == 0, clip.velocity + 2, clip.velocity))
    for recurrent in ("gru", "lstm", "rnn"):
        renderer = DrAction(replace(SMALL, recurrent=recurrent))
        later = (renderer([clip]) - renderer([stopped]))[0, 1:].abs().amax((1, 2, 3))
        assert later[0] > 1e-6, recurrent           # what happened in the first frame is remembered in the second
    plain = DrAction(replace(SMALL, recurrent=None))
    assert torch.equal(plain([clip])[0, 1:], plain([stopped])[0, 1:])


def test_motion_changes_the_picture_only_through_the_modulator():
    clip = stick_clip(30).sample(4)
    faster = replace(clip, velocity=clip.velocity + 1)
    assert not torch.equal(DrAction(SMALL)([clip]), DrAction(SMALL)([faster]))
    without = DrAction(replace(SMALL, nfm=False))
    assert torch.equal(without([clip]), without([faster]))
    fixed = VelocityRenderer(SMALL)
    assert fixed([faster]).sum() > fixed([clip]).sum()


def test_confidence_is_opacity_and_an_absent_person_is_not_drawn():
    clip = stick_clip(4, people=2)
    seen = torch.ones(4, 2, 6)
    seen[2:, 1] = 0
    leaves = Skeleton.from_array(clip.xyz, STICK, 30, seen=seen).sample(4)
    renderer = VelocityRenderer(SMALL)
    lit = (renderer([leaves])[0].amax(1) > 0.05).float().sum((1, 2))
    assert lit[3] < 0.7 * lit[0]
    unsure = Skeleton.from_array(stick_clip(4).xyz, STICK, 30, seen=torch.full((4, 6), 0.3)).sample(4)
    assert renderer([unsure]).max() < renderer([stick_clip(4).sample(4)]).max()


def test_everything_in_sight_fits_the_picture():
    camera = Camera(100, 100)
    for scale in (0.2, 1.0, 4.0):
        clip = Skeleton.from_array(stick_clip().xyz * scale + torch.tensor([5.0, 1, -7]), STICK, 30)
        at = clip.xyz + placement(clip, camera)
        pixels = camera.focal * at[..., :2].abs() / at[..., 2:]
        assert pixels.max() < 50 and at[..., 2].min() > 0.01


def test_a_raised_right_hand_is_painted_on_the_upper_left():
    clip = stick_clip(30)
    raised = replace(clip, xyz=clip.xyz.clone())
    raised.xyz[:, 0, 3] = torch.tensor([-0.5, 2.1, 3.0])
    picture = VelocityRenderer(SMALL)([raised.sample(1)])[0, 0].amax(0)
    upper = picture[:10]
    assert upper[:, :20].sum() > 3 * upper[:, 20:].sum()


def test_it_stays_float32_under_autocast():
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(DrAction(SMALL)([stick_clip().sample(3)]), _outside())


def _outside() -> torch.Tensor:
    with torch.autocast("cpu", enabled=False):
        return DrAction(SMALL)([stick_clip().sample(3)])


def test_same_seed_same_renderer_and_the_worlds_dice_are_left_alone():
    torch.manual_seed(5)
    before = torch.rand(1)
    torch.manual_seed(5)
    a, b = DrAction(SMALL, seed=1), DrAction(SMALL, seed=1)
    assert torch.equal(torch.rand(1), before)
    assert torch.equal(a.features, b.features) and not torch.equal(a.features, DrAction(SMALL, seed=2).features)


def test_ntu_person_is_265_gaussians_a_frame():
    xyz = torch.randn(3, 25, 3, generator=torch.Generator().manual_seed(0)) * 0.3
    g, pictures = DrAction().gaussians([Skeleton.from_array(xyz, NTU25, 30)])
    assert len(g.opacities) == 3 * 265 and pictures == 3


@pytest.mark.parametrize("wrong", [
    {"law": "x"}, {"recurrent": "transformer"}, {"radius": 0.0}, {"per_bone": -1}, {"blend": "x"}, {"inputs": ("time",)}, {"geometry": "all"},
])
def test_wrong_configs_are_refused(wrong):
    with pytest.raises(ValueError, match=r"known|positive|is any of|whole number"):
        DrActionConfig(**wrong)
