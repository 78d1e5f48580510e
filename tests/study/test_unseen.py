"""The tests of universality: the same clips for every reader, made worse in the same way, and questions that are balanced."""

from collections import Counter

import pytest
import torch

from skllm.benchmarks import UI_PRMD, read_ui_prmd
from skllm.motion.claims import CLAIMS
from skllm.study import unseen
from skllm.study.universal import lay_out
from skllm.train.sheets import Sheet, measure

CLIPS = [one for one in read_ui_prmd("kinect22")[::60] if one.subject in UI_PRMD.test_subjects]


def test_a_test_is_made_worse_in_the_same_way_for_everybody():
    tests, again = (unseen.worse("t", CLIPS, UI_PRMD.labels) for _ in range(2))
    assert list(tests) == ["t", "t, 30 % of the joints hidden", "t, 5 cm noise"]
    for name, (clips, labels) in tests.items():
        assert [one.key for one in clips] == [one.key for one in CLIPS] and labels == UI_PRMD.labels
        assert all(torch.equal(a.clip.xyz.nan_to_num(), b.clip.xyz.nan_to_num()) for a, b in zip(clips, again[name][0], strict=True))
    whole, hidden, shaken = (clips[0].clip for clips, _ in tests.values())
    assert abs((hidden.seen == 0).float().mean() - (whole.seen == 0).float().mean() - 0.3) < 0.05
    moved = (shaken.xyz - whole.xyz)[whole.seen > 0]
    assert abs(moved.std().item() - 0.05) < 0.005


def test_every_claim_is_asked_as_often_true_as_false():
    sheets = {f"{n}": Sheet({"travels": n % 3 == 0, "jumps": n == 1, "sits_at_end": n % 2 == 0}, ()) for n in range(40)}
    asked = unseen.claims_asked(sheets, 40)
    counts = Counter((name, holds) for _, name, holds in asked)
    assert counts == {("travels", True): 10, ("travels", False): 10, ("sits_at_end", True): 10, ("sits_at_end", False): 10}    # one jump is too few
    assert all(sheets[key].claims[name] == holds for key, name, holds in asked)
    assert asked == unseen.claims_asked(sheets, 40) != unseen.claims_asked(sheets, 40, seed=1)


def test_claims_and_short_questions_are_examined(small_model):
    clips, sheets = {one.key: one.clip for one in CLIPS[:4]}, measure(CLIPS[:4])
    asked = [(CLIPS[0].key, "travels", True), (CLIPS[0].key, "travels", False), (CLIPS[1].key, "jumps", False)]
    score = unseen.examine_claims(small_model, clips, asked)
    assert score.n == 3 and 1 / 3 <= score.value <= 2 / 3           # it says the same to the same question
    answers = unseen.examine_answers(small_model, clips, sheets, 20)
    assert 10 <= answers.n <= 40 and 0 <= answers.value <= 1


def test_questions_that_cannot_be_asked_are_said_in_a_sentence(small_model):
    with pytest.raises(ValueError, match="no claim is true of three of 0 clips"):
        unseen.claims_asked({}, 10)
    with pytest.raises(ValueError, match="none of 0 clips"):
        unseen.examine_answers(small_model, {}, {}, 10)


def test_the_format_that_is_not_trained_on_is_asked_as_recorded_too(small_model, monkeypatch):
    asked = {"ui_prmd, Vicon": (CLIPS[:1], UI_PRMD.labels[:2])}
    monkeypatch.setattr(unseen, "choices", lambda data_root: asked)
    monkeypatch.setattr(unseen, "material", lambda data_root: (CLIPS, CLIPS[:0]))
    monkeypatch.setattr(unseen, "examine_claims", lambda *told: None)
    monkeypatch.setattr(unseen, "examine_answers", lambda *told: None)
    monkeypatch.setattr(unseen, "claims_asked", lambda *told: [])
    plain = unseen.examine_all(small_model, "")
    lay_out(small_model, CLIPS)
    again = unseen.examine_all(small_model, "")
    assert set(again) - set(plain) == {f"ui_prmd, Vicon, in recorded joints ({kind})" for kind in ("ranked", "strict")}
    assert small_model.renderer.config.layout == "common"


def test_choices_are_ranked_without_a_word_said():
    labels = UI_PRMD.labels[:3]
    clips = [one for one in read_ui_prmd("kinect22") if one.label in labels][:40]
    asked = []

    def second(some, among):
        asked.append(len(some))
        return torch.eye(len(among))[[1] * len(some)]

    told = unseen.examine_ranked(second, {"a test": (clips, labels)})
    assert asked == [16, 16, 8] and told["a test (ranked)"].value == sum(one.label == labels[1] for one in clips) / 40


def test_claims_are_read_by_the_matcher(matched_model, monkeypatch):
    first, second = list(CLAIMS)[:2]
    monkeypatch.setattr(matched_model, "claims", lambda clip, even: {CLAIMS[first].statement: 0.9, CLAIMS[second].statement: 0.4})
    score = unseen.read_claims(matched_model, {"a": CLIPS[0].clip}, [("a", first, True), ("a", second, True)])
    assert score.n == 2 and score.value == 0.5


def test_a_model_with_a_matcher_is_asked_what_it_reads_of_the_same_claims(matched_model, monkeypatch):
    monkeypatch.setattr(unseen, "choices", lambda data_root: {})
    monkeypatch.setattr(unseen, "material", lambda data_root: ([], CLIPS[:3]))
    monkeypatch.setattr(unseen, "claims_asked", lambda sheets, count: [(CLIPS[0].key, next(iter(CLAIMS)), True)] * count)
    told = unseen.examine_all(matched_model, "")
    assert told[unseen.READ].n == told["claims about unseen people"].n == 500
