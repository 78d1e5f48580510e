"""What is asked while training: right answers, hard negatives, and no label that must stay unseen."""

import pytest
import torch

from skllm.benchmarks import BENCHMARKS, NTU60, UI_PRMD, LabelledClip, read_ui_prmd, split
from skllm.reason.questions import DESCRIBE, NO, YES, choose, explain, judge, teach
from skllm.train.examples import TASKS, Examples, collate
from skllm.train.naming import names_any
from skllm.train.sheets import measure
from skllm.train.stages import RECIPES
from tests.conftest import stick_clip

CLIPS = split(read_ui_prmd("kinect22"), UI_PRMD, "train")[::9]
SHEETS = measure(CLIPS)
SAID = [LabelledClip(f"said/{n}", stick_clip(6), said[0], captions=said) for n, said in enumerate((
    ("A man waves.", "Someone waves a hand."), ("A hurdle step, slowly.", "A foot is lifted."), ("He does hurdle steps.",)))]
RATIONALES = {one.key: f"The legs bend.\nLabel: {one.label}" for one in CLIPS}


def examples(task: str, clips=CLIPS, labels=UI_PRMD.seen, unseen=UI_PRMD.unseen, rationales=RATIONALES) -> Examples:
    return Examples(clips, labels, task, 4, 0, rationales=rationales, unseen=unseen, sheets=SHEETS)


@pytest.mark.parametrize("task", TASKS)
def test_no_unseen_label_enters_a_training_question_or_answer(task):
    asked = examples(task, [*CLIPS, *SAID] if task == "caption" else CLIPS)
    for epoch in range(2):
        asked.epoch = epoch
        for n in range(len(asked)):
            said = asked[n]["questions"] + asked[n]["answers"]
            assert not any(label in said.lower() for label in UI_PRMD.unseen), said


@pytest.mark.parametrize("protocol", [protocol for one in BENCHMARKS.values() for protocol in one.protocols if protocol.unseen], ids=lambda p: p.name)
def test_no_unseen_label_of_any_benchmark_is_a_wrong_answer_or_a_choice(protocol):
    clips = [LabelledClip(f"{n}", stick_clip(6), label) for n, label in enumerate(protocol.seen)]
    judged, chosen = (examples(task, clips, protocol.seen, protocol.unseen, {}) for task in ("judge", "choose"))
    for epoch in range(8):
        judged.epoch = chosen.epoch = epoch
        named = {judged[n]["questions"].split("do this: ")[1].split("?\n")[0] for n in range(len(judged))}
        named |= {line for n in range(3) for line in chosen[n]["questions"].splitlines()}
        assert not named & set(protocol.unseen)
        assert set(protocol.seen) <= named


def test_every_clip_is_judged_once_rightly_and_once_wrongly_by_a_similar_label():
    judged = examples("judge")
    assert len(judged) == 2 * len(CLIPS)
    for n in range(0, len(judged), 2):
        label = CLIPS[n // 2].label
        assert judged[n]["answers"] == YES and label in judged[n]["questions"]
        wrong = judged[n + 1]["questions"]
        assert judged[n + 1]["answers"] == NO and label not in wrong
        assert any(other in wrong for other in judged.task.similar[label])
    drawn = {judged[2 * n + 1]["questions"] for n, one in enumerate(CLIPS) if one.label == "deep squat"}
    assert len(drawn) > 1


def test_captions_are_asked_for_beside_labels_and_those_that_name_an_unseen_label_are_left_out():
    asked = examples("choose+caption", [*CLIPS[:2], *SAID])
    answers = set()
    for epoch in range(12):
        asked.epoch = epoch
        answers |= {(asked[n]["keys"], *asked[n]["questions"][0].splitlines()[:1], *asked[n]["answers"]) for n in range(len(asked))}
    said = {(key, answer) for key, question, answer in answers if question == DESCRIBE}
    assert said == {("said/0", "A man waves."), ("said/0", "Someone waves a hand."), ("said/1", "A foot is lifted.")} and len(asked) == 4
    assert {(key, answer) for key, question, answer in answers if question != DESCRIBE} == {(one.key, one.label) for one in CLIPS[:2]}
    with pytest.raises(ValueError, match=r"labels outside: .*A man waves"):
        examples("choose", [*CLIPS, *SAID])
    with pytest.raises(ValueError, match="none of the clips has a caption"):
        examples("choose+caption")


def test_rationales_are_the_answers_and_clips_without_one_are_left_out():
    some = {one.key: RATIONALES[one.key] for one in CLIPS[:5]}
    asked = examples("explain", rationales=some)
    assert [asked[n]["answers"] for n in range(len(asked))] == list(some.values()) and {asked[n]["questions"] for n in range(5)} == {explain()}
    assert all(one.label not in explain() for one in CLIPS)
    assert examples("reason", rationales=some)[0]["questions"].count("\n") > len(UI_PRMD.seen)
    with pytest.raises(ValueError, match=r"none of .* has a rationale; collect_rationales"):
        examples("explain", rationales={})


def test_a_rationale_that_names_an_unseen_label_is_refused():
    leaking = {CLIPS[0].key: "This is no Hurdle  Step.\nLabel: deep squat"}
    with pytest.raises(ValueError, match="names 'hurdle step'"):
        examples("explain", rationales=leaking)
    assert names_any("they sit to stand", ["sit", "stand up"]) == "sit" and names_any("standing  UP, then", ["stand up"]) == "stand up"
    assert names_any("the trunk stays upright", ["right", "stay up"]) is None


def test_clips_of_other_formats_mix_in_one_batch():
    vicon = split(read_ui_prmd("vicon39"), UI_PRMD, "train")[:2]
    mixed = Examples([*CLIPS[:2], *vicon], UI_PRMD.seen, "choose", 4, 0)
    batch = collate([mixed[n] for n in range(4)])
    assert len({clip.topology.name for clip in batch["clips"]}) == 2 and {clip.frames for clip in batch["clips"]} == {4}
    assert batch["keys"] == [one.key for one in (*CLIPS[:2], *vicon)]


def test_views_repeat_and_without_them_each_epoch_draws_anew():
    def drawn(views, epoch):
        asked = Examples(CLIPS[:3], UI_PRMD.seen, "choose", 4, 0, views=views)
        asked.epoch = epoch
        return asked[1]["clips"].xyz

    assert torch.equal(drawn(2, 0), drawn(2, 2)) and not torch.equal(drawn(2, 0), drawn(2, 1))
    assert len({drawn(None, epoch).sum().item() for epoch in range(4)}) > 1


def test_every_sentence_asks_for_the_form_of_its_answer():
    labels = ["sit", "stand"]
    assert choose(labels).endswith("Answer with one of them.") and "Label: <action>" in choose(labels, reasoning=True)
    assert judge("sit").endswith("Answer YES or NO.")
    assert "sit" in teach("sit") and teach("sit").endswith("Label: sit")
    assert "sit\nstand" in teach(None, labels) and teach(None, labels).endswith("Label: <action>")


def test_the_stages_are_the_papers():
    for stages in (RECIPES["demo"], RECIPES["paper"]):
        assert [(sorted(s.learns), s.task, s.epochs) for s in stages] == [
            (["projector", "renderer"], "choose", 1), (["projector", "renderer"], "judge", 1),
            (["lora", "projector", "renderer"], "explain", 1), (["lora", "projector"], "choose", 3)]
    assert RECIPES["paper"][2].lora.rank == 32 and RECIPES["paper"][2].lora.alpha == 64 and RECIPES["paper"][2].lora.dropout == 0.05
    assert NTU60.protocol("xsub_55_5").unseen
