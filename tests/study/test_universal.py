"""Making a model of a mixture of benchmarks, and the command that asks it."""

from contextlib import nullcontext
from dataclasses import replace

import pytest
import torch

from skllm.benchmarks import UI_PRMD, read_ui_prmd
from skllm.formats import COCO17
from skllm.model import SkeletonLLM
from skllm.perturb import REDUCED, relayout
from skllm.study import universal
from skllm.train.stages import RECIPES
from tests.conftest import fake_internvl3

CLIPS = [one for one in read_ui_prmd("kinect22")[::60] if one.subject in UI_PRMD.test_subjects]


def test_the_recipe_of_a_mixture_runs_from_stage_to_stage(monkeypatch, tmp_path):
    made, small = fake_internvl3(), [replace(one, clips=2) for one in RECIPES["tiny"]]
    made.model.save_pretrained(tmp_path / "base")
    made.tokenizer.save_pretrained(tmp_path / "base")
    clips = [replace(one, key=f"ui_prmd/{one.key}") for one in read_ui_prmd("kinect22")[::200]]
    monkeypatch.setattr(universal, "material", lambda root: (clips, clips[:1]))
    done = list(universal.make("", tmp_path / "out", small, base=tmp_path / "base", steps=2, workers=0))
    assert [name for name, *_ in done] == ["render_warmup", "disc_ft", "cr_distill", "refine", "match"]
    last, third = (SkeletonLLM.from_pretrained(done[n][1]) for n in (3, 2))
    matched = SkeletonLLM.from_pretrained(done[4][1])
    assert matched.matcher and matched.renderer.config.layout == "common" and not last.matcher
    assert all(torch.equal(value, matched.learned()[name]) for name, value in last.learned().items())            # the matcher alone learned
    stamp = (done[4][1] / "learned.safetensors").stat().st_mtime_ns
    again = list(universal.make("", tmp_path / "out", small, base=tmp_path / "base", steps=2, workers=0, resume=True))
    assert again[-1][1] == done[4][1] and again[-1][1].parent.joinpath("model", "learned.safetensors").stat().st_mtime_ns == stamp
    other = list(universal.make("", tmp_path / "out", small, base=tmp_path / "base", stages=(4,), steps=1, workers=0))
    assert (other[-1][1] / "learned.safetensors").stat().st_mtime_ns > stamp                # another refinement, another matcher
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


def test_a_mixture_without_its_folder_is_refused_before_anything_is_made(tmp_path):
    with pytest.raises(FileNotFoundError, match="UTD-MHAD"):
        list(universal.make(tmp_path, tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_bodies_with_the_joints_of_training_are_familiar(small_model):
    universal.lay_out(small_model, CLIPS)
    body = CLIPS[0].clip.topology
    assert small_model.renderer.sample(CLIPS[0].clip, 4).topology is body
    assert small_model.renderer.sample(relayout(CLIPS[0].clip, COCO17), 4).topology is REDUCED[13]


def test_the_command_lays_out_a_model_where_it_is_told_to(small_model, monkeypatch):
    monkeypatch.setattr("sys.argv", ["universal", "DATA", "--lay-out"])
    monkeypatch.setattr(universal.SkeletonLLM, "from_pretrained", classmethod(lambda cls, *told, **more: small_model))
    monkeypatch.setattr(universal, "material", lambda data_root: (CLIPS, []))
    monkeypatch.setattr(universal, "examine_all", lambda model, data_root: {})
    universal.main()
    assert small_model.renderer.config.layout == "common" and small_model.renderer.config.familiar


@pytest.mark.parametrize(("option", "called", "folder"), [
    ([], "examine_all", "universal"), (["--match", "7"], "examine_matcher", "universal_matched"),
    (["--baseline", "7"], "examine_baseline", "universal_baseline"),
])
def test_the_command_records_what_it_was_asked_for(small_model, monkeypatch, option, called, folder):
    made, records = [], []
    monkeypatch.setattr("sys.argv", ["universal", "DATA", "--record", "--seed", "3", *option])
    monkeypatch.setattr(universal.SkeletonLLM, "from_pretrained", classmethod(lambda cls, *told, **more: small_model))
    monkeypatch.setattr(universal, called, lambda *told: made.append(told[1:]) or {})
    monkeypatch.setattr(universal, "write_record", lambda *told: records.append(told))
    universal.main()
    assert made == [("DATA", 7, 3) if option else ("DATA",)]
    assert records[0][:3] == (folder, "demo", 3) and records[0][4].get("steps") == (7 if option else None)


def test_matchers_are_taught_and_asked_with_pictures_and_without(small_model, monkeypatch):
    clips = [replace(one, key=f"ui_prmd/{one.key}") for one in read_ui_prmd("kinect22")[::100]]
    monkeypatch.setattr(universal, "material", lambda root: (clips, clips[:2]))
    monkeypatch.setattr(universal, "choices", lambda root: {"t": (clips[:4], UI_PRMD.labels)})
    monkeypatch.setattr(universal, "claims_asked", lambda sheets, count: [(clips[0].key, "travels", True), (clips[1].key, "jumps", False)])
    seeing = universal.examine_matcher(small_model, "", steps=2, workers=0)
    blind = universal.examine_baseline(small_model, "", steps=2, workers=0)
    assert {name: score.n for name, score in seeing.items()} == {"t (ranked)": 4, universal.READ: 2} and small_model.matcher
    assert {name: score.n for name, score in blind.items()} == {"t (ranked)": 4}


def test_matching_and_the_baseline_are_not_asked_for_at_once(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["universal", "DATA", "--match", "7", "--baseline", "7"])
    with pytest.raises(SystemExit):
        universal.main()
    assert "not allowed with" in capsys.readouterr().err
