"""Stages as they are run: their clips, where they start, and the tables of their records."""

import math

import pytest

from skllm.benchmarks import UI_PRMD, LabelledClip, Protocol, read_ui_prmd
from skllm.model import SkeletonLLM
from skllm.render import DrAction, DrActionConfig
from skllm.respond.scores import Score
from skllm.study.results import write_record
from skllm.study.training import (
    KINDS,
    NOTEBOOKS,
    loss_of_guessing,
    material,
    portion,
    seed_table,
    stage_table,
    start_in,
    start_of,
    step_table,
    teacher_of,
)
from skllm.train.stages import RECIPES
from skllm.train.teachers import KinematicTeacher, LocalTeacher
from tests.conftest import fake_mllm, stick_clip

TINY = RECIPES["demo"]


def done(folder):
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "skllm.json").write_text("{}")


def test_training_clips_are_drawn_by_seed_and_clips_for_testing_are_always_the_same():
    one, other = (material("demo", 3, 2, 4, 7, seed) for seed in (0, 1))
    assert [len(one.train), len(one.test), len(one.unseen)] == [21, 14, 12] and one.labels == UI_PRMD.seen
    assert one.test == other.test and one.unseen == other.unseen and one.train != other.train
    assert {clip.label for clip in one.train} == set(UI_PRMD.seen) and {clip.label for clip in one.unseen} == set(UI_PRMD.unseen)
    assert {clip.subject for clip in (*one.test, *one.unseen)} <= {3, 6, 9} and not {clip.subject for clip in one.train} & {3, 6, 9}


@pytest.mark.parametrize(("protocol", "asked"), [
    ("xsub_48_12", "RGB[+]D 60"), ("ntu60_xsub_55_5", "RGB[+]D 60"), ("ntu120_xsub_110_10", "RGB[+]D 120"), ("pku_mmd_xsub_46_5", "PKU-MMD")])
def test_at_paper_scale_a_protocol_names_its_benchmark(protocol, asked, tmp_path):
    with pytest.raises(FileNotFoundError, match=f"no .*{asked} recordings"):
        material("paper", 1, 1, 1, 1, 0, tmp_path, protocol=protocol)
    with pytest.raises(ValueError, match="has no protocol"):
        material("paper", 1, 1, 1, 1, 0, tmp_path, protocol=protocol + "0")


def test_fewer_labels_and_protocols_without_unseen_ones():
    few = portion(UI_PRMD, read_ui_prmd("kinect22"), 2, 1, 1, labels=2)
    assert {clip.label for clip in few.train} == set(UI_PRMD.seen[:2]) == set(few.labels)
    clips = [LabelledClip(f"{n}", stick_clip(6), f"label {n % 3}", n) for n in range(9)]
    plain = portion(Protocol("plain", test_subjects=frozenset({7, 8})), clips, 9, 9, 9)
    assert plain.labels == ("label 0", "label 1", "label 2") and len(plain.train) == 7 and len(plain.test) == 2 and not plain.unseen
    with pytest.raises(ValueError, match="no training clips among the 2"):
        portion(Protocol("plain", test_subjects=frozenset({7, 8})), clips[7:], 9, 9, 9)


def test_a_stage_starts_from_the_last_one_before_it(tmp_path, capsys):
    assert start_of(1, tmp_path, "demo", 0) == "tiny" and start_of(3, tmp_path, "demo", 0, previous="mine") == "mine"
    assert start_of(3, tmp_path, "demo", 0) == "tiny-warm" and "stage 3 starts from tiny-warm" in capsys.readouterr().out
    done(tmp_path / "02_render_warmup-demo-0")
    assert start_of(2, tmp_path, "demo", 0) == str(tmp_path / "02_render_warmup-demo-0" / "model") and not capsys.readouterr().out
    assert start_of(4, tmp_path, "demo", 0).endswith("02_render_warmup-demo-0/model") and "stage 3 was not run here" in capsys.readouterr().out
    assert start_of(2, tmp_path, "demo", 1) == "tiny-warm" and start_of(2, tmp_path, "paper", 0, "some/base") == "some/base"


def test_a_row_of_stages_starts_from_what_its_folder_holds(tmp_path):
    assert start_in(tmp_path, TINY, 1, 0) == "tiny"
    with pytest.raises(ValueError, match="has none of seed 0; run stage 1 first"):
        start_in(tmp_path, TINY, 3, 0)
    done(tmp_path / "disc_ft-0")
    assert start_in(tmp_path, TINY, 4, 0) == str(tmp_path / "disc_ft-0" / "model")


def test_tables_are_read_from_the_records_of_one_scale(tmp_path):
    for scale, seeds, hits in (("demo", (0, 1, 2), (0.5, 0.6, 0.7)), ("smoke", (0,), (0.1,))):
        for seed, hit in zip(seeds, hits, strict=True):
            scores = {f"unseen people ({kind})": Score(hit, 100, 0.0, 1.0) for kind in KINDS}
            write_record(NOTEBOOKS[1], scale, seed, {**scores, "seconds a step, read": seed + 1.0, "first loss": 9.0}, {}, 1.0, str(tmp_path))
    told = stage_table("demo", str(tmp_path))
    assert len(told) == 3 and set(told["stage"]) == {2} and list(told["mean"]) == [pytest.approx(0.6)] * 3 and set(told["seeds"]) == {3}
    assert step_table("demo", 1, str(tmp_path)).to_dict("index") == {"stage 2": {"read": 2.0}}
    seeds = seed_table("demo", "unseen people (ranked)", str(tmp_path))
    assert seeds.to_dict() == {"stage 2": {0: 0.5, 1: 0.6, 2: 0.7}}


def test_guessing_costs_one_choice_over_an_answers_tokens_and_its_end():
    mllm = fake_mllm()                                        # its tokens are letters
    model = SkeletonLLM(DrAction(DrActionConfig(size=mllm.picture_size, per_bone=2)), mllm, frames=2)
    assert loss_of_guessing(model, ("YES", "NO")) == pytest.approx((math.log(2) / 4 + math.log(2) / 3) / 2)


def test_teachers_go_by_name(tmp_path):
    assert isinstance(teacher_of("kinematic"), KinematicTeacher)
    for name in ("oracle", "server", "server:", "local:"):
        with pytest.raises(ValueError, match="known: kinematic, server:MODEL, local:FOLDER_OR_ID"):
            teacher_of(name)
    with pytest.raises(ValueError, match="no model"):
        teacher_of(f"local:{tmp_path}")
    assert LocalTeacher
