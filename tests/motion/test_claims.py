import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from skllm import load
from skllm.motion.claims import _ROWS, CLAIMS, claims
from skllm.motion.quiz import quiz
from skllm.perturb import mirror, relayout
from skllm.samples import sample_files
from skllm.skeleton import Skeleton, Topology
from tests.motion.bodies import ARM, FOOT, LEG, UPPER, around, clip_of, joints, raised, ramp, shift, squat, standing

SAMPLES = {name: load(path) for name, path in sample_files().items()}


def swapped(words: str) -> str:
    return words.replace("left_", "L_").replace("right_", "left_").replace("L_", "right_")


def turned(clip: Skeleton, degrees: float) -> Skeleton:
    a = np.radians(degrees)
    turn = torch.tensor([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]], dtype=torch.float32)
    return replace(clip, xyz=clip.xyz @ turn.T, orientations=None)


def right_arm_up() -> Skeleton:
    return clip_of(raised(90, "Right", 170, ramp(90, 0.3, 1.2) - ramp(90, 1.6, 2.5)))


def walk(frames: int = 120) -> Skeleton:
    """Two and a half metres ahead in four steps, left foot first."""
    at = np.arange(frames) / 30
    xyz = shift(standing(frames), joints(UPPER), (0, 0, -2.5), np.clip(at / 4, 0, 1))
    for n, side in enumerate(("Left", "Right")):
        way = sum(ramp(frames, k, k + 1) for k in (n, n + 2)) / 2
        xyz = shift(xyz, joints(LEG, (side,)), (0, 0, -2.5), way)
    return clip_of(xyz)


def test_a_standing_body_stands_and_does_nothing():
    told = claims(clip_of(standing(60)))
    true = {name for name, holds in told.items() if holds}
    assert true == {"arms_still", "trunk_upright", "feet_stay", "stands_throughout", "ends_as_began", "hand_starts_low"}


def test_an_arm_that_goes_up_through_the_side_and_comes_back():
    told = claims(right_arm_up())
    for name in ("hand_above_head", "right_hand_above_head", "hand_out", "right_hand_most", "one_hand", "hand_up_and_down", "ends_as_began"):
        assert told[name], name
    for name in ("left_hand_above_head", "both_hands_above_head", "arms_wide", "left_hand_most", "both_hands_move", "hand_rises", "travels"):
        assert not told[name], name


def test_a_squat_is_down_and_up_and_no_sitting_at_the_end():
    told = claims(squat())
    assert told["hips_down_and_up"] and told["knees_bend"] and not told["stands_throughout"]
    assert not told["hips_sink"] and not told["sits_at_end"] and not told["jumps"] and not told["foot_lifts"]


def test_a_squat_that_is_cut_at_its_lowest_sits_at_the_end():
    told = claims(squat().cut(0, 45))
    assert told["hips_sink"] and told["sits_at_end"] and not told["sits_at_start"] and not told["hips_down_and_up"]
    back = claims(squat().cut(45, 90))
    assert back["hips_rise"] and back["sits_at_start"] and not back["sits_at_end"]


def test_a_walk_travels_and_steps_in_turn():
    told = claims(walk())
    assert told["travels"] and told["travels_far"] and told["steps"] and not told["feet_stay"] and not told["carries"]


def test_a_walk_with_the_hands_before_the_body_carries():
    clip = walk()
    held = shift(clip.xyz[:, 0].numpy(), joints(ARM), (0, 0.1, -0.35), np.ones(120))
    assert claims(clip_of(held))["carries"]


@pytest.mark.parametrize(("degrees", "turns"), [(160, True), (40, False)])
def test_more_than_a_quarter_turn_is_told(degrees, turns):
    assert claims(around(75, degrees))["turns_around"] is turns


def test_a_leap_lifts_both_feet_and_a_raised_foot_only_one():
    up = ramp(60, 0.6, 0.85) - ramp(60, 0.85, 1.1)
    leap = claims(clip_of(shift(standing(60), list(range(25)), (0, 0.3, 0), up)))
    assert leap["jumps"] and leap["left_foot_lifts"] and leap["right_foot_lifts"]
    one = claims(clip_of(shift(standing(60), joints(FOOT, ("Left",)), (0, 0.3, 0.2), up)))
    assert one["left_foot_lifts"] and not one["right_foot_lifts"] and not one["jumps"]


