"""Causes: bodies that move by one link alone are told so, mirrored ones the same of the other side, and what is unclear is not asked."""

from collections import Counter
from dataclasses import replace

import torch

from skllm.benchmarks import UI_PRMD, read_ui_prmd
from skllm.motion.causes import causes
from skllm.perturb import mirror

PEOPLE = [one for one in read_ui_prmd("kinect22") if one.subject in UI_PRMD.test_subjects]


def of(label: str) -> Counter:
    """How often each answer is given of an exercise's clips."""
    return Counter((question.topic, question.answer) for one in PEOPLE if one.label == label for question in causes(one.clip))


def test_exercises_have_the_causes_that_define_them():
    squat, lift = of("deep squat"), of("standing shoulder abduction")
    assert squat["sinking", "bending the legs"] >= 20 and not squat["sinking", "bending the trunk"]
    assert lift["rising", "raising the upper arm"] >= 25 and not lift["rising", "bending the elbow"]
    assert of("inline lunge")["carrying", "the body moving along"] >= 10


def test_a_shift_of_the_whole_body_is_no_arm():
    one = next(one for one in PEOPLE if one.label == "standing shoulder abduction")
    away = torch.linspace(0, 4, one.clip.frames)[:, None, None] * torch.tensor([0.0, 0.0, 1.0])
    walked = replace(one.clip, xyz=one.clip.xyz + away[:, None], velocity=None)
    told = {question.text: question.answer for question in causes(walked)}
    assert told["What carries the left hand forwards, backwards or aside?"] == "the body moving along"


def test_mirrored_clips_say_the_same_of_the_other_side():
    swap = {"left": "right", "right": "left"}
    for one in PEOPLE[::29]:
        told = {(q.topic, q.text, q.answer) for q in causes(one.clip)}
        other = {(q.topic, " ".join(swap.get(word, word) for word in q.text.split()), q.answer) for q in causes(mirror(one.clip))}
        assert told == other


def test_every_answer_is_among_the_choices_and_who_stands_still_is_asked_nothing():
    asked = [question for one in PEOPLE[::7] for question in causes(one.clip)]
    assert asked and all(question.answer in question.choices and len(question.choices) == 2 for question in asked)
    clip = PEOPLE[0].clip
    assert causes(replace(clip, xyz=clip.xyz[:1].expand_as(clip.xyz).clone(), velocity=None)) == []
