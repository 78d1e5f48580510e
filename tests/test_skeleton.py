import base64
import io
import re

import numpy as np
import pytest
import torch
from PIL import Image

from skllm.skeleton import Skeleton, Topology, part_of_name, side_of_name
from tests.conftest import STICK, stick_clip


@pytest.mark.parametrize(("name", "side", "part"), [
    ("ElbowLeft", "left", "elbow"), ("left_elbow", "left", "elbow"), ("LElbow", "left", "elbow"), ("elbow.L", "left", "elbow"),
    ("RUpperArm", "right", "shoulder"), ("LeftForeArm", "left", "elbow"), ("RightUpLeg", "right", "hip"), ("LHipJoint", "left", "hip"),
    ("Hips", "middle", "waist"), ("SpineShoulder", "middle", "chest"), ("LowerBack", "middle", "waist"), ("RToes", "right", "foot"),
    ("mixamorig:Hips", "middle", "waist"), ("mixamorig:LeftArm", "left", "shoulder"), ("Bip01 L Thigh", "left", "hip"),
    ("b_r_upleg", "right", "hip"), ("string", "middle", "other"), ("LeftHandRing1", "left", "hand"),
    ("nose", "middle", "head"), ("Rudder", "middle", "other"),
])
def test_names_tell_side_and_part(name, side, part):
    assert (side_of_name(name), part_of_name(name)) == (side, part)


def test_velocity_of_a_steady_walk_is_its_speed_at_any_frame_rate():
    for fps in (10, 30, 120):
        xyz = np.zeros((fps, 1, 6, 3), np.float32)
        xyz[..., 0] = 1.5 * np.arange(fps)[:, None, None] / fps
        velocity = Skeleton.from_array(xyz, STICK, fps).measured().velocity
        torch.testing.assert_close(velocity[..., 0], torch.full((fps, 1, 6), 1.5), rtol=1e-4, atol=1e-4)


def test_velocity_is_measured_before_sampling():
    clip = stick_clip(60)
    assert torch.equal(clip.sample(12).velocity, clip.measured().velocity[torch.arange(12) * 5 + 2])
    assert torch.equal(clip.sample(12).sample(12).velocity, clip.sample(12).velocity)


def test_velocity_never_looks_at_an_absent_joint():
    xyz = stick_clip(10).xyz.clone()
    xyz[5, 0, 2] = torch.nan
    velocity = Skeleton.from_array(xyz, STICK, 30).measured().velocity
    assert velocity[5, 0, 2].isnan().all()
    assert velocity.isfinite().sum() == velocity.numel() - 3
    assert velocity[4, 0, 2].abs().max() == 0        # this hand rests


