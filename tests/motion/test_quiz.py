from dataclasses import replace

import numpy as np
import pytest

from skllm import load
from skllm.motion.quiz import quiz
from skllm.perturb import mirror
from skllm.samples import sample_files
from skllm.skeleton import Skeleton
from tests.motion.bodies import FOOT, UPPER, around, clip_of, joints, raised, ramp, shift, squat, standing

SAMPLES = {name: load(path) for name, path in sample_files().items()}


def answers(clip: Skeleton) -> dict[str, str]:
    return {one.topic: one.answer for one in quiz(clip)}


def swapped(words: str) -> str:
    return words.replace("left", "L").replace("right", "left").replace("L", "right")


def test_an_arm_that_goes_up_once():
    told = answers(clip_of(raised(90, "Left", 170, ramp(90, 0.3, 1.2) - ramp(90, 1.6, 2.5))))
    assert told["hand"] == told["higher"] == "the left hand" and told["first"] == "up" and told["direction"] == "above it"
    assert told["part"] == "one arm" and told["start"] == told["end"] == "standing"
    assert told["hips"] == "at the same height" and told["place"] == "it stays" and told["return"] == "yes" and told["foot"] == "neither foot"


@pytest.mark.parametrize(("times", "words"), [(1, "once"), (2, "twice"), (3, "three times"), (4, "more often")])
def test_how_often_an_arm_goes_to_and_fro_is_counted(times, words):
    how = sum(ramp(180, 1.4 * n + 0.2, 1.4 * n + 0.7) - ramp(180, 1.4 * n + 0.8, 1.4 * n + 1.3) for n in range(times))
    assert answers(clip_of(raised(180, "Right", 90, how)))["repetition"] == words


def test_how_often_is_not_asked_of_an_arc_that_goes_out_and_in_twice_while_it_goes_up_once():
    assert "repetition" not in answers(clip_of(raised(90, "Left", 170, ramp(90, 0.3, 1.2) - ramp(90, 1.6, 2.5))))


def test_an_arm_held_out_is_beside_its_shoulder_on_the_persons_own_side():
    assert answers(clip_of(raised(60, "Right", 80, ramp(60, 0.3, 1.2))))["direction"] == "to the right of it"
    assert answers(clip_of(raised(60, "Left", 80, ramp(60, 0.3, 1.2))))["direction"] == "to the left of it"


def test_a_squat_that_is_cut_at_its_lowest_ends_sitting_and_lower():
    told = answers(squat().cut(0, 45))
    assert told["start"] == "standing" and told["end"] == "sitting" and told["hips"] == "lower" and told["part"] == "the whole body"
    assert told["return"] == "no"


@pytest.mark.parametrize(("degrees", "way"), [(120, "to its left"), (-120, "to its right"), (5, "it does not turn")])
def test_which_way_the_body_turns(degrees, way):
    assert answers(around(75, degrees))["turn"] == way


@pytest.mark.parametrize("side", ["Left", "Right"])
def test_which_foot_is_lifted(side):
    up = ramp(60, 0.5, 0.8) - ramp(60, 1.0, 1.3)
    told = answers(clip_of(shift(standing(60), joints(FOOT, (side,)), (0, 0.4, 0.2), up)))
    assert told["foot"] == f"the {side.lower()} foot" and told["part"] == "a leg"


def test_a_body_that_slides_without_steps_is_not_said_to_walk():
    assert "place" not in answers(clip_of(shift(standing(90), list(range(25)), (0, 0, -2), ramp(90, 0, 3))))
    assert answers(clip_of(shift(standing(60), joints(UPPER), (0, 0, -0.1), ramp(60, 0, 1))))["place"] == "it stays"


def test_an_answer_within_the_margin_is_not_asked_for():
    up = 0.5 * ramp(60, 0.3, 1.2)
    some = clip_of(shift(standing(60), joints(FOOT, ("Left",)), (0, 0.2, 0), up))      # 5.5 % of the height, between the limits
    assert "foot" not in answers(some)


def test_a_picture_is_not_asked_for_depth_nor_turning():
    xyz = raised(60, "Right", 170, ramp(60, 0.3, 1.2))
    xyz[..., 2] = 0
    assert not {"turn", "meeting", "foot"} & set(answers(clip_of(xyz)))


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_mirrored_clips_have_mirrored_answers_among_the_same_choices(name):
    there, here = quiz(mirror(SAMPLES[name])), quiz(SAMPLES[name])
    assert [(one.topic, swapped(one.answer)) for one in there] == [(one.topic, one.answer) for one in here]
    assert all(one.answer in one.choices and len(set(one.choices)) == len(one.choices) and one.text.endswith("?") for one in here)


def test_half_the_frames_give_no_other_answers():
    for clip in (squat(), around(75, 120), clip_of(raised(90, "Left", 170, ramp(90, 0.3, 1.2)))):
        told = answers(clip)
        half = answers(replace(clip, xyz=clip.xyz[::2], seen=clip.seen[::2], fps=15.0))
        assert not [topic for topic in told if topic in half and half[topic] != told[topic]]


def test_a_glimpse_and_an_empty_place_are_asked_nothing():
    assert quiz(squat().cut(0, 5)) == []
    unseen = np.full((60, 25, 3), np.nan)
    unseen[0] = standing(1)[0]
    assert answers(clip_of(unseen)).keys() <= {"start"}
