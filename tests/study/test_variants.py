"""Variants: a tree whose trunk is trained once, each with a record of its own, and tables from records alone."""

import copy
import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from skllm.formats import HUMANML3D22, NTU25, NW_UCLA20
from skllm.reason.lora import Lora
from skllm.respond.scores import Score
from skllm.stored import read_stored
from skllm.study import maps, nursery
from skllm.study.nursery import Nursery
from skllm.study.paper import beside, expected, verdict
from skllm.study.plans import planned, rationales
from skllm.study.results import read_record
from skllm.study.variants import FORMAT, LABELS, PEOPLE, TABLES, UCLA, VARIANTS, compared, confusion, possible, shown_somewhere, slug, verdicts
from skllm.study.variants import standing as standing_of
from skllm.train.examples import Examples
from tests.conftest import ntu_text
from tests.formats.makers import standing


@pytest.fixture
def young(small_model, tmp_path, monkeypatch):
    """A nursery over a small model, in a folder of its own."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "skllm").mkdir()
    monkeypatch.chdir(tmp_path)
    base = small_model.save_pretrained(tmp_path / "base")

    def from_pretrained(name):
        model, (told, stored) = copy.deepcopy(small_model), read_stored(name)
        for n, lora in enumerate(told["loras"]):
            ours = {key.removeprefix(f"lora.{n}."): value for key, value in stored.items() if key.startswith(f"lora.{n}.")}
            model.mllm.add_lora(Lora(**lora)).load(ours)
        model.mllm.merge_lora()
        model.load_learned({**model.learned(), **stored})                     # a fixed renderer has nothing stored
        return model

    monkeypatch.setattr(nursery.SkeletonLLM, "from_pretrained", staticmethod(from_pretrained))
    return Nursery("smoke", base=base)


def test_every_variant_goes_on_from_one_that_is_there_and_every_table_shows_some():
    for name, one in VARIANTS.items():
        assert one.after is None or one.after in VARIANTS
        assert one.after is None or VARIANTS[one.after].renderer == one.renderer, name
    assert {name for table in TABLES.values() for name in table.values()} <= set(VARIANTS)
    assert VARIANTS["DrAction, 1-2-3-4"].after == "DrAction, 1-2-3" and VARIANTS["DrAction, 1-4"].after == "DrAction, 1"
    assert len({slug(name) for name in VARIANTS}) == len(VARIANTS)


def test_the_papers_rows_have_a_variant():
    for table, name in (("Table 7", "renderers"), ("Table 8", "stages"), ("Table 11", "rationales"), ("Table 10", "modulator"),
                        ("rebuttal, blend weights", "blends")):
        notebook = "10_renderers" if name == "renderers" else "11_ablations"
        rows = compared(name, "paper")
        assert set(expected(notebook, [table])["method"]) - {"teacher not given the label"} <= set(rows), table
        assert set(rows.values()) <= set(VARIANTS) and all(shown_somewhere(f"{one}@ntu60_xsub_48_12") for one in rows.values())
    assert compared("modulator", "paper")["LSTM"] == "LSTM, 1-2-3-4" and compared("modulator", "demo")["LSTM"] == "LSTM, 1"


def test_rows_are_compared_where_they_took_as_many_steps():
    high, low = Score(0.9, 100, 0.85, 0.95), Score(0.4, 100, 0.3, 0.5)
    told = verdicts("renderers", dict.fromkeys(TABLES["renderers"], low) | {"DrAction": high, "2D, stages 1 and 4": high}, "demo")
    assert told["DrAction", "3D+Velocity"] == "ahead" and told["DrAction, stages 1 and 4", "2D, stages 1 and 4"] == "behind" and len(told) == 5
    stages = verdicts("stages", dict.fromkeys(TABLES["stages"], low), "demo")
    assert stages == {("all four stages", "all at once, from scratch"): "no difference shown"}
    assert verdicts("blends", {"uniform": low}, "demo") == {}


def test_a_plan_holds_out_people_labels_and_a_format():
    plan = planned("Kinect and Vicon, 1-4", "demo")
    assert {one.key.split("/")[0] for one in plan.clips.train} == {"kinect22", "vicon39"} and plan.steps == 30
    assert {part.name: len(part.clips) for part in plan.parts} == {PEOPLE: 105, LABELS: 45, FORMAT: 105}
    assert plan.chances == {PEOPLE: 1 / 7, LABELS: 1 / 3, FORMAT: 1 / 7}
    assert not {one.subject for part in plan.parts for one in part.clips} & {one.subject for one in plan.clips.train}
    assert FORMAT not in planned("2D, 1", "demo").chances                     # no table shows it
    assert not {one.label for one in plan.clips.unseen} & set(plan.clips.labels)
    once = planned("DrAction, all at once", "demo").stage
    assert once.task == "choose+judge+explain" and {"renderer", "projector", "lora"} <= set(once.rates) and once.epochs == 7


def ntu_and_humanml3d(folder):
    """A recording of a training and of a testing person for each of a few actions; a captioned motion."""
    folder.mkdir(exist_ok=True)
    for person in (1, 3):
        for action in (1, 2, 11, 12):
            body = standing(NTU25) + np.array([0.01 * action, 0, 0])
            (folder / f"S001C001P{person:03d}R001A{action:03d}.skeleton").write_text(ntu_text([{"1": body * (1 + 1e-3 * t)} for t in range(12)]))
    for inner in ("new_joints", "texts"):
        (folder / "said" / inner).mkdir(parents=True)
    np.save(folder / "said" / "new_joints" / "000001.npy", np.tile(standing(HUMANML3D22) * (1, 1, -1), (60, 1, 1)).astype(np.float32))
    (folder / "said" / "texts" / "000001.txt").write_text("someone stands still.#x#0.0#0.0\n")
    (folder / "said" / "train.txt").write_text("000001\n")
    return folder


def test_captions_leave_the_number_of_questions_about_labels_as_it_is(tmp_path):
    root = ntu_and_humanml3d(tmp_path)
    for stages in ("1", "1-2"):
        alone, both = (planned(f"{name}, {stages}", "paper", 0, root, humanml3d_root=root / "said") for name in ("DrAction", "DrAction and captions"))
        passes = []
        for one in (alone, both):
            asked = Examples(one.clips.train, one.clips.labels, one.stage.task, 4, 0)
            passes.append(one.stage.epochs * sum(asked[n]["keys"].startswith("S001") for n in range(len(asked))))
        assert passes[0] == passes[1] == (2 if stages == "1" else 4)


def test_ntu_and_humanml3d_are_trained_on_together_and_nw_ucla_is_asked_about(young, capsys, tmp_path):
    root = ntu_and_humanml3d(tmp_path / "data")
    (root / "ucla").mkdir()
    for action in (1, 2):
        body = (standing(NW_UCLA20) + 0.01 * action).tolist()
        (root / "ucla" / f"a{action:02d}_s01_e00_v01.json").write_text(json.dumps({"skeletons": [body] * 12}))
    at_paper = replace(young, scale="paper", data_root=root)
    name = "DrAction and captions, 1-2-3-4"
    with pytest.raises(FileNotFoundError, match="no HumanML3D motions"):
        at_paper.grow(["DrAction, 1", name])
    with pytest.raises(ValueError, match="no protocol"):
        at_paper.grow(["DrAction, 1", "DrAction, 1@ntu60_typo"])
    assert trained(capsys) == []                                              # nothing is, before all is there
    at_paper = replace(at_paper, humanml3d_root=root / "said")
    at_paper.grow([name])
    first = read_record(at_paper._record(f"{name}@ntu60_xsub_55_5"))
    assert first["settings"]["captioned"] and first["settings"]["task"] == "choose+caption" and f"{UCLA} (ranked)" not in first["numbers"]
    assert len(trained(capsys)) == 4
    at_paper = replace(at_paper, nw_ucla_root=root / "ucla")
    at_paper.grow([name])                                                    # the stored model is asked what the record lacks
    then = read_record(at_paper._record(f"{name}@ntu60_xsub_55_5"))
    assert trained(capsys) == [] and then["numbers"][f"{UCLA} (ranked)"]["n"] == 2
    assert then["numbers"]["moved lora"] == first["numbers"]["moved lora"] > 0
    assert at_paper.plan(name).chances[UCLA] == 0.1


def test_every_kind_of_rationale_can_be_had(small_model, tmp_path):
    for name, variant in VARIANTS.items():
        plan = planned(name, "smoke")
        if "explain" in plan.stage.task and possible(name, "smoke"):
            texts = rationales(variant, plan, small_model, tmp_path / slug(name))
            assert len(texts) >= 3 and all(("Label: " in text) == variant.label_line for text in texts.values()), name


def trained(capsys) -> list[str]:
    """What was trained since this was asked last."""
    return [line.removesuffix(", seed 0") for line in capsys.readouterr().out.splitlines() if line.endswith(", seed 0")]


def test_what_two_variants_share_is_trained_once_and_what_has_a_record_not_again(young, capsys):
    young.grow(["2D, 1-4"])
    assert trained(capsys) == ["2D, 1", "2D, 1-4"]
    assert not young._record("2D, 1").is_file()                         # no table shows it, so it was not tested
    young.grow(["2D, 1", "2D, 1-4"])
    assert trained(capsys) == [] and young._record("2D, 1").is_file()           # nor trained again
    young.grow(["2D, 1", "2D, 1-4"])
    assert trained(capsys) == []
    told = standing_of({"flat": "2D, 1-4", "missing": "JTM, 1"}, PEOPLE, "ranked", "smoke", "runs/smoke/results")
    assert list(told) == ["flat"] and told["flat"].n == 2
    counts = confusion("2D, 1-4", PEOPLE, "smoke", "runs/smoke/results")
    assert counts.to_numpy().sum() == 2 and list(counts.index) == list(counts.columns)
    kept = json.loads(young._record("2D, 1-4").read_text())
    assert {f"{part} (ranked)" for part in (PEOPLE, LABELS)} <= set(kept["numbers"]) and kept["settings"]["renderer"] == "2d"


def test_again_trains_the_whole_line_and_a_lost_model_leaves_its_record(young, capsys):
    young.grow(["2D, 1", "2D, 1-4"])
    first = young._record("2D, 1").read_text()
    young.grow(["2D, 1-4"], again=True)
    assert trained(capsys)[2:] == ["2D, 1", "2D, 1-4"] and young._record("2D, 1").read_text() != first
    kept = young._record("2D, 1").read_text()
    for name in ("2D, 1", "2D, 1-4"):
        shutil.rmtree(young._folder(name))
    young._record("2D, 1-4").unlink()
    young.grow(["2D, 1-4"])
    assert trained(capsys) == ["2D, 1", "2D, 1-4"] and young._record("2D, 1").read_text() == kept


def killed(*_):
    raise KeyboardInterrupt


def test_what_was_killed_while_it_was_asked_is_asked_and_not_trained_again(young, capsys, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(nursery, "ask", killed)
        young.grow(["2D, 1"])
    assert not young._record("2D, 1").is_file() and trained(capsys) == ["2D, 1"]
    young.grow(["2D, 1"])
    told = read_record(young._record("2D, 1"))["numbers"]
    assert trained(capsys) == [] and {"last loss", "moved projector", "seconds of training", f"{PEOPLE} (ranked)"} <= set(told)


def test_killed_while_all_is_made_anew_nothing_of_an_older_training_stands(young, capsys, monkeypatch):
    young.grow(["2D, 1-4"])
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(nursery, "ask", killed)                                # of the first stage, so the second has not begun
        young.grow(["2D, 1-4"], again=True)
    assert not young._record("2D, 1-4").is_file() and trained(capsys)[-1] == "2D, 1"
    young.grow(["2D, 1-4"])
    assert "refine, from its beginning" in (out := capsys.readouterr().out) and "from checkpoint" not in out


def test_unknown_names_other_bases_and_missing_data_are_refused_before_any_step(young, capsys):
    for names, match in ((["2D, 1", "walk"], "no variant 'walk'"), (["2D, 1@xsub_48_12"], "at smoke scale")):
        with pytest.raises(ValueError, match=match):
            young.grow(names)
    with pytest.raises(ValueError, match="leave it out"):
        replace(young, scale="paper").grow(["2D, 1", "Kinect and Vicon, 1"])
    with pytest.raises(ValueError, match="leave it out"):
        young.grow(["DrAction and captions, 1"])
    assert trained(capsys) == []
    young.grow(["2D, 1"])
    with pytest.raises(ValueError, match="not another; move"):
        replace(young, base="another").grow(["2D, 1"])
    with pytest.raises(ValueError, match="of bf16 False, not True; move"):
        replace(young, bf16=True).grow(["2D, 1-4"])
    with pytest.raises(ValueError, match="no record of 'JTM, 1'"):
        confusion("JTM, 1", PEOPLE, "smoke", "runs/smoke/results")


def test_expected_and_obtained_stand_side_by_side_and_overlap_is_no_difference():
    score = Score(0.5, 100, 0.4, 0.6)
    told = beside(expected("10_renderers", ["Table 7"]), {"DrAction": score, "mine": score}, "here")
    assert told.loc["DrAction", "here"] == str(score) and told.loc["JTM", "here"] == "not run" and "64.72" in told.loc["DrAction"].to_string()
    assert told.loc["mine", "its source"] == "" and "not in the paper" in told.loc["mine"].tolist()
    assert [verdict(score, replace(score, low=low, high=high)) for low, high in ((0.7, 0.8), (0.1, 0.3), (0.3, 0.45))] == [
        "behind", "ahead", "no difference shown"]


def test_confusions_and_planes_are_drawn(small_model):
    from skllm.benchmarks import UI_PRMD, read_ui_prmd
    from skllm.study.evaluation import balanced

    labels = list(UI_PRMD.labels[:4])
    counts = pd.DataFrame([[2, 1, 0, 0], [0, 3, 0, 0], [0, 0, 3, 0], [0, 0, 0, 3]], labels, labels)
    figure = maps.confusion_figure({"one": counts, "other": counts}, "Confusions")
    assert len(figure.axes) == 2 and len(figure.axes[0].patches) == 4 and "92% right, n = 12" in figure.axes[0].get_title()
    clips = balanced([one for one in read_ui_prmd("kinect22") if one.label in labels], 3)
    points = maps.features(small_model, clips)
    at = maps.plane(points)
    assert points.shape[0] == at.shape[0] == 12 and at.shape[1] == 2
    drawn = maps.plane_figure(at, [one.label for one in clips], labels[3:], "A plane")
    assert len(drawn.axes[0].collections) == 4 and any("(unseen)" in text.get_text() for text in drawn.axes[0].get_legend().get_texts())