def test_sampling_takes_segment_centres_or_seeded_frames_of_each_segment():
    clip = Skeleton.from_array(np.arange(24, dtype=np.float32)[:, None, None].repeat(6, 1).repeat(3, 2), STICK, 30)
    assert clip.sample(12).xyz[:, 0, 0, 0].tolist() == [2 * n + 1 for n in range(12)]

    def drawn(seed):
        return clip.sample(12, torch.Generator().manual_seed(seed)).xyz[:, 0, 0, 0]

    assert torch.equal(drawn(1), drawn(1))
    assert not torch.equal(drawn(1), drawn(2))
    assert ((drawn(3) // 2) == torch.arange(12)).all()


def test_a_short_clip_repeats_frames_in_order():
    assert stick_clip(1).sample(12).frames == 12
    clip = Skeleton.from_array(np.arange(5, dtype=np.float32)[:, None, None].repeat(6, 1).repeat(3, 2), STICK, 30)
    taken = clip.sample(12, torch.Generator().manual_seed(0)).xyz[:, 0, 0, 0]
    assert (taken.diff() >= 0).all() and set(taken.tolist()) == {0, 1, 2, 3, 4}


def test_absent_joints_are_marked_and_never_zero():
    xyz = stick_clip(4, people=2).xyz.clone()
    seen = torch.ones(4, 2, 6)
    seen[2:, 1] = 0
    clip = Skeleton.from_array(xyz, STICK, 30, seen=seen)
    assert clip.xyz[2:, 1].isnan().all() and clip.xyz[:2].isfinite().all()


@pytest.mark.parametrize(("change", "says"), [
    (lambda x: x[..., :2], "T J 3"),
    (lambda x: x[:, :, :5], "stick has 6 joints"),
    (lambda x: x[:0], "at least one frame"),
    (lambda x: x * 1e4, "metres"),
    (lambda x: x / 0, "finite"),
    (lambda x: x * np.nan, "nobody is seen"),
])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_wrong_arrays_are_refused_with_the_reason(change, says):
    with pytest.raises(ValueError, match=says):
        Skeleton.from_array(change(stick_clip(4).xyz.numpy()), STICK, 30)


def test_a_zero_for_an_absent_joint_is_refused():
    clip = stick_clip(3)
    seen = clip.seen.clone()
    seen[1, 0, 4] = 0
    with pytest.raises(ValueError, match=r"frame 1, person 0, joint 4"):
        Skeleton(clip.xyz, seen, 30.0, STICK)


@pytest.mark.parametrize("fps", [0, -1, float("nan"), float("inf")])
def test_a_rate_that_is_none_is_refused(fps):
    with pytest.raises(ValueError, match="fps"):
        Skeleton.from_array(stick_clip(2).xyz, STICK, fps)


def test_somebody_seen_only_briefly_is_still_sampled():
    xyz = np.full((300, 6, 3), np.nan, np.float32)
    xyz[100:103] = stick_clip(3).xyz[:, 0]
    clip = Skeleton.from_array(xyz, STICK, 30)
    assert (clip.sample(12).seen > 0).all() and (clip.sample(12, torch.Generator().manual_seed(0)).seen > 0).all()
    assert "base64" in clip._repr_html_()


def test_confidences_of_another_shape_are_refused_not_reshaped():
    xyz = stick_clip(8).xyz[:, 0]
    assert Skeleton.from_array(xyz, STICK, 30, seen=np.ones((8, 6))).people == 1
    with pytest.raises(ValueError, match="seen must have shape"):
        Skeleton.from_array(xyz, STICK, 30, seen=np.ones((6, 8)))
    with pytest.raises(ValueError, match="orientations"):
        Skeleton.from_array(xyz, STICK, 30, orientations=np.ones((8, 6, 3)))


def test_bones_must_name_joints():
    with pytest.raises(ValueError, match="count from 0"):
        Topology.from_bones("odd", ["a", "b"], [(1, 2)])


def test_a_clip_in_a_notebook_is_a_small_moving_picture():
    shown = stick_clip(90, people=2)._repr_html_()
    assert "<script" not in shown and len(shown) < 200_000
    gif = Image.open(io.BytesIO(base64.b64decode(re.search(r"base64,([^\"]+)", shown).group(1))))
    assert gif.n_frames > 10
    assert 2000 < sum(gif.info["duration"] for n in range(gif.n_frames) if gif.seek(n) is None) < 4000     # three seconds
    first, later = (np.asarray(gif.convert("RGB")) for n in (0, gif.n_frames // 3) if gif.seek(n) is None)
    assert (first != later).any()


def test_masked_numbers_are_absent_and_complex_ones_refused():
    held = np.ma.masked_invalid(np.random.default_rng(0).random((3, 6, 3)))
    held[1, 2] = np.ma.masked
    clip = Skeleton.from_array(held, STICK, 30)
    assert (clip.seen == 0).sum() == 1 and clip.seen[1, 0, 2] == 0
    with pytest.raises(ValueError, match="complex"):
        Skeleton.from_array(np.ones((3, 6, 3)) * 1j, STICK, 30)


def test_a_tensor_is_copied_and_needs_no_gradient():
    held = torch.rand(3, 6, 3, requires_grad=True)
    clip = Skeleton.from_array(held, STICK, 30)
    assert not clip.xyz.requires_grad and clip.xyz.data_ptr() != held.data_ptr()


@pytest.mark.parametrize(("names", "bones", "sentence"), [
    ([1, 2], [(0, 1)], "names are words"), (["a", ""], [(0, 1)], "names are words"), (["a", "b"], ["ab"], "pairs of joint numbers"),
    (["a", "b"], [(0, 1, 2)], "pairs of joint numbers"), (["a", "b"], [(1, 1)], "with itself"),
])
def test_odd_topologies_are_refused(names, bones, sentence):
    with pytest.raises(ValueError, match=sentence):
        Topology.from_bones("odd", names, bones)