def test_hands_that_clap_three_times_meet_again():
    together = sum(ramp(120, n + 0.4, n + 0.8) - ramp(120, n + 0.9, n + 1.3) for n in range(3))
    xyz = standing(120)
    for side, sign in (("Left", 1), ("Right", -1)):
        xyz = shift(xyz, joints(ARM, (side,)), (0, 0.35, -0.3), ramp(120, 0.0, 0.3))
        xyz = shift(xyz, joints(ARM, (side,)), (-0.24 * sign, 0, 0), together)
    told = claims(clip_of(xyz))
    assert told["hands_meet"] and told["hands_meet_again"] and told["both_hands_move"] and told["hands_before_chest"]


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_mirrored_clip_has_the_mirrored_claims(name):
    clip = SAMPLES[name]
    assert {swapped(key): holds for key, holds in claims(mirror(clip)).items()} == claims(clip)


@pytest.mark.parametrize("clip", [right_arm_up(), squat(), walk()], ids=["arm", "squat", "walk"])
def test_neither_frame_rate_nor_facing_changes_a_claim(clip):
    told = claims(clip)
    half = replace(clip, xyz=clip.xyz[::2], seen=clip.seen[::2], fps=15.0)
    fast = Skeleton.from_array(np.stack([np.interp(np.arange(4 * clip.frames) / 4, np.arange(clip.frames), column)
                                         for column in clip.xyz.reshape(clip.frames, -1).numpy().T], 1).reshape(-1, 25, 3), clip.topology, 120)
    for other in (half, fast, turned(clip, 70)):
        again = claims(other)
        assert not [name for name in told if name in again and again[name] != told[name]]
        assert len(set(told) ^ set(again)) <= 3


def test_a_format_without_legs_makes_no_claims_of_them():
    full = standing(60)
    kept = [j for j, name in enumerate(clip_of(full).topology.joint_names) if not any(word in name for word in ("Knee", "Ankle", "Foot"))]
    whole = clip_of(full).topology
    upper = Topology.from_bones("upper", [whole.joint_names[j] for j in kept], [], [whole.parts[j] for j in kept], [whole.sides[j] for j in kept])
    told = claims(Skeleton.from_array(full[:, kept], upper, 30))
    measures = {row[0]: row[3] for row in _ROWS}
    of_legs = {name for name in CLAIMS if any(word in measures[name] for word in ("foot", "feet", "leg", "thigh", "knee", "steps", "jump"))}
    assert of_legs and not of_legs & set(told) and told["arms_still"]


def test_a_picture_makes_no_claims_of_depth():
    xyz = raised(60, "Right", 170, ramp(60, 0.3, 1.2))
    xyz[..., 2] = 0
    told = claims(clip_of(xyz))
    depth = {"hand_forward", "hands_before_chest", "hand_at_head", "hands_meet", "trunk_bends", "leg_forward", "turns_around", "knees_bend"}
    assert not depth & set(told) and told["right_hand_above_head"] and not told["left_hand_above_head"]


def test_the_same_body_with_fewer_joints_makes_the_same_claims():
    fifteen = ("Head", "Neck", "TorsoCenter", "LeftShoulder", "LeftElbow", "LeftHand", "RightShoulder", "RightElbow", "RightHand",
               "LeftHip", "LeftKnee", "LeftFoot", "RightHip", "RightKnee", "RightFoot")
    few = relayout(squat(), Topology.from_bones("fifteen", fifteen, []))
    told, again = claims(squat()), claims(few)
    assert not [name for name in told if name in again and again[name] != told[name]] and len(again) > 40


def test_nobody_of_that_number_is_refused_and_a_glimpse_makes_no_claims():
    with pytest.raises(ValueError, match="person 3"):
        claims(squat(), person=3)
    assert claims(squat().cut(0, 5)) == {}


def test_every_claim_is_a_clause_and_a_question_with_two_limits():
    for name, statement, question, _, unsure, sure in _ROWS:
        assert CLAIMS[name].statement == statement and statement[0].islower() and not statement.endswith(".")
        assert question[0].isupper() and question.endswith("?") and unsure != sure
    assert len(CLAIMS) == len(_ROWS)


def test_claims_are_quick():
    clip = SAMPLES[min(SAMPLES)]
    start = time.perf_counter()
    for _ in range(5):
        claims(clip)
    assert (time.perf_counter() - start) / 5 < 0.1      # about 6 ms on one core; the margin is for busy machines


def test_nothing_is_claimed_of_a_dog_or_asked_about_it():
    dog = SAMPLES["trot_dog_deepmimic.txt"]
    assert claims(dog) == {} and quiz(dog) == []
