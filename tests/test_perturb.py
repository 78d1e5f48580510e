from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from skllm.formats import COCO17, NTU25
from skllm.perturb import REDUCED, add_noise, drop_joints, mirror, mirror_label, opposite_joints, reduce, relayout, resample
from skllm.skeleton import Skeleton, Topology
from skllm.train.augment import mark, thin_out
from tests.conftest import STICK, stick_clip


def dice(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def kinect_clip(frames: int = 4, people: int = 1) -> Skeleton:
    """Joints anywhere within two metres, so that no two averages agree by chance."""
    return Skeleton.from_array(torch.rand(frames, people, 25, 3, generator=dice(9)) * 2, NTU25, 30.0, name="kinect")


def without(clip: Skeleton, frames, joint: int) -> Skeleton:
    xyz = clip.xyz.clone()
    xyz[frames, 0, joint] = torch.nan
    return Skeleton.from_array(xyz, clip.topology, clip.fps, clip.seen)


def at(clip: Skeleton, *names: str) -> torch.Tensor:
    return clip.xyz[:, :, [clip.topology.joint_names.index(name) for name in names]]


# Dropped joints

@pytest.mark.parametrize("each", ["frame", "clip"])
def test_exactly_the_share_of_joints_is_absent_in_every_frame_for_everybody(each):
    clip = drop_joints(kinect_clip(30, 2), 0.3, dice(), each)
    assert ((clip.seen == 0).sum(-1) == 8).all()             # 7.5 goes to the even number


def test_dropped_joints_are_absent_not_zero_and_the_others_stay():
    whole = kinect_clip()
    clip = drop_joints(whole, 0.5, dice())
    gone = clip.seen == 0
    assert clip.xyz[gone].isnan().all() and torch.equal(clip.xyz[~gone], whole.xyz[~gone])


def test_a_frame_draws_anew_and_a_clip_hides_the_same_throughout():
    by_frame, by_clip = (drop_joints(kinect_clip(30, 2), 0.2, dice(), each).seen for each in ("frame", "clip"))
    assert len({tuple(row.tolist()) for row in by_frame.flatten(0, 1)}) > 50
    assert torch.equal(by_clip, by_clip[:1].expand_as(by_clip)) and not torch.equal(by_clip[:, 0], by_clip[:, 1])


def test_every_joint_is_dropped_equally_often():
    often = (drop_joints(kinect_clip(4000), 0.2, dice()).seen == 0).float().mean((0, 1))
    assert (often - 0.2).abs().max() < 0.03                  # 5 standard errors of 0.0063


@pytest.mark.parametrize("each", ["frame", "clip"])
def test_one_joint_stays_where_there_was_one_and_who_was_absent_stays_absent(each):
    clip = stick_clip(people=2)
    seen = clip.seen.clone()
    seen[5, :, 1:] = 0                                       # only the head is left in this frame
    seen[7:, 1] = 0                                          # the second person leaves
    dropped = drop_joints(Skeleton.from_array(clip.xyz, STICK, 30.0, seen), 1.0, dice(), each)
    assert torch.equal((dropped.seen > 0).sum(-1), (seen > 0).any(-1).long())
    assert (dropped.seen[5, :, 0] == 1).all()


def test_velocity_is_measured_on_what_is_left():
    clip = stick_clip(people=2)
    for changed in (drop_joints(clip, 0.5, dice()), add_noise(clip, 5, dice()), resample(clip, 15)):
        again = Skeleton.from_array(changed.xyz, STICK, changed.fps).measured().velocity
        torch.testing.assert_close(changed.measured().velocity, again, rtol=0, atol=0, equal_nan=True)
    assert not torch.equal(add_noise(clip, 5, dice()).measured().velocity, clip.measured().velocity)


def test_other_spellings_of_counterclockwise_are_understood():
    assert mirror_label("draw circle (counter clockwise)") == "draw circle (clockwise)" == mirror_label("draw circle (anti-clockwise)")


def test_a_clip_that_was_sampled_is_not_shaken_or_slowed_and_keeps_its_speeds_where_joints_are_hidden():
    sampled = stick_clip().sample(4)
    for change in (lambda: add_noise(sampled, 5, dice()), lambda: resample(sampled, 10)):
        with pytest.raises(ValueError, match="stick was measured or sampled already"):
            change()
    hidden = drop_joints(sampled, 0.5, dice())
    assert torch.equal(hidden.velocity[hidden.seen > 0], sampled.velocity[hidden.seen > 0])
    assert hidden.velocity[hidden.seen == 0].isnan().all()


def test_a_dropped_joint_loses_its_orientation_too():
    xyz = stick_clip().xyz
    clip = drop_joints(Skeleton.from_array(xyz, STICK, 30.0, orientations=torch.ones(20, 1, 6, 4)), 0.5, dice())
    assert torch.equal(clip.orientations.isnan().all(-1), clip.seen == 0)


# Noise

def test_noise_has_its_standard_deviation_on_each_axis():
    clip = kinect_clip(1000)
    off = (add_noise(clip, 5, dice()).xyz - clip.xyz).flatten(0, 2)
    torch.testing.assert_close(off.std(0), torch.full((3,), 0.05), rtol=0.02, atol=0)       # 25 000 draws: 0.45 % is one standard error
    assert off.mean(0).abs().max() < 0.0015 and (torch.corrcoef(off.T) - torch.eye(3)).abs().max() < 0.03


def test_noise_is_independent_between_joints_and_frames():
    off = add_noise(kinect_clip(1000), 5, dice()).xyz - kinect_clip(1000).xyz
    assert off.mean((0, 3)).abs().max() < 0.005 and off.mean((2, 3)).abs().max() < 0.03      # a shared draw would be 0.05


def test_noise_leaves_the_absent_absent_and_none_is_nothing():
    clip = without(stick_clip(), slice(3, 9), 2)
    assert torch.equal(add_noise(clip, 5, dice()).seen, clip.seen)
    torch.testing.assert_close(add_noise(clip, 0, dice()).xyz, clip.xyz, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("change", [
    lambda clip, dice: drop_joints(clip, 0.4, dice),
    lambda clip, dice: drop_joints(clip, 0.4, dice, "clip"),
    lambda clip, dice: add_noise(clip, 2, dice),
])
def test_the_same_seed_gives_the_same_clip_and_another_seed_another(change):
    a, b, c = (change(kinect_clip(), dice(seed)).xyz.nan_to_num(-9) for seed in (3, 3, 4))
    assert torch.equal(a, b) and not torch.equal(a, c)


# Fewer joints

@pytest.mark.parametrize("joints", REDUCED)
def test_a_reduced_body_is_one_tree_with_sides_and_parts(joints):
    topology = REDUCED[joints]
    assert topology.name == f"kinect{joints}" and len(topology.joint_names) == joints and len(topology.bones) == joints - 1
    reached = {0}
    for _ in range(joints):
        reached |= {end for bone in topology.bones if reached & set(bone) for end in bone}
    assert reached == set(range(joints))
    assert topology.sides.count("left") == topology.sides.count("right") == {20: 8, 17: 7, 13: 5}[joints] and "other" not in topology.parts


def test_the_bones_are_those_of_the_paper():
    bones = {joints: {frozenset((t.joint_names[a], t.joint_names[b])) for a, b in t.bones} for joints, t in REDUCED.items()}
    assert {frozenset(("Neck", "ShoulderLeft")), frozenset(("Neck", "ShoulderRight")), frozenset(("SpineMid", "Neck"))} <= bones[20]
    assert bones[17] - bones[20] == {frozenset(("SpineBase", "Neck"))}
    assert {frozenset(("KneeLeft", "AnkleLeft")), frozenset(("KneeRight", "AnkleRight"))} <= bones[17]
    assert not any("Foot" in name for name in REDUCED[17].joint_names)


def test_joints_that_are_kept_stay_in_place():
    clip = kinect_clip(people=2)
    for joints in (20, 17):
        names = REDUCED[joints].joint_names
        assert {"Head", "HipLeft", "HipRight", "SpineBase"} <= set(names) and torch.equal(reduce(clip, joints).xyz, at(clip, *names))
    kept = ("Head", "ShoulderLeft", "ElbowRight", "KneeLeft")
    assert torch.equal(at(reduce(clip, 13), *kept), at(clip, *kept))


def test_thirteen_joints_are_weighted_averages():
    clip = kinect_clip()
    small = reduce(clip, 13)
    for side in ("Left", "Right"):
        torch.testing.assert_close(at(small, f"Hand{side}"), (at(clip, f"Wrist{side}") + at(clip, f"Hand{side}")) / 2)
        torch.testing.assert_close(at(small, f"Foot{side}"), (at(clip, f"Ankle{side}") + at(clip, f"Foot{side}")) / 2)
    torch.testing.assert_close(at(small, "Pelvis"), at(clip, "SpineBase") / 2 + (at(clip, "HipLeft") + at(clip, "HipRight")) / 4)
    torch.testing.assert_close(at(small, "Chest"), at(clip, "SpineShoulder") / 2 + (at(clip, "SpineMid") + at(clip, "Neck")) / 4)


def test_an_average_is_over_the_seen_and_absent_where_none_is():
    clip = kinect_clip()
    wrist, hand = (NTU25.joint_names.index(name) for name in ("WristLeft", "HandLeft"))
    seen = clip.seen.clone()
    seen[:, :, wrist], seen[:, :, hand] = 0.5, 1.0
    seen[1, :, wrist] = 0
    seen[2, :, [wrist, hand]] = 0
    small = reduce(Skeleton.from_array(clip.xyz, NTU25, 30.0, seen), 13)
    mine = REDUCED[13].joint_names.index("HandLeft")
    assert small.seen[:, 0, mine].tolist() == [0.75, 1.0, 0.0, 0.75]
    assert torch.equal(small.xyz[1, 0, mine], clip.xyz[1, 0, hand]) and small.xyz[2, 0, mine].isnan().all()
    assert (small.seen.sum(-1) > 11).all()


def test_a_mirrored_body_reduces_to_the_mirrored_reduction():
    clip = kinect_clip()
    for joints in REDUCED:
        torch.testing.assert_close(reduce(mirror(clip), joints).xyz, mirror(reduce(clip, joints)).xyz)


def test_a_layout_is_known_by_its_joints_not_by_its_object():
    clip = kinect_clip()
    assert reduce(replace(clip, topology=replace(NTU25, name="mine")), 20).topology is REDUCED[20]


# Another frame rate

def test_half_the_rate_is_every_other_frame():
    clip = stick_clip(20)
    slow = resample(clip, 15)
    assert slow.fps == 15.0 and torch.equal(slow.xyz, clip.xyz[::2])


def test_twice_the_rate_has_the_frames_and_their_midpoints():
    clip = stick_clip(20)
    fast = resample(clip, 60)
    assert fast.fps == 60.0 and fast.frames == 39 and torch.equal(fast.xyz[::2], clip.xyz)
    torch.testing.assert_close(fast.xyz[1::2], (clip.xyz[:-1] + clip.xyz[1:]) / 2)


@pytest.mark.parametrize("fps", [7, 12.5, 25, 29.97, 30, 50, 59.94, 120])
def test_a_straight_line_stays_itself_and_time_is_kept(fps):
    xyz = torch.tensor([1.0, 2.0, -3.0]) * torch.arange(31)[:, None, None] / 30 + torch.zeros(31, 6, 3)
    new = resample(Skeleton.from_array(xyz, STICK, 30.0), fps)
    seconds = torch.arange(new.frames) / fps
    torch.testing.assert_close(new.xyz[:, 0, 0], seconds[:, None] * torch.tensor([1.0, 2.0, -3.0]), rtol=1e-5, atol=1e-5)
    assert 1 - 1 / fps < seconds[-1] < 1 + 1e-5
    torch.testing.assert_close(new.measured().velocity[:, 0, 0], torch.tensor([1.0, 2.0, -3.0]).expand(new.frames, 3), rtol=1e-3, atol=1e-3)


def test_rates_that_computers_write_inexactly_still_share_frames():
    clip = replace(without(stick_clip(50), slice(1, None, 2), 2), fps=59.94)
    assert (resample(clip, 29.97).seen == 1).all() and torch.equal(resample(clip, 29.97).xyz, clip.xyz[::2])


def test_an_unseen_joint_stays_unseen_between():
    clip = without(stick_clip(5), 2, 3)
    assert (resample(clip, 60).seen[:, 0, 3] == 0).nonzero()[:, 0].tolist() == [3, 4, 5]
    assert (resample(clip, 60).seen[:, 0, :3] == 1).all()


def test_between_two_frames_the_lower_confidence_holds():
    clip = stick_clip(3)
    seen = torch.tensor([0.2, 1.0, 0.6])[:, None, None].expand(3, 1, 6)
    told = resample(Skeleton.from_array(clip.xyz, STICK, 30.0, seen), 60).seen[:, 0, 0]
    torch.testing.assert_close(told, torch.tensor([0.2, 0.2, 1.0, 0.6, 0.6]))


def test_a_single_frame_stays_a_single_frame():
    assert torch.equal(resample(stick_clip(1), 12).xyz, stick_clip(1).xyz)


# The mirror

UNEVEN = mark(thin_out(kinect_clip(), 0.5, torch.Generator().manual_seed(1)), 0.5, torch.Generator().manual_seed(1))


@pytest.mark.parametrize("clip", [stick_clip(people=2), stick_clip().measured(), kinect_clip(), UNEVEN], ids="stick measured kinect uneven".split())
def test_a_mirror_twice_is_nothing(clip):
    twice = mirror(mirror(clip))
    assert twice.topology == clip.topology and torch.equal(twice.xyz, clip.xyz) and torch.equal(twice.seen, clip.seen)
    assert twice.velocity is clip.velocity is None or torch.equal(twice.velocity, clip.velocity)


def test_a_mirror_swaps_the_hands_and_turns_x_round():
    clip = stick_clip()
    left, right = (clip.topology.find("hand", side)[0] for side in ("left", "right"))
    torch.testing.assert_close(mirror(clip).xyz[:, :, left], clip.xyz[:, :, right] * torch.tensor([-1.0, 1.0, 1.0]))
    assert opposite_joints(clip) == [0, 1, 3, 2, 5, 4]


def test_a_mirrored_velocity_is_the_velocity_of_the_mirrored():
    clip = kinect_clip(20)
    torch.testing.assert_close(mirror(clip.measured()).velocity, mirror(clip).measured().velocity)


def test_an_absent_joint_changes_sides_with_its_absence():
    assert mirror(without(stick_clip(), slice(None), 2)).seen[0, 0].tolist() == [1, 1, 1, 0, 1, 1]


@pytest.mark.parametrize(("label", "mirrored"), [
    ("raise left arm", "raise right arm"), ("Left hand to RIGHT ear", "Right hand to LEFT ear"), ("left-hand punch", "right-hand punch"),
    ("step leftwards", "step rightwards"), ("left_arm circles clockwise", "right_arm circles counterclockwise"), ("stand upright", "stand upright"),
    ("right-to-left swipe", "left-to-right swipe"), ("leftmost", "rightmost"), ("bright leftovers", "bright leftovers"), ("deep squat", "deep squat"),
    ("Counterclockwise", "Clockwise"), ("", ""),
])
def test_a_label_is_mirrored_by_whole_words(label, mirrored):
    assert mirror_label(label) == mirrored and mirror_label(mirrored) == label


WORDS = [*"left right Left RIGHT leftwards clockwise Counterclockwise arm up - _ éleft leftß 2".split(), " ", " ", ", "]


@given(st.lists(st.sampled_from(WORDS)))
def test_a_label_mirrored_twice_is_itself(words):
    label = "".join(words)
    try:
        once = mirror_label(label)
    except ValueError:
        return
    assert mirror_label(once) == label


# Another layout

def test_another_layout_marks_what_the_source_lacks():
    clip = relayout(stick_clip(), COCO17)
    assert (clip.seen[:, :, COCO17.find("knee", "left")] == 0).all() and clip.topology is COCO17


def test_hands_stand_for_missing_wrists_and_feet_for_missing_ankles():
    few = Topology.from_bones("few", ["HandLeft", "FootRight", "AnkleLeft"], [])
    clip = Skeleton.from_array(torch.arange(9.0).reshape(1, 1, 3, 3), few, 30.0)
    wide = Topology.from_bones("wide", ["WristLeft", "AnkleRight", "FootLeft", "WristRight"], [])
    assert relayout(clip, wide).xyz[0, 0, :3].tolist() == clip.xyz[0, 0].tolist() and (relayout(clip, wide).seen[..., 3] == 0).all()


# Refusals

@pytest.mark.parametrize(("change", "words"), [
    (lambda: drop_joints(stick_clip(), 1.5, dice()), "from 0 to 1; got 1.5"),
    (lambda: drop_joints(stick_clip(), float("nan"), dice()), "got nan"),
    (lambda: drop_joints(stick_clip(), 0.5, dice(), "person"), "got 'person'"),
    (lambda: add_noise(stick_clip(), -1, dice()), "got -1"),
    (lambda: add_noise(stick_clip(), float("inf"), dice()), "got inf"),
    (lambda: reduce(kinect_clip(), 15), "20, 17, 13 joints; got 15"),
    (lambda: reduce(stick_clip(), 20), "stick has the 6 of stick"),
    (lambda: resample(stick_clip(), 0), "got 0"),
    (lambda: resample(stick_clip(), float("inf")), "got inf"),
    (lambda: resample(stick_clip(), float("nan")), "got nan"),
    (lambda: resample(stick_clip(), 1e6), "up to 1000"),
])
def test_what_cannot_be_done_is_refused_in_a_sentence(change, words):
    with pytest.raises(ValueError, match=words):
        change()
