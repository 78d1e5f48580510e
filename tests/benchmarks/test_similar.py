import subprocess
import sys
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skllm.benchmarks.bodywords import GROUPS, IMPLIED, SAYINGS
from skllm.benchmarks.ntu import NTU60_LABELS, NTU120_LABELS
from skllm.benchmarks.similar import similar_actions

SIXTY, ALL = similar_actions(NTU60_LABELS), similar_actions(NTU120_LABELS)


@pytest.mark.parametrize("labels, neighbours", [(NTU60_LABELS, SIXTY), (NTU120_LABELS, ALL)])
def test_every_class_has_five_others_and_never_itself(labels, neighbours):
    assert tuple(neighbours) == tuple(labels)
    for label, others in neighbours.items():
        assert len(set(others)) == len(others) == 5 and label not in others and set(others) < set(labels)


@pytest.mark.parametrize("one, other", [
    ("sit down", "stand up"), ("put on shoe", "take off shoe"), ("put on jacket", "take off jacket"), ("put on hat/cap", "take off hat/cap"),
    ("put on glasses", "take off glasses"), ("walking towards each other", "walking apart from each other"), ("drink water", "eat food"),
])
def test_opposites_are_nearest_to_each_other(one, other):
    assert SIXTY[one][0] == other and SIXTY[other][0] == one


@pytest.mark.parametrize("cluster", [
    {"clapping", "rub two hands", "pray with hands together", "cross hands in front"}, {"chest pain", "neck pain", "back pain"},
    {"reading", "writing", "play with phone/tablet"}, {"punch/slap someone", "pushing someone", "kicking someone"},
])
def test_a_cluster_keeps_together(cluster):
    for label in cluster:
        assert cluster - {label} < set(SIXTY[label])


@pytest.mark.parametrize("label, near", [
    ("headache", {"neck pain"}), ("brush teeth", {"drink water", "brush hair"}), ("type on keyboard", {"writing", "play with phone/tablet"}),
])
def test_members_at_the_rim_name_the_nearer_part_of_their_cluster(label, near):
    assert near < set(SIXTY[label])


@pytest.mark.parametrize("label, near", [
    ("high-five", {"clapping", "pray with hands together"}), ("put on headphones", {"take off headphone"}), ("give thumbs up", {"give thumbs down"}),
    ("point a gun at someone", {"point at someone"}), ("exchange objects", {"giving object"}), ("squat down", {"sit down"}),
    ("put object into bag", {"take object out of bag"}), ("cheers and drink", {"drink water"}),
])
def test_the_sixty_later_actions_find_their_kin(label, near):
    assert near <= set(ALL[label])


def test_two_people_are_mistaken_for_two_people():
    two = set(NTU60_LABELS[49:])
    assert sum(set(SIXTY[label]) <= two for label in two) >= 6
    assert sum(bool(set(SIXTY[label]) & two) for label in set(NTU60_LABELS) - two) <= 4


def test_the_lists_are_not_symmetric():
    assert any(label not in SIXTY[other] for label, others in SIXTY.items() for other in others)


LABELS = ["sit down", "stand up", "clapping", "punch someone", "eat food", "throw a ball", "walking slowly"]


@settings(max_examples=20, deadline=None)
@given(st.permutations(LABELS))
def test_the_order_of_the_labels_does_not_matter(shuffled):
    assert similar_actions(shuffled, 3) == similar_actions(LABELS, 3)


def test_ties_go_by_the_order_of_the_labels():
    alike = [" ".join(words) for words in permutations(("foo", "bar", "quux", "zip"))]       # the same letters, so equally far from waving
    for order in (alike, alike[::-1]):
        assert similar_actions(["wave", *order], 24)["wave"] == tuple(order)


def test_words_that_nobody_explained_are_compared_by_their_letters():
    labels = ["zorbing", "quux", "zorbs downhill", "?", "走路"]
    found = similar_actions(labels, 1)
    assert found["zorbing"] == ("zorbs downhill",) and found["zorbs downhill"] == ("zorbing",) and list(found) == labels


def test_every_form_of_a_known_word_means_the_same():
    found = similar_actions(["clapping", "to clap", "claps", "quux", "kick"], 2)
    assert set(found["clapping"]) == {"to clap", "claps"}


def test_a_teacher_reorders_and_what_it_leaves_out_follows_in_our_order():
    asked = {}

    def teacher(label, candidates):
        asked[label] = list(candidates)
        return candidates[-1:]

    found = similar_actions(NTU60_LABELS, 3, teacher)
    for label, others in found.items():
        assert len(asked[label]) == 9 and tuple(asked[label][:5]) == SIXTY[label]
        assert others == (asked[label][-1], *SIXTY[label][:2])


def test_a_teacher_that_says_nothing_or_repeats_itself_changes_nothing():
    assert similar_actions(NTU60_LABELS, rank=lambda label, candidates: []) == SIXTY
    assert similar_actions(NTU60_LABELS, rank=lambda label, candidates: [candidates[0]] * 9) == SIXTY


def test_a_teacher_may_not_invent_labels():
    with pytest.raises(ValueError, match=r"candidates of 'drink water' only; got 'swim'"):
        similar_actions(NTU60_LABELS, rank=lambda label, candidates: [*candidates, "swim"])


@pytest.mark.parametrize("labels, top, words", [
    (["walk", "run", "walk"], 1, "got 'walk' more than once"), (["walk", "run", "sit"], 0, "1 or more; got 0"),
    ("walk", 3, "two words or more"), (["walk"], 1, "two words or more"), (["walk", " "], 1, "label 1 is blank"),
])
def test_what_cannot_be_answered_is_refused(labels, top, words):
    with pytest.raises(ValueError, match=words):
        similar_actions(labels, top)


def test_the_lexicon_uses_only_features_that_a_group_holds():
    known = frozenset().union(*GROUPS.values())
    assert sum(map(len, GROUPS.values())) == len(known)
    assert {one for features in SAYINGS.values() for one in features} | set(IMPLIED) | set(IMPLIED.values()) == known


def test_importing_is_light():
    code = "import sys, skllm.benchmarks.similar; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_small_set_gives_all_others():
    assert {label: len(others) for label, others in similar_actions(["walk", "run", "sit"]).items()} == {"walk": 2, "run": 2, "sit": 2}
