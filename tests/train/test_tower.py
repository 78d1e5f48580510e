import torch

from skllm.benchmarks import UI_PRMD, read_ui_prmd
from skllm.formats import COCO17, HUMANML3D22, NTU25, NW_UCLA20
from skllm.perturb import mirror
from skllm.render import DrActionConfig, VelocityRenderer
from skllm.skeleton import Skeleton, Topology
from skllm.train.augment import mark, resense, thin_out, turn
from skllm.train.points import POINTS, body_points, felt
from skllm.train.points import _joints_of as joints_of
from skllm.train.tower import Seer, Views, loss, painted, targets
from tests.conftest import stick_clip


def test_turning_there_and_back_is_nothing():
    clip = stick_clip(people=2)
    torch.testing.assert_close(turn(turn(clip, 70.0), -70.0).xyz, clip.xyz, rtol=1e-4, atol=1e-5)


def test_turning_turns_velocity_too():
    clip = turn(stick_clip(), 40.0, 10.0)
    again = type(clip).from_array(clip.xyz, clip.topology, clip.fps).measured()
    torch.testing.assert_close(clip.velocity, again.velocity, rtol=1e-3, atol=1e-4)


def test_a_sensor_is_the_seeds_alone():
    a, b, c = (resense(stick_clip(60), torch.Generator().manual_seed(seed)).xyz for seed in (3, 3, 4))
    assert torch.equal(a.nan_to_num(), b.nan_to_num()) and not torch.equal(a[:9].nan_to_num(), c[:9].nan_to_num())


def test_sensors_differ_in_joints_rate_sight_and_side():
    clip = next(one.clip for one in read_ui_prmd("kinect22"))
    views = [resense(clip, torch.Generator().manual_seed(seed)) for seed in range(60)]
    shares = [sum(some) / len(views) for some in zip(*(
        (len(view.topology.joint_names) < 22, view.fps < clip.fps, (view.seen == 0).any().item()) for view in views), strict=True)]
    assert all(0.1 < share < 0.5 for share in shares), shares
    assert all(view.xyz[view.seen > 0].isfinite().all() for view in views)


def test_a_thinned_body_keeps_its_motion_and_stays_in_one_piece():
    clip = next(one.clip for one in read_ui_prmd("kinect22"))
    for seed in range(20):
        thin = thin_out(clip, 0.5, torch.Generator().manual_seed(seed))
        names = thin.topology.joint_names
        assert 3 <= len(names) < 22 and len(thin.topology.bones) == len(names) - 1       # a tree
        at = [clip.topology.joint_names.index(name) for name in names]
        assert torch.equal(thin.xyz.nan_to_num(), clip.xyz[:, :, at].nan_to_num())
        assert set(sum(thin.topology.bones, ())) == set(range(len(names)))
    assert thin_out(clip, 0.0, torch.Generator()) is clip


def test_markers_stay_near_the_joints_that_they_follow_and_turn_with_the_person():
    clip = next(one.clip for one in read_ui_prmd("kinect22"))
    marked = mark(clip, 1.0, torch.Generator().manual_seed(0))
    names = marked.topology.joint_names
    assert names[:22] == clip.topology.joint_names and len(names) == 22 + 22 + len(clip.topology.bones)
    assert torch.equal(marked.xyz[:, :, :22], clip.xyz) and set(sum(marked.topology.bones, ())) == set(range(len(names)))
    apart = (marked.xyz[:, 0, 22:44] - clip.xyz[:, 0]).norm(dim=-1)
    assert 0.005 < apart.min() and apart.max() < 0.25 and (apart.std(0) < 1e-4).all()
    turned = mark(turn(clip, 90.0), 1.0, torch.Generator().manual_seed(0))
    torch.testing.assert_close(turn(marked, 90.0).xyz - turn(marked, 90.0).xyz[:, :, :1], turned.xyz - turned.xyz[:, :, :1], rtol=1e-3, atol=1e-3)
    assert mark(clip, 0.0, torch.Generator()) is clip


