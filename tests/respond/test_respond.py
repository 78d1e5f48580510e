import pytest

from skllm.respond.answers import correct_lenient, correct_strict, parse_label
from skllm.respond.scores import Score, accuracy, over_seeds

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


def test_over_seeds_adds_the_spread_of_clips_and_of_seeds_as_squares():
    """By hand: shares 0.5, 0.6, 0.7 of 100 clips. Student's half-width is 4.3027 x 0.1 / sqrt(3) = 0.2484; Wilson's at 60 of 100 reaches
    from 0.5020 to 0.6906."""
    told = over_seeds([Score(value, 100, 0.0, 1.0) for value in (0.5, 0.6, 0.7)])
    assert (told.value, told.n) == (pytest.approx(0.6), 100)
    assert told.low == pytest.approx(0.6 - (0.0980**2 + 0.2484**2) ** 0.5, abs=1e-3)
    assert told.high == pytest.approx(0.6 + (0.0906**2 + 0.2484**2) ** 0.5, abs=1e-3)
    assert over_seeds([Score(1.0, 9, 0.0, 1.0)] * 3).high == 1.0 and over_seeds([Score(1.0, 9, 0.0, 1.0)] * 3).low == pytest.approx(0.7009, abs=1e-3)
    with pytest.raises(ValueError, match="on the same clips"):
        over_seeds([Score(0.5, 9, 0.0, 1.0), Score(0.5, 10, 0.0, 1.0)])
