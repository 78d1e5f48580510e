from collections import Counter

import pytest

from skllm.benchmarks import UI_PRMD, read_ui_prmd
from skllm.study import qa

PEOPLE = [one for one in read_ui_prmd("kinect22") if one.subject in UI_PRMD.test_subjects][::2]


@pytest.mark.parametrize("kind", qa.KINDS)
def test_questions_are_of_their_kind_balanced_and_the_same_again(kind):
    asked = qa.draw(PEOPLE, kind, 40)
    assert {one.question.topic for one in asked} <= set(qa.KINDS[kind]) and asked == qa.draw(PEOPLE, kind, 40) and 0 < len(asked) <= 40
    counts = Counter((one.question.topic, one.question.answer) for one in asked)
    for topic in {topic for topic, _ in counts}:
        of_topic = {count for (other, _), count in counts.items() if other == topic}
        assert len(of_topic) == 1 and sum(other == topic for other, _ in counts) > 1
    assert 0.1 < qa.chance(asked) <= 0.5 and qa.draw(PEOPLE, kind, 40, seed=1) != asked


def test_a_model_is_asked_each_and_topics_add_up(small_model):
    asked = qa.draw(PEOPLE, "spatial", 24)
    told = qa.examine(small_model, asked)
    parts = [score for topic, score in told.items() if topic != "all"]
    assert told["all"].n == len(asked) == sum(score.n for score in parts)
    assert round(told["all"].value * len(asked)) == sum(round(score.value * score.n) for score in parts)


def test_clips_that_answer_nothing_and_unknown_kinds_are_refused():
    with pytest.raises(ValueError, match="no causal question has two answers of 5 clips or more among 0"):
        qa.draw([], "causal", 10)
    with pytest.raises(ValueError, match="count = 0"):
        qa.draw(PEOPLE, "causal", 0)
    with pytest.raises(ValueError, match="known: temporal, spatial, causal"):
        qa.draw(PEOPLE, "when", 10)