def test_a_person_feels_the_same_whichever_way_the_clip_is_turned_and_left_for_right_in_a_mirror():
    clip = next(one.clip for one in read_ui_prmd("kinect22")).sample(6)
    there, turned = felt(clip), felt(turn(clip, 50.0))
    torch.testing.assert_close(there[:, :15, :6], turned[:, :15, :6], rtol=1e-3, atol=1e-3)
    assert not torch.allclose(there[:, :15, 6:], turned[:, :15, 6:], atol=0.1)
    hand = {side: POINTS.index(("hand", side)) for side in ("left", "right")}
    other = felt(mirror(clip))
    torch.testing.assert_close(there[:, hand["left"], :3] * torch.tensor([-1.0, 1, 1]), other[:, hand["right"], :3], rtol=1e-3, atol=1e-3)
    assert there.shape == (6, 16, 9) and there.isfinite().all()
    up = body_points(clip, clip.xyz)[:, hand["left"], 1] - body_points(clip, clip.xyz)[:, POINTS.index(("hip", "left")), 1]
    assert torch.equal(up > 0, there[:, hand["left"], 1] > 0)


def test_a_body_that_faces_us_has_its_right_on_our_left_and_its_front_towards_us():
    names = ("LShoulder", "RShoulder", "LHip", "RHip", "RHand")
    at = torch.tensor([[0.2, 1.4, 3.0], [-0.2, 1.4, 3.0], [0.1, 0.9, 3.0], [-0.1, 0.9, 3.0], [-0.3, 1.2, 2.6]])
    moving = at[None, None] + torch.tensor([0.3, 0.0, 0.0]) * torch.arange(5)[:, None, None, None] / 30
    clip = Skeleton.from_array(moving, Topology.from_bones("five", names, [(0, 1), (2, 3), (1, 4)]), 30).measured()
    points, whole = felt(clip)[2, :15], felt(clip)[2, 15]
    spread = body_points(clip, clip.xyz)[2]
    size = (spread - spread.nanmean(0)).square().sum(-1).nanmean().sqrt()
    torch.testing.assert_close(points[POINTS.index(("hand", "right")), :3] * size, torch.tensor([0.3, 0.3, 0.4]), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(whole[6:], torch.tensor([-1.0, 0, 0]), rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(whole[3:6] * size, torch.tensor([-0.3, 0, 0]), rtol=1e-3, atol=1e-3)
    assert points[POINTS.index(("foot", "left"))].isnan().all()


def test_a_mirrored_body_of_uneven_sides_stays_in_one_piece():
    clip = next(one.clip for one in read_ui_prmd("kinect22"))
    for seed in range(20):
        dice = torch.Generator().manual_seed(seed)
        uneven = mark(thin_out(clip, 0.5, dice), 0.5, dice)
        there, mirrored = body_points(uneven, uneven.xyz), mirror(uneven)
        assert torch.equal(lengths(mirrored), lengths(uneven))
        other = body_points(mirrored, mirrored.xyz)
        for part in ("hand", "shoulder", "knee"):
            left, right = (there[:, POINTS.index((part, side))] for side in ("left", "right"))
            torch.testing.assert_close(other[:, POINTS.index((part, "right"))], left * torch.tensor([-1.0, 1, 1]), equal_nan=True)
            torch.testing.assert_close(other[:, POINTS.index((part, "left"))], right * torch.tensor([-1.0, 1, 1]), equal_nan=True)


def lengths(clip: Skeleton) -> torch.Tensor:
    a, b = zip(*clip.topology.bones, strict=True)
    return (clip.xyz[:, 0, list(a)] - clip.xyz[:, 0, list(b)]).norm(dim=-1).sort(1).values


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


def test_views_repeat_themselves_and_the_seer_learns():
    clips = [one for one in read_ui_prmd("kinect22")[:8] if one.subject not in UI_PRMD.test_subjects]
    views = Views(clips, 0, 2, 1)
    pictures, want = painted(*views[0])
    again, _ = painted(*views[0])
    assert torch.equal(pictures, again) and pictures.shape[1:] == (3, 112, 112)
    torch.manual_seed(0)
    seer = Seer()
    optimizer = torch.optim.AdamW(seer.parameters(), 1e-3)
    first = loss(seer(pictures), want)
    for _ in range(12):
        cost = loss(seer(pictures), want)
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
    assert cost < 0.9 * first and seer.own.grad.norm() > 0 and want.felt.isnan().any()
