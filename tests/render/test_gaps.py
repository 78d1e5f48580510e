from dataclasses import replace

import pytest
import torch

from skllm.benchmarks import read_ui_prmd
from skllm.perturb import drop_joints
from skllm.render import DrAction, DrActionConfig
from skllm.render.gaps import bridged
from skllm.skeleton import Skeleton
from tests.conftest import stick_clip


def lost(clip: Skeleton, joint: int, frames: slice) -> Skeleton:
    xyz, seen = clip.xyz.clone(), clip.seen.clone()
    xyz[frames, 0, joint], seen[frames, 0, joint] = torch.nan, 0
    return replace(clip, xyz=xyz, seen=seen, velocity=None)


def straight() -> Skeleton:
    """Thirty frames, thirty a second, in which every joint goes a straight way."""
    clip = stick_clip(30)
    way = torch.arange(30.0)[:, None, None, None] * torch.tensor([0.01, 0.02, -0.01])
    return replace(clip, xyz=clip.xyz[:1] + way, velocity=None, fps=30.0)


def test_a_short_gap_is_bridged_on_the_straight_line_and_a_long_one_is_not():
    clip = straight()
    short, long = lost(clip, 3, slice(10, 15)), lost(clip, 3, slice(10, 18))
    torch.testing.assert_close(bridged(short, 0.21).xyz, clip.xyz)
    torch.testing.assert_close(bridged(short, 0.21).measured().velocity, clip.measured().velocity)
    assert (bridged(short, 0.21).seen[10:15, 0, 3] > 0).all()
    assert bridged(long, 0.21) is long and bridged(short, 0.0) is short and bridged(clip, 1.0) is clip


@pytest.mark.parametrize("frames", [slice(0, 3), slice(27, 30)])
def test_before_the_first_and_after_the_last_sight_nothing_is_made_up(frames):
    clip = lost(straight(), 3, frames)
    assert bridged(clip, 10.0) is clip


def test_velocity_that_is_known_is_bridged_and_not_measured_anew():
    clip = straight().measured().sample(12)
    gone = lost(clip, 3, slice(4, 6))
    velocity = clip.velocity.clone()
    velocity[4:6, 0, 3] = torch.nan
    torch.testing.assert_close(bridged(replace(gone, velocity=velocity), 1.0).velocity[4:6, 0, 3], clip.velocity[4:6, 0, 3], rtol=0.2, atol=0.05)


def test_a_renderer_that_bridges_paints_a_flickering_body_almost_as_a_whole_one():
    clip = read_ui_prmd("kinect22")[0].clip
    flickering = drop_joints(clip, 0.3, torch.Generator().manual_seed(0))

    def painted(one, seconds):
        torch.manual_seed(0)
        renderer = DrAction(DrActionConfig(size=56, bridge=seconds))
        return renderer([renderer.sample(one, 6)])

    whole, bare, mended = painted(clip, 0.0), painted(flickering, 0.0), painted(flickering, 0.25)
    assert (mended - whole).abs().mean() < 0.2 * (bare - whole).abs().mean()


def test_a_bridge_of_no_time_is_refused():
    with pytest.raises(ValueError, match="bridge is in seconds"):
        DrActionConfig(bridge=-1.0)
