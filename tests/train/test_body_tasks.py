"""Questions about bodies in a mixture of benchmarks: fair, balanced, and never with two right answers."""

from collections import Counter
from dataclasses import replace

import pytest
import torch

from skllm.benchmarks import read_ui_prmd
from skllm.benchmarks.phrasings import confusable, phrasings
from skllm.motion.claims import CLAIMS
from skllm.reason.questions import NO, YES
from skllm.render import DrAction, DrActionConfig
from skllm.render.gaussians import Tracks
from skllm.train.body_tasks import Affirm, Answer, Pick, Verify
from skllm.train.examples import Examples, collate, collate_bound
from skllm.train.sheets import measure
from tests.conftest import stick_clip

BUNDLED = [replace(one, key=f"ui_prmd/{one.key}") for one in read_ui_prmd("kinect22")[::25]]
OTHERS = [replace(BUNDLED[0], key=f"kard/{n}", label=label) for n, label in enumerate(("bend", "hand clap", "sit down", "walk"))]
CLIPS = BUNDLED + OTHERS
LABELS = sorted({one.label for one in CLIPS})
SHEETS = measure(CLIPS)


def dice(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def lines(question: str) -> list[str]:
    return question.split("\n")[1:-1]


def test_a_choice_has_the_right_label_once_and_no_other_that_could_be_right():
    pick, sizes = Pick(CLIPS, LABELS, {}), Counter()
    of = {words.lower(): label for label in LABELS for words in phrasings(label)}
    for n in range(300):
        one = CLIPS[n % len(CLIPS)]
        question, answer = pick(one, 0, dice(n))
        choices = lines(question)
        assert choices.count(answer) == 1 and answer in phrasings(one.label)
        wrong = [of[choice.lower()] for choice in choices if choice != answer]
        own = {other.label for other in CLIPS if other.key.split("/")[0] == one.key.split("/")[0]}
        assert all(label != one.label and (label in own or not confusable(label, one.label)) for label in wrong)
        sizes[len(choices)] += 1
    assert min(sizes) == 2 and max(sizes) == 10 and len(sizes) > 6


def test_labels_stand_as_they_are_in_half_of_the_choices():
    pick = Pick(CLIPS, LABELS, {})
    plain = sum(set(lines(pick(CLIPS[n % len(CLIPS)], 0, dice(n))[0])) <= set(LABELS) for n in range(200))
    assert 80 < plain < 140


def test_an_action_is_affirmed_as_often_as_denied():
    affirm = Affirm(CLIPS, LABELS, {})
    said = Counter(affirm(CLIPS[n % len(CLIPS)], 0, dice(n))[1] for n in range(400))
    assert abs(said[YES] - said[NO]) < 60
    for n in range(60):
        question, answer = affirm(CLIPS[0], 0, dice(n))
        named = question.split("do this: ")[1].split("?")[0]
        assert (named in phrasings(CLIPS[0].label)) == (answer == YES)


def test_claims_are_asked_as_they_were_measured_and_about_as_often_true_as_false():
    verify, by_question = Verify(CLIPS, LABELS, {}, SHEETS), {one.question: name for name, one in CLAIMS.items()}
    counts = Counter()
    for n in range(1500):
        one = verify.clips[n % len(verify.clips)]
        question, answer = verify(one, 0, dice(n))
        name = by_question[question.split("\n")[0]]
        assert SHEETS[one.key].claims[name] == (answer == YES)
        counts[answer] += 1
    assert 0.35 < counts[YES] / 1500 < 0.65


def test_short_questions_offer_their_answers():
    answer = Answer(CLIPS, LABELS, {}, SHEETS)
    for n in range(50):
        question, said = answer(answer.clips[n % len(answer.clips)], 0, dice(n))
        assert said in question.split("one of these: ")[1]


def test_several_questions_are_drawn_from_all_tasks_and_repeat_by_their_seed():
    told = {one.key: f"The legs bend.\nThen more.\nLabel: {one.label}" for one in CLIPS[:3]}
    made = [Examples(CLIPS, LABELS, "pick+verify+answer+conclude", 4, 7, rationales=told, sheets=SHEETS, asked=4) for _ in range(2)]
    first, again = (some[0] for some in made)
    assert first["questions"] == again["questions"] and len(first["questions"]) == len(first["answers"]) == 4
    assert f"The legs bend.\nLabel: {CLIPS[0].label}" in first["answers"]
    last = made[0][len(CLIPS) - 1]
    assert len(last["questions"]) == 4 and not any("Label:" in said for said in last["answers"])       # it has no rationale


def test_a_mirrored_clip_has_mirrored_words():
    one = replace(BUNDLED[0], key="ui_prmd/sided", label="raise left arm", source=stick_clip(60))
    some = Examples([one, replace(one, label="bend")], ["raise left arm", "bend"], "explain", 4, 0,
                    rationales={one.key: "The right hand goes up.\nLabel: raise left arm"}, resensed=True)
    seen = set()
    for epoch in range(12):
        some.epoch = epoch
        seen.add(some[0]["answers"])
    assert seen == {"The right hand goes up.\nLabel: raise left arm", "The left hand goes up.\nLabel: raise right arm"}


def test_clips_bound_where_they_are_read_make_the_same_pictures():
    sampled = [one.clip.sample(3) for one in BUNDLED[:2]]
    renderer = DrAction(DrActionConfig(size=32))
    batch = collate_bound([{"clips": clip, "questions": "?", "answers": "!", "keys": "k"} for clip in sampled], renderer.config)
    assert batch["clips"] == [] and batch["questions"] == ["?", "?"]
    torch.testing.assert_close(renderer(Tracks(**batch["tracks"])), renderer(sampled))
    assert collate([{"clips": 1}, {"clips": 2}]) == {"clips": [1, 2]}


def test_what_was_not_measured_is_not_asked_for():
    with pytest.raises(ValueError, match="sheets=measure"):
        Examples(CLIPS, LABELS, "pick+verify", 4, 0)
    with pytest.raises(ValueError, match="known: choose"):
        Examples(CLIPS, LABELS, "pick+guess", 4, 0)


def test_what_cannot_be_asked_is_refused_in_a_sentence():
    with pytest.raises(ValueError, match="no claim is true of some of 1 clips"):
        Verify(CLIPS[:1], LABELS, {}, SHEETS)
    with pytest.raises(ValueError, match="needs a wrong label beside 'deep squat'"):
        Pick([replace(BUNDLED[0], label="deep squat")], LABELS, {})
    with pytest.raises(ValueError, match="none of 1 clips can be asked"):
        Answer(CLIPS[:1], LABELS, {}, {CLIPS[0].key: replace(SHEETS[CLIPS[0].key], questions=())})


def test_a_phrasing_that_names_an_unseen_label_is_refused(monkeypatch):
    clips = [replace(BUNDLED[0], label=label) for label in ("bow", "wave")]
    Examples(clips, ["bow", "wave"], "pick", 4, 0, unseen=["hand clap"])
    monkeypatch.setattr("skllm.train.examples.phrasings", lambda label: (label, "clap hands like one who waves"))
    Examples(clips, ["bow", "wave"], "choose", 4, 0, unseen=["clap hands"])
    with pytest.raises(ValueError, match=r"'clap hands like one who waves'.*'bow'.*names 'clap hands'"):
        Examples(clips, ["bow", "wave"], "pick", 4, 0, unseen=["clap hands"])
