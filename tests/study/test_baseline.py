from dataclasses import replace

import torch

from skllm.benchmarks import read_ui_prmd
from skllm.formats import KARD15
from skllm.perturb import relayout
from skllm.skeleton import Skeleton, Topology
from skllm.study.baseline import Sensed, features, probabilities, train_baseline
from skllm.train.sheets import measure
from tests.conftest import stick_clip
from tests.train.test_matching import letters, waving_and_bowing

POSITION, VELOCITY, KNOWN = slice(0, 3), slice(3, 6), 6


def recorded():
    return read_ui_prmd("kinect22")[40].clip


def with_joints(clip, kept):
    """The clip with some of its joints, and the topology to match."""
    whole = clip.topology
    names, parts, sides = ([row[j] for j in kept] for row in (whole.joint_names, whole.parts, whole.sides))
    bones = [(kept.index(a), kept.index(b)) for a, b in whole.bones if a in kept and b in kept]
    return Skeleton.from_array(clip.xyz[:, :, kept], Topology.from_bones("fewer", names, bones, parts, sides), clip.fps)


def test_joints_beyond_the_fifteen_points_do_not_matter():
    clip = recorded()
    kept = [j for j, part in enumerate(clip.topology.parts) if part != "neck"]
    assert len(kept) < len(clip.topology.parts)
    torch.testing.assert_close(features(with_joints(clip, kept).sample(12)), features(clip.sample(12)))


def test_another_format_gives_nearly_the_same():
    clip = recorded()
    here, there = (features(one.sample(12)) for one in (clip, relayout(clip, KARD15)))
    both = (here[..., KNOWN] * there[..., KNOWN]) > 0
    assert both.float().mean() > 0.9
    assert (here - there)[both][:, :6].abs().mean() < 0.1 * here[both][:, :6].abs().mean()


def test_neither_place_nor_size_of_the_person_matters():
    clip = recorded()
    elsewhere = replace(clip, xyz=clip.xyz + torch.tensor([3.0, -3.0, 3.0]))
    larger = replace(clip, xyz=clip.xyz * 1.3)
    for other in (elsewhere, larger):
        torch.testing.assert_close(features(other.sample(12)), features(clip.sample(12)), rtol=1e-4, atol=2e-4)


def test_the_same_motion_in_half_the_time_has_twice_the_velocity():
    slow, fast = (features(replace(recorded(), fps=fps).sample(12)) for fps in (15.0, 30.0))
    assert torch.equal(slow[..., POSITION], fast[..., POSITION])
    moving = fast[..., VELOCITY].norm() / slow[..., VELOCITY].norm()
    assert 1.5 < moving <= 2.1


def test_unknown_points_are_zero_and_never_nan():
    clip = recorded()
    hidden = clip.xyz.clone()
    hidden[:20, :, 13] = torch.nan                     # a hand, for a while
    found = features(Skeleton.from_array(hidden, clip.topology, clip.fps).sample(12))
    assert found.isfinite().all() and 0 < (found[..., KNOWN] == 0).sum() < found[..., KNOWN].numel()
    assert not found[found[..., KNOWN] == 0].any()
    stick = features(stick_clip().sample(12))          # has no knees at all
    assert stick.isfinite().all() and not stick[:, 11, :].any()
    absent = Skeleton.from_array(torch.cat([torch.full_like(clip.xyz, torch.nan), clip.xyz], 1), clip.topology, clip.fps)
    assert not features(absent.sample(12)).any()


def test_two_motions_are_told_apart_without_a_picture():
    clips = waving_and_bowing()
    known, held = [one for n, one in enumerate(clips) if n % 6], [one.clip for n, one in enumerate(clips) if n % 6 == 0]
    matcher = train_baseline(known, measure(known), letters, steps=40, clips_a_step=8, vary=lambda clip, dice: clip)
    found = probabilities(matcher, letters, held, ["bow", "wave"])
    assert found.argmax(1).tolist() == [1, 0] and found.max(1).values.min() > 0.9
    torch.testing.assert_close(found.sum(1), torch.ones(2))
    torch.testing.assert_close(probabilities(matcher, letters, held, ["wave", "bow"]).flip(1), found)


def test_a_clip_is_sensed_anew_each_time_and_by_the_dice_alone():
    sensed, dice = Sensed(waving_and_bowing(1)), torch.Generator().manual_seed(3)
    first, other = sensed(0, dice), sensed(0, dice)
    assert first.shape == (12, 15, 7) and not torch.equal(first, other)
    assert torch.equal(sensed(0, torch.Generator().manual_seed(3)), first)
