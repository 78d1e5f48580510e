"""The tests of universality: the same clips for every reader, made worse in the same way, and questions that are balanced."""

from collections import Counter
from contextlib import nullcontext
from dataclasses import replace

import pytest
import torch

from skllm.benchmarks import UI_PRMD, read_ui_prmd
from skllm.formats import COCO17
from skllm.model import SkeletonLLM
from skllm.perturb import REDUCED, relayout
from skllm.study import universal
from skllm.train.sheets import Sheet, measure
from skllm.train.stages import RECIPES
from tests.conftest import fake_internvl3

CLIPS = [one for one in read_ui_prmd("kinect22")[::60] if one.subject in UI_PRMD.test_subjects]


def test_a_test_is_made_worse_in_the_same_way_for_everybody():
    tests, again = (universal.worse("t", CLIPS, UI_PRMD.labels) for _ in range(2))
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
    asked = universal.claims_asked(sheets, 40)
    counts = Counter((name, holds) for _, name, holds in asked)
    assert counts == {("travels", True): 10, ("travels", False): 10, ("sits_at_end", True): 10, ("sits_at_end", False): 10}    # one jump is too few
    assert all(sheets[key].claims[name] == holds for key, name, holds in asked)
    assert asked == universal.claims_asked(sheets, 40) != universal.claims_asked(sheets, 40, seed=1)


def test_claims_and_short_questions_are_examined(small_model):
    clips, sheets = {one.key: one.clip for one in CLIPS[:4]}, measure(CLIPS[:4])
    asked = [(CLIPS[0].key, "travels", True), (CLIPS[0].key, "travels", False), (CLIPS[1].key, "jumps", False)]
    score = universal.examine_claims(small_model, clips, asked)
    assert score.n == 3 and 1 / 3 <= score.value <= 2 / 3           # it says the same to the same question
    answers = universal.examine_answers(small_model, clips, sheets, 20)
    assert 10 <= answers.n <= 40 and 0 <= answers.value <= 1


def test_the_recipe_of_a_mixture_runs_from_stage_to_stage(monkeypatch, tmp_path):
    made, small = fake_internvl3(), [replace(one, clips=2) for one in RECIPES["tiny"]]
    made.model.save_pretrained(tmp_path / "base")
    made.tokenizer.save_pretrained(tmp_path / "base")
    clips = [replace(one, key=f"ui_prmd/{one.key}") for one in read_ui_prmd("kinect22")[::200]]
    monkeypatch.setattr(universal, "material", lambda root: (clips, clips[:1]))
    done = list(universal.make("", tmp_path / "out", small, base=tmp_path / "base", steps=2, workers=0))
    assert [name for name, *_ in done] == ["render_warmup", "disc_ft", "cr_distill", "refine"]
    last, third = (SkeletonLLM.from_pretrained(done[n][1]) for n in (3, 2))
    assert last.own_tower and [one.lora.rank for one in last.mllm.adapters] == [16, 4]
    kept = {name: value for name, value in third.learned().items() if name.startswith(("renderer.", "tower.", "lora.0."))}
    assert kept and all(torch.equal(value, last.learned()[name]) for name, value in kept.items())       # stage 4 leaves them as they are
    start = SkeletonLLM.from_pretrained(tmp_path / "base", renderer="draction")
    assert not torch.equal(start.mllm.family.tower.state_dict()["embeddings.cls_token"], last.mllm.family.tower.state_dict()["embeddings.cls_token"])


def test_a_tower_of_another_run_is_not_taken(monkeypatch, tmp_path):
    made = []

    def killed(training, kept, steps, *rest, **more):
        made.append(steps)
        raise KeyboardInterrupt

    monkeypatch.setattr(universal.tower, "train", killed)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "skllm.json").write_text("{}")
    for resume in (False, True):                          # a run that was cut off, and its resume, which has a model
        with pytest.raises(KeyboardInterrupt) if not resume else nullcontext():
            assert universal._sighted(CLIPS, CLIPS, tmp_path, 0, 8, 0, "draction", resume) == tmp_path / "model"
    for other, steps, renderer in (("tower steps", 9, "draction"), ("renderer", 8, "2d")):
        with pytest.raises(ValueError, match=other):
            universal._sighted(CLIPS, CLIPS, tmp_path, 0, steps, 0, renderer, True)
    assert made == [8]


def test_a_renderer_that_is_none_or_not_the_bases_is_refused_first(tmp_path):
    with pytest.raises(ValueError, match="no renderer 'released' to start from"):
        next(universal.make("", tmp_path, renderer="released"))
    with pytest.raises(ValueError, match="is its own"):
        next(universal.make("", tmp_path, base="tiny", renderer="2d"))


def test_questions_that_cannot_be_asked_are_said_in_a_sentence(small_model):
    with pytest.raises(ValueError, match="no claim is true of three of 0 clips"):
        universal.claims_asked({}, 10)
    with pytest.raises(ValueError, match="none of 0 clips"):
        universal.examine_answers(small_model, {}, {}, 10)


def test_a_mixture_without_its_folder_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(FileNotFoundError, match="UTD-MHAD"):
        list(universal.make(tmp_path, tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_bodies_with_the_joints_of_training_are_familiar(small_model):
    universal.lay_out(small_model, CLIPS)
    body = CLIPS[0].clip.topology
    assert small_model.renderer.sample(CLIPS[0].clip, 4).topology is body
    assert small_model.renderer.sample(relayout(CLIPS[0].clip, COCO17), 4).topology is REDUCED[13]


def test_the_format_that_is_not_trained_on_is_asked_as_recorded_too(small_model, monkeypatch):
    asked = {"ui_prmd, Vicon": (CLIPS[:1], UI_PRMD.labels[:2])}
    monkeypatch.setattr(universal, "choices", lambda data_root: asked)
    monkeypatch.setattr(universal, "material", lambda data_root: (CLIPS, CLIPS[:0]))
    monkeypatch.setattr(universal, "examine_claims", lambda *told: None)
    monkeypatch.setattr(universal, "examine_answers", lambda *told: None)
    monkeypatch.setattr(universal, "claims_asked", lambda *told: [])
    plain = universal.examine_all(small_model, "")
    universal.lay_out(small_model, CLIPS)
    again = universal.examine_all(small_model, "")
    assert set(again) - set(plain) == {f"ui_prmd, Vicon, in recorded joints ({kind})" for kind in ("ranked", "strict")}
    assert small_model.renderer.config.layout == "common"


def test_the_command_lays_out_a_model_where_it_is_told_to(small_model, monkeypatch):
    monkeypatch.setattr("sys.argv", ["universal", "DATA", "--lay-out"])
    monkeypatch.setattr(universal.SkeletonLLM, "from_pretrained", classmethod(lambda cls, *told, **more: small_model))
    monkeypatch.setattr(universal, "material", lambda data_root: (CLIPS, []))
    monkeypatch.setattr(universal, "examine_all", lambda model, data_root: {})
    universal.main()
    assert small_model.renderer.config.layout == "common" and small_model.renderer.config.familiar
