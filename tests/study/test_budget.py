import pytest
import torch

from skllm.benchmarks import UI_PRMD, read_ui_prmd
from skllm.study import budget
from skllm.study.evaluation import balanced

LABELS = UI_PRMD.labels[:2]
CLIPS = balanced([one for one in read_ui_prmd("kinect22") if one.label in LABELS], 1)


def test_a_model_sees_less_and_afterwards_as_before(small_model):
    clip, whole = CLIPS[0].clip, small_model.render([CLIPS[0].clip])
    with budget.looking(small_model, frames=3, size=14):
        coarse = small_model.render([clip])
        assert coarse.shape == (1, 3, 3, 28, 28) and coarse.amax() <= 1
    assert torch.equal(small_model.render([clip]), whole) and small_model.frames == 4
    with budget.looking(small_model, size=14):
        coarse = small_model.render([clip])
    assert 0 < (coarse - whole).abs().mean() < whole.mean() and coarse.shape == whole.shape
    with pytest.raises(ValueError), budget.looking(small_model, frames=2, foreground=True):
        raise ValueError                                             # an error inside leaves nothing changed
    assert small_model.frames == 4 and not small_model.mllm.foreground_only


def test_each_way_to_look_is_scored_with_its_tokens(small_model):
    told = budget.examine(small_model, CLIPS, LABELS, {"all": {}, "half": {"frames": 2}, "foreground": {"foreground": True}}, times=1)
    assert told["half"].tokens == told["all"].tokens / 2 and told["foreground"].tokens <= told["all"].tokens
    assert all(one.score.n == len(CLIPS) and one.milliseconds > 0 for one in told.values())
