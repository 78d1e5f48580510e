"""Causes: bodies that move by one link alone are told so, mirrored ones the same of the other side, and what is unclear is not asked."""

from collections import Counter
from dataclasses import replace

import pytest
import torch

from skllm.benchmarks import UI_PRMD, read_ui_prmd
from skllm.motion.causes import questions
from skllm.motion.quiz import quiz
from skllm.perturb import mirror

PEOPLE = [one for one in read_ui_prmd("kinect22") if one.subject in UI_PRMD.test_subjects]
CARRIED = "What carries the {} hand forwards, backwards or aside?"


def of(label: str) -> Counter:
    """How often each answer is given of an exercise's clips."""
    return Counter((one.topic, one.answer) for clip in PEOPLE if clip.label == label for one in questions(clip.clip))


def moved(clip, joints, metres: float):
    """The first pose held, while some joints go to the front by so many metres."""
    way = torch.linspace(0, metres, clip.frames)[:, None] * torch.tensor([0.0, 0.0, -1.0])
    xyz = clip.xyz[:1].expand_as(clip.xyz).clone()
    xyz[:, 0, joints] += way[:, None]
    return replace(clip, xyz=xyz, seen=clip.seen[:1].expand_as(clip.seen).clone(), velocity=None)


def test_exercises_have_the_causes_that_define_them():
    squat, lift = of("deep squat"), of("standing shoulder abduction")
    assert squat["sinking", "bending the legs"] >= 20 and not squat["sinking", "bending the trunk"]
    assert lift["rising", "raising the upper arm"] >= 25 and not lift["rising", "bending the elbow"]
    assert of("inline lunge")["carrying", "the body moving along"] >= 10


@pytest.mark.parametrize("who", ["the body moving along", "leaning the trunk", "moving the arm"])
def test_the_link_that_moves_is_the_cause(who):
    clip = next(one.clip for one in PEOPLE if one.label == "standing shoulder abduction")
    names = clip.topology.joint_names
    legs = {joint for part in ("hip", "knee", "ankle", "foot") for side in ("left", "right", "middle") for joint in clip.topology.find(part, side)}
    arms = {joint for part in ("elbow", "wrist", "hand") for side in ("left", "right") for joint in clip.topology.find(part, side)}
    everyone = set(range(len(names)))
    joints = {"the body moving along": everyone, "leaning the trunk": everyone - legs - {0}, "moving the arm": arms}[who]
    told = {one.text: one.answer for one in questions(moved(clip, sorted(joints), 0.6))}
    assert {told.get(CARRIED.format(side)) for side in ("left", "right")} == {who}


def test_mirrored_clips_say_the_same_of_the_other_side():
    swap = {"left": "right", "right": "left"}
    for one in PEOPLE[::29]:
        told = {(q.topic, q.text, q.answer) for q in questions(one.clip)}
        other = {(q.topic, " ".join(swap.get(word, word) for word in q.text.split()), q.answer) for q in questions(mirror(one.clip))}
        assert told == other


def test_every_answer_is_among_the_choices_and_who_stands_still_is_asked_nothing():
    asked = [question for one in PEOPLE[::7] for question in questions(one.clip)]
    assert asked and all(question.answer in question.choices for question in asked)
    assert questions(moved(PEOPLE[0].clip, [], 0.0)) == []


def test_bodies_with_one_knee_out_of_sight_are_measured():
    clip = PEOPLE[0].clip
    seen, knee = clip.seen.clone(), clip.topology.find("knee", "left")
    seen[:, :, knee] = 0
    hidden = replace(clip, seen=seen, xyz=torch.where(seen[..., None] > 0, clip.xyz, torch.nan), velocity=None)
    assert quiz(hidden) and isinstance(questions(hidden), list)
