from dataclasses import replace

import torch

from skllm.render import DrActionConfig, FlatRenderer, TrajectoryRenderer, VelocityRenderer
from skllm.skeleton import Skeleton
from tests.conftest import STICK, stick_clip

SMALL = DrActionConfig(size=48, per_bone=4, radius=0.06)
FAR = replace(SMALL, distance=6.0)          # far enough that everything fits, so that the person is always placed alike


def shine(picture: torch.Tensor) -> torch.Tensor:
    return picture.amax(-3)


def test_2d_knows_neither_depth_nor_speed():
    clip = stick_clip(10).sample(4)
    waved = replace(clip, velocity=clip.velocity + 1)
    # the hand that waves comes nearer by 40 cm while the other goes back, so the average depth and the picture's fit stay
    deep = replace(clip, xyz=clip.xyz + torch.tensor([[0, 0, 0], [0, 0, 0], [0, 0, 0.4], [0, 0, -0.4], [0, 0, 0], [0, 0, 0]]))
    flat = FlatRenderer(FAR)
    assert torch.equal(flat([clip]), flat([waved]))
    torch.testing.assert_close(flat([clip]), flat([deep]), atol=2e-3, rtol=0)
    assert (VelocityRenderer(FAR)([clip]) - VelocityRenderer(FAR)([deep])).abs().max() > 0.05


def test_2d_tells_left_from_right():
    picture = FlatRenderer(SMALL)([stick_clip(4).sample(1)])[0, 0]
    left_half, right_half = picture[..., :20].sum((1, 2)), picture[..., 28:].sum((1, 2))      # their right side is on our left
    assert left_half[0] > left_half[2] and right_half[2] > right_half[0]


def test_paths_grow_and_stay():
    clip = stick_clip(30).sample(6)
    maps = shine(TrajectoryRenderer(SMALL)([clip])[0])
    painted = (maps > 0.05).sum((1, 2))
    assert (painted.diff() >= 0).all() and painted[-1] > painted[0]
    still = replace(clip, xyz=clip.xyz[:1].expand_as(clip.xyz).clone())
    maps = shine(TrajectoryRenderer(SMALL)([still])[0])
    assert ((maps[0] > 0.05) <= (maps[-1] > 0.05)).all()
    assert (maps[-1] > 0.05).sum() <= 1.1 * (maps[0] > 0.05).sum()


def test_a_path_is_not_drawn_through_frames_in_which_the_joint_is_absent():
    xyz = stick_clip(8).xyz[:, 0].clone()
    xyz[4:, 3] += torch.tensor([0.0, 1.0, 0])
    seen = torch.ones(8, 6)
    seen[3:5, 3] = 0
    renderer = TrajectoryRenderer(FAR)
    broken, _ = renderer.gaussians([Skeleton.from_array(xyz, STICK, 30, seen=seen).sample(8)])
    whole, _ = renderer.gaussians([Skeleton.from_array(xyz, STICK, 30).sample(8)])
    last = [(g.means[g.picture == 7][:, :2], len(g.picture)) for g in (broken, whole)]
    assert len(last[1][0]) - len(last[0][0]) == 3 * 10 - 1                 # three of its seven lines, without the ends that are seen
    corners = torch.stack([last[1][0].amin(0), last[1][0].amax(0)])
    assert (last[0][0] >= corners[0] - 0.05).all() and (last[0][0] <= corners[1] + 0.05).all()


def test_one_frame_is_a_map_of_dots():
    assert TrajectoryRenderer(SMALL)([stick_clip().sample(1)]).amax() > 0.05


def test_faster_is_brighter_and_more_colourful():
    clip = stick_clip(30).sample(4)
    faster = replace(clip, velocity=clip.velocity * 5)
    for kind in (VelocityRenderer, TrajectoryRenderer):
        assert kind(SMALL)([faster]).sum() > kind(SMALL)([clip]).sum()
