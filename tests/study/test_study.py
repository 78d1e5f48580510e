import json

import numpy as np
import pandas as pd
import pytest
import torch

from skllm.benchmarks.records import LabelledClip
from skllm.formats import COCO17, HUMANML3D22
from skllm.perturb import relayout
from skllm.respond.scores import accuracy
from skllm.study import figures
from skllm.study.evaluation import balanced, evaluate
from skllm.study.results import table, write_record
from tests.conftest import stick_clip

LABELS = ["sit", "stand", "wave"]
CLIPS = [LabelledClip(f"c{n}", stick_clip(10, seed=n), LABELS[n % 3], n) for n in range(9)]


def test_an_evaluation_counts_every_clip_three_ways(small_model):
    result = evaluate(small_model, CLIPS[:5], LABELS)
    assert result.ranked.n == result.strict.n == result.lenient.n == 5
    assert result.truths == ("sit", "stand", "wave", "sit", "stand")
    assert result.lenient.value >= result.strict.value


def test_a_balanced_draw_has_equally_many_of_each_label_and_repeats():
    drawn = balanced(CLIPS, 2)
    assert sorted(one.label for one in drawn) == sorted(LABELS * 2)
    assert drawn == balanced(CLIPS, 2)


def test_a_record_keeps_n_interval_versions_and_data(tmp_path):
    path = write_record("02_x", "smoke", 3, {"after": accuracy([True, False]), "seconds_a_step": 1.5}, {"steps": 2}, 12.34, str(tmp_path))
    told = json.loads(path.read_text())
    assert told["numbers"]["after"]["n"] == 2 and told["seed"] == 3 and told["settings"] == {"steps": 2}
    assert {"torch", "skllm"} <= told["made_with"]["versions"].keys() and len(told["made_with"]["bundled_data"]) == 16
    rows = table("02_x", str(tmp_path))
    assert rows.loc[rows.name == "after", "n"].item() == 2


def test_a_record_never_holds_a_nan(tmp_path):
    with pytest.raises(ValueError, match="loss = nan"):
        write_record("x", "smoke", 0, {"loss": float("nan")}, {}, 1.0, str(tmp_path))
    with pytest.raises(ValueError, match="known: smoke"):
        write_record("x", "../demo", 0, {}, {}, 1.0, str(tmp_path))


def test_figures_are_drawn_and_saved(tmp_path):
    told = pd.DataFrame({"stage": [1, 2], "tested on": "people", "answer": "ranked", "mean": 0.5, "low": 0.2, "high": 0.7, "n": 9, "seeds": 3})
    rows = {"a": torch.rand(4, 3, 30, 30), "nothing": torch.zeros(4, 3, 30, 30)}
    drawn = {
        "films": figures.films(rows, shown=3), "loss": figures.loss_curve([1, 2], [2.0, 1.0], "t", 1.9),
        "slopes": figures.slopes([{"p": 1.0}, {"p": 0.5}], "t"), "moved": figures.moved({"renderer": 0.1, "lora": 0.0}, "t"),
        "seconds": figures.seconds({"a": {"x": 1.0, "y": 2.0}}, "t"), "stages": figures.stages(told, {"people": 0.3}, "t"),
        "bars": figures.bars({"x": (0.5, 0.4, 0.6)}, 0.1, "chance", "t"),
    }
    for name, figure in drawn.items():
        path = figures.save(figure, name, str(tmp_path))
        assert path.stat().st_size > 2000 and path.with_suffix(".pdf").read_bytes().startswith(b"%PDF"), name
    top, bottom = (axis.get_window_extent() for axis in drawn["films"].axes[::3])
    assert top.y0 > bottom.y1                                        # no row of pictures covers another


def test_another_layout_puts_joints_where_their_part_is():
    clip = stick_clip()
    for topology in (COCO17, HUMANML3D22):
        other = relayout(clip, topology)
        hand = (topology.find("wrist", "right") or topology.find("hand", "right"))[0]
        assert other.frames == clip.frames
        assert np.isnan(other.xyz[:, :, hand].numpy()).all() or torch.equal(other.xyz[:, :, hand], clip.xyz[:, :, 3])
