import torch

from skllm.benchmarks import UI_PRMD, read_ui_prmd
from skllm.formats import COCO17, HUMANML3D22, NTU25, NW_UCLA20
from skllm.render import DrActionConfig, VelocityRenderer
from skllm.train.augment import turn, vary
from skllm.train.tower import POINTS, Painter, Seer, loss, targets
from skllm.train.tower import _joints_of as joints_of
from tests.conftest import stick_clip


def test_turning_there_and_back_is_nothing():
    clip = stick_clip(people=2)
    torch.testing.assert_close(turn(turn(clip, 70.0), -70.0).xyz, clip.xyz, rtol=1e-4, atol=1e-5)


def test_turning_turns_velocity_too():
    clip = turn(stick_clip(), 40.0, 10.0)
    again = type(clip).from_array(clip.xyz, clip.topology, clip.fps).measured()
    torch.testing.assert_close(clip.velocity, again.velocity, rtol=1e-3, atol=1e-4)


def test_a_varied_view_is_the_seeds_alone():
    a, b, c = (vary(stick_clip(), torch.Generator().manual_seed(seed)).xyz for seed in (3, 3, 4))
    assert torch.equal(a, b) and not torch.equal(a, c)


def test_a_varied_view_sometimes_lacks_joints_from_beginning_to_end():
    clip = next(one.clip for one in read_ui_prmd("kinect22"))
    joints = len(clip.topology.joint_names)
    views = [vary(clip, torch.Generator().manual_seed(seed)) for seed in range(40)]
    lacking = [(view.seen == 0).float().mean().item() * joints for view in views]
    assert set(map(round, lacking)) == {0, round(0.08 * joints)} and 1 <= sum(n > 0 for n in lacking) <= 15
    assert all(torch.equal(view.seen, view.seen[:1].expand_as(view.seen)) for view in views)


def test_targets_are_where_the_renderer_paints():
    clip = next(one.clip for one in read_ui_prmd("kinect22")).sample(3)
    renderer = VelocityRenderer(DrActionConfig(size=112))
    want = targets(clip, renderer.camera, renderer.config.distance)
    picture = renderer([clip])[0].amax(1)
    pixels = ((want.values[..., :2] + 1) * 56).long()
    for frame, points in zip(picture, pixels, strict=True):
        assert all(frame[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].max() > 0.1 for x, y in points.tolist())
    assert want.known.all()


def test_every_format_has_hands_feet_and_a_head_to_find():
    for topology in (NTU25, NW_UCLA20, HUMANML3D22, COCO17, read_ui_prmd("vicon39")[0].clip.topology):
        named = {point for point in POINTS if joints_of(topology, *point)}
        assert {("head", "middle"), ("hand", "left"), ("hand", "right"), ("foot", "left"), ("knee", "right")} <= named, topology.name


def test_the_painter_repeats_itself_and_the_seer_learns():
    clips = [one for one in read_ui_prmd("kinect22")[:8] if one.subject not in UI_PRMD.test_subjects]
    painter = Painter(clips, 0)
    pictures, want = painter.batch(0, 2)
    again, _ = painter.batch(0, 2)
    assert torch.equal(pictures, again) and pictures.shape[1:] == (3, 112, 112)
    torch.manual_seed(0)
    seer = Seer()
    optimizer = torch.optim.AdamW(seer.parameters(), 1e-3)
    first = loss(seer(pictures), want)
    for _ in range(6):
        cost = loss(seer(pictures), want)
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
    assert cost < 0.9 * first
