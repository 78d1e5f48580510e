from dataclasses import replace

import pytest
import torch

from skllm.formats import NTU25
from skllm.render import DrAction, DrActionConfig
from skllm.render.blending import BLENDS, LearnableBlend, inverse_distance, uniform
from skllm.render.gaussians import bind, canonical_pose, topology_weights
from skllm.skeleton import Skeleton
from tests.conftest import STICK, same_slope, stick_clip

SMALL = DrActionConfig(size=40, per_bone=4, radius=0.06)


@pytest.mark.parametrize("rule", [uniform, inverse_distance, LearnableBlend()])
def test_rows_sum_to_one(rule):
    pose = torch.randn(2, 25, 3, generator=torch.Generator().manual_seed(0))
    weights = rule(NTU25, pose, 10)
    assert weights.shape == (2, 265, 25) and (weights >= 0).all()
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 265))


def test_with_uniform_weights_the_first_pose_glides_as_one_stiff_body():
    clip = stick_clip(10).sample(5)
    stiff = bind([clip], torch.zeros(1, 3), 4, uniform).positions
    torch.testing.assert_close(stiff - stiff[:, :1], (stiff[:1] - stiff[:1, :1]).expand_as(stiff), rtol=1e-4, atol=1e-5)
    free = bind([clip], torch.zeros(1, 3), 4).positions
    torch.testing.assert_close(stiff[:, 0], free[:, 0], rtol=1e-4, atol=1e-5)        # the canonical pose itself is kept


def test_inverse_distance_leaves_joints_on_their_joints_and_leans_on_the_nearest():
    pose = stick_clip(2).xyz[0]
    weights = inverse_distance(STICK, pose, 3)[0]
    torch.testing.assert_close(weights[:6], torch.eye(6), atol=1e-4, rtol=0)
    ends = topology_weights(STICK, 3)
    near_head = 6                                                                    # the first point of the bone head-waist
    assert weights[near_head].argmax() == ends[near_head].argmax()


def test_learnable_weights_start_at_the_topologys_and_learn():
    clip = stick_clip(people=2).sample(4)
    fixed, learning = DrAction(SMALL), DrAction(replace(SMALL, blend="learnable"))
    torch.testing.assert_close(
        bind([clip], torch.zeros(1, 3), 4, learning.blend).positions, bind([clip], torch.zeros(1, 3), 4).positions, rtol=1e-4, atol=1e-5,
    )
    assert (learning([clip]) - fixed([clip])).abs().mean() < 1e-3
    learning([clip]).square().sum().backward()
    assert learning.blend.affinity.grad.norm() > 0


def test_learnable_weights_have_the_slope_of_finite_differences():
    clip, rule = stick_clip().sample(3), LearnableBlend()
    direction = torch.randn(rule.affinity.shape, generator=torch.Generator().manual_seed(0))

    def total() -> torch.Tensor:
        return bind([clip], torch.zeros(1, 3), 3, rule).positions.square().sum()

    (slope,) = torch.autograd.grad(total(), rule.affinity)
    with torch.no_grad():
        ends = []
        for step in (1e-2, -1e-2):
            rule.affinity.copy_(step * direction)
            ends.append(total())
    assert abs((slope * direction).sum() - (ends[0] - ends[1]) / 2e-2) < 0.02 * slope.norm() * direction.norm()
    assert slope.norm() > 0


@pytest.mark.parametrize("blend", BLENDS)
def test_an_absent_joint_hides_its_bones_and_nothing_else_under_every_rule(blend):
    xyz = stick_clip(4).xyz.clone()
    xyz[:, 0, 2] = torch.nan
    clip = Skeleton.from_array(xyz, STICK, 30).sample(4)
    tracks = bind([clip], torch.zeros(1, 3), 2, DrAction(replace(SMALL, blend=blend)).blend)
    assert (tracks.seen[:, 0] == 0).nonzero()[:, 0].tolist() == [2, 6 + 2, 6 + 3]
    assert tracks.positions.isfinite().all()


def test_the_canonical_pose_is_the_first_frame_that_shows_most():
    xyz = stick_clip(5).xyz.clone()
    xyz[0, 0, 1] = torch.nan
    torch.testing.assert_close(canonical_pose(xyz)[0], xyz[1, 0])
    xyz[:, 0, 4] = torch.nan                                   # never seen: it stands in the middle, and is not drawn
    assert canonical_pose(xyz).isfinite().all()


def test_slopes_pass_through_the_learnable_rule_to_appearance_as_before():
    clip = stick_clip().sample(3)
    slopes = []
    for blend in ("topology", "learnable"):
        renderer = DrAction(replace(SMALL, blend=blend))
        renderer([clip]).sum().backward()
        slopes.append(renderer.features.grad)
    same_slope(slopes[1], slopes[0], tight=1e-2)
