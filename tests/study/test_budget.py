import pytest
import torch

from skllm.benchmarks import UI_PRMD, read_ui_prmd
from skllm.study import budget, two_people
from skllm.study.evaluation import balanced

LABELS = UI_PRMD.labels[:2]
CLIPS = balanced([one for one in read_ui_prmd("kinect22") if one.label in LABELS], 1)


def test_a_model_sees_less_and_afterwards_as_before(small_model):
    clip, whole = CLIPS[0].clip, small_model.render([CLIPS[0].clip])
    with budget.looking(small_model, frames=3, size=14):
        coarse = small_model.render([clip])
        assert coarse.shape == (1, 3, 3, 28, 28) and coarse.amax() <= 1
    assert torch.equal(small_model.render([clip]), whole) and small_model.frames == 4
    with budget.looking(small_model, layout="common"):
        assert small_model.renderer.config.layout == "common"
    assert small_model.renderer.config.layout == "recorded"
    with budget.looking(small_model, size=14):
        coarse = small_model.render([clip])
    assert 0 < (coarse - whole).abs().mean() < whole.mean() and coarse.shape == whole.shape
    for size in (0, 56):
        with pytest.raises(ValueError, match="smaller than the model's 28"), budget.looking(small_model, size=size):
            pass
    with pytest.raises(ValueError), budget.looking(small_model, frames=2, foreground=True):
        raise ValueError                                             # an error inside leaves nothing changed
    assert small_model.frames == 4 and not small_model.mllm.foreground_only


def test_each_way_to_look_is_scored_with_its_tokens(small_model):
    told = budget.examine(small_model, CLIPS, LABELS, {"all": {}, "half": {"frames": 2}, "foreground": {"foreground": True}}, times=1)
    assert told["half"].tokens == told["all"].tokens / 2 and told["foreground"].tokens <= told["all"].tokens
    assert all(one.score.n == len(CLIPS) and one.milliseconds > 0 for one in told.values())


def test_two_recordings_share_a_scene_and_one_may_hide_the_other(small_model):
    one, other = CLIPS[0].clip, CLIPS[1].clip
    both = two_people.scene(one, other)
    assert both.people == 2 and both.frames == min(one.frames, other.frames)
    middles = both.xyz.nanmean((0, 2))
    assert torch.allclose((middles[1] - middles[0])[[0, 2]], torch.tensor([0.5, 0.5]), atol=1e-4)
    sampled = [small_model.renderer.sample(both, 4)]
    together, apart = small_model.renderer(sampled), two_people.Apart(small_model.renderer)(sampled)
    assert together.shape == apart.shape and (together - apart).abs().max() > 0.05
    far = [small_model.renderer.sample(two_people.scene(one, other, aside=2.5, behind=0.0), 4)]
    assert torch.allclose(small_model.renderer(far), two_people.Apart(small_model.renderer)(far), atol=2e-3)         # nobody hides anybody
    with pytest.raises(ValueError, match="two clips of one person each"):
        two_people.scene(both, one)


def test_two_different_people_do_the_same_and_are_asked_both_ways(small_model):
    some = [one for one in read_ui_prmd("kinect22") if one.label in LABELS and one.subject in (1, 2)]
    some = [one for label in LABELS for subject in (1, 1, 2) for one in [x for x in some if (x.label, x.subject) == (label, subject)][:2]]
    by_key = {one.key: one for one in some}
    scenes = two_people.pairs(list(by_key.values()))
    assert len(scenes) == 4 and {one.label for one in scenes} == set(LABELS)
    couples = [one.key.split("+") for one in scenes]
    assert len({key for couple in couples for key in couple}) == 8                         # nobody's clip twice
    assert all(len({by_key[key].subject for key in couple}) == 2 for couple in couples)
    with pytest.raises(ValueError, match="no two of these 1 clips"):
        two_people.pairs(some[:1])
    told = two_people.examine_two(small_model, scenes, LABELS)
    assert [score.n for score in told.values()] == [4, 4]
    assert not isinstance(small_model.renderer, two_people.Apart)
