import pytest

from skllm.respond.answers import correct_lenient, correct_strict, parse_label
from skllm.respond.scores import accuracy

LABELS = ["sit down", "stand up", "throw", "throw ball"]


@pytest.mark.parametrize(("text", "label"), [
    ("sit down", "sit down"), ("  Sit  Down \n", "sit down"),
    ("sit down.", None), ("sit down stand up", None), ("", None), ("throw ball", "throw ball"),
])
def test_a_strict_answer_is_one_label_whole(text, label):
    assert parse_label(text, LABELS) == label
    assert correct_strict(text, "sit down", LABELS) == (label == "sit down")


def test_the_lenient_rule_takes_a_list_of_everything_for_right():
    everything = ", ".join(LABELS)
    assert all(correct_lenient(everything, label, LABELS) for label in LABELS)
    assert not any(correct_strict(everything, label, LABELS) for label in LABELS)


def test_accuracy_has_wilsons_interval():
    score = accuracy([True] * 8 + [False] * 2)
    assert (score.value, score.n) == (0.8, 10)
    assert (round(score.low, 4), round(score.high, 4)) == (0.4902, 0.9433)
    assert score.above(0.4) and not score.above(0.5)
    assert str(score) == "80.0% (49.0% to 94.3%, n = 10)"


def test_no_answers_have_no_accuracy():
    with pytest.raises(ValueError, match="split"):
        accuracy([])
