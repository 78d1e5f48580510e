from collections import Counter

import pytest

from skllm.benchmarks import UI_PRMD, read_ui_prmd
from skllm.study import qa

PEOPLE = [one for one in read_ui_prmd("kinect22") if one.subject in UI_PRMD.test_subjects][::6]


def test_questions_are_of_their_kind_balanced_and_the_same_again():
    for kind, topics in qa.KINDS.items():
        asked = qa.drawn(PEOPLE, kind, 30)
        assert {one.question.topic for one in asked} <= set(topics) and asked == qa.drawn(PEOPLE, kind, 30)
        counts = Counter((one.question.topic, one.question.answer) for one in asked)
        assert max(counts.values()) <= -(-30 // len(counts))
        assert (0 < qa.chance(asked) <= 0.5 and qa.most_frequent(asked) < 1) or kind == "causal"
    assert qa.drawn(PEOPLE, "temporal", 30, seed=1) != qa.drawn(PEOPLE, "temporal", 30)


def test_a_model_is_asked_each_and_topics_add_up(small_model):
    asked = qa.drawn(PEOPLE, "spatial", 12)
    told = qa.examine(small_model, asked)
    parts = [score for topic, score in told.items() if topic != "all"]
    assert told["all"].n == len(asked) == sum(score.n for score in parts)
    assert round(told["all"].value * len(asked)) == sum(round(score.value * score.n) for score in parts)


def test_clips_that_answer_nothing_are_refused():
    with pytest.raises(ValueError, match="none of 0 clips answers a causal question"):
        qa.drawn([], "causal", 10)
