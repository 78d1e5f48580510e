from itertools import combinations

import pytest

from skllm.benchmarks import KARD, MSR_ACTION3D, NW_UCLA, PENN_ACTION, UTD_MHAD
from skllm.benchmarks.ntu import NTU120_LABELS
from skllm.benchmarks.phrasings import confusable, phrasings
from skllm.benchmarks.ui_prmd import BUNDLED
from skllm.benchmarks.unfolding import sayings, unfold
from skllm.benchmarks.unfoldings import ACTIONS, MANNERS
from skllm.motion.claims import CLAIMS

HDM05 = (
    "squat", "hop both legs", "deposit floor right", "grab high right", "kick left front", "elbow to knee", "lie down floor", "jog left circle",
    "rotate arms both backward", "sneak", "throw basketball",
)
SETS = {one.name: one.labels for one in (BUNDLED, UTD_MHAD, MSR_ACTION3D, KARD, PENN_ACTION)} | {"hdm05": HDM05}
TRAINING = sorted({label for labels in SETS.values() for label in labels})
TABLE = sayings(ACTIONS) + sayings(MANNERS)


def test_the_table_uses_only_claims_that_motion_knows():
    assert {claim.removeprefix("-") for _, claims in TABLE for claim in claims} <= set(CLAIMS)


def test_no_saying_says_a_claim_both_ways():
    assert not [(name, claim) for name, claims in TABLE for claim in claims if f"-{claim}" in claims]


def test_no_saying_stands_twice():
    names = [name for name, _ in TABLE]
    assert not [name for name in set(names) if names.count(name) > 1]


def test_every_action_is_told_by_several_claims_that_hold_and_several_that_do_not():
    few = [name for name, claims in sayings(ACTIONS) if min(sum(one[0] == "-" for one in claims), sum(one[0] != "-" for one in claims)) < 2]
    assert not few and all(6 <= len(claims) <= 16 for _, claims in sayings(ACTIONS))
    assert len({claims for _, claims in sayings(ACTIONS)}) >= 150


@pytest.mark.parametrize("label", TRAINING)
def test_every_training_label_unfolds(label):
    assert len(unfold(label)) >= 5


@pytest.mark.parametrize("label", [*NTU120_LABELS, *NW_UCLA.labels])
def test_labels_that_nobody_trained_on_unfold_too(label):
    assert len(unfold(label)) >= 5


@pytest.mark.parametrize("label", [label for label in TRAINING if len(phrasings(label)) > 1])
def test_every_way_to_say_a_training_label_is_short_and_new(label):
    said = phrasings(label)
    assert said[0] == label and 5 <= len(said) <= 9 and len(set(said)) == len(said)
    assert all(1 <= len(words.split()) <= 8 for words in said[1:])
    assert not set(said[1:]) & (set(NW_UCLA.labels) - {"sit down", "stand up"})


def test_every_training_label_is_said_in_other_words():
    assert [label for label in TRAINING if len(phrasings(label)) == 1] == []


def test_words_of_two_actions_never_coincide():
    places = [(name, label) for name, labels in SETS.items() for label in labels]
    apart = [(a, b) for (s, a), (t, b) in combinations(places, 2) if a != b and (s == t or not confusable(a, b))]
    assert not [(a, b, both) for a, b in apart if (both := set(phrasings(a)) & set(phrasings(b)))]


def test_what_may_be_confused_is_a_training_label_and_goes_both_ways():
    pairs = [(a, b) for a, b in combinations(TRAINING, 2) if confusable(a, b)]
    assert all(confusable(b, a) for a, b in pairs) and len(pairs) > 30


@pytest.mark.parametrize("a, b, may", [
    ("two hand front clap", "hand clap", True), ("right hand wave", "high arm wave", True), ("squat", "deep squat", True), ("bend", "bend", True),
    ("bend", "pick up and throw", False), ("high arm wave", "horizontal arm wave", False), ("tennis serve", "tennis swing", False),
])
def test_one_clip_may_rightly_be_called_both(a, b, may):
    assert confusable(a, b) is may


def test_an_unknown_word_gives_nothing():
    assert unfold("zorbing") == unfold("") == unfold("走路") == {} and phrasings("zorbing") == ("zorbing",)


def test_two_hands_are_both_and_one_hand_is_one():
    both, one = unfold("pick up with two hands"), unfold("pick up with one hand")
    assert both["both_hands_move"] and both["both_hands_below_knee"] and not both["one_hand"]
    assert one["one_hand"] and not one["both_hands_below_knee"] and not one["both_hands_move"]


def test_a_word_is_known_in_all_its_forms_and_among_others():
    assert unfold("sitting down") == unfold("sits down") == unfold("Sit Down!") == unfold("quietly sit down") != {}
    assert unfold("take off the jacket") == unfold("taking off his jacket") != unfold("take off a hat")


def test_opposites_are_told_apart():
    down, up = unfold("sit down"), unfold("stand up")
    assert down["hips_sink"] and down["sits_at_end"] and not down["hips_rise"] and not down["hand_above_head"]
    assert up["hips_rise"] and up["sits_at_start"] and not up["hips_sink"] and not up["sits_at_end"]


def test_of_two_actions_both_are_seen_and_what_they_dispute_at_the_end_is_open():
    claims = unfold("drink and kick")
    assert claims["hand_at_head"] and claims["foot_lifts"] and not claims["feet_stay"]
    assert "sits_at_end" not in unfold("sit down, then stand up")


def test_manner_overrules_the_action():
    assert unfold("throw")["hand_fast"] and not unfold("throw slowly")["hand_fast"]
