from dataclasses import replace

import torch

from skllm.benchmarks import UI_PRMD, read_ui_prmd
from skllm.study import robustness
from skllm.study.evaluation import balanced
from skllm.study.paper import expected


def test_each_step_makes_a_clip_worse_and_the_first_leaves_it():
    clip = read_ui_prmd("kinect22")[0].clip
    steps = robustness.sweeps(len(clip.topology.joint_names))

    def after(name, step):
        return steps[name][step](clip, torch.Generator().manual_seed(0))

    for name in steps:
        assert after(name, next(iter(steps[name]))) is clip
    absent = [int(after(robustness.HIDDEN, percent).xyz.isnan().any(-1)[0].sum()) for percent in (10, 30, 50)]
    assert absent == [2, 7, 11]
    assert after(robustness.NOISE, 10).xyz.sub(clip.xyz).std().item() > 3 * after(robustness.NOISE, 2).xyz.sub(clip.xyz).std().item()
    assert [len(after(robustness.JOINTS, joints).topology.joint_names) for joints in (20, 17, 13)] == [20, 17, 13]


def test_a_model_is_asked_at_every_step_and_drawn_beside_the_paper(small_model):
    labels = UI_PRMD.labels[:2]
    clips = balanced([one for one in read_ui_prmd("kinect22") if one.label in labels], 1)
    told = robustness.examine(small_model, [replace(one) for one in clips], labels)
    assert {name: list(scores) for name, scores in told.items()} == {
        robustness.HIDDEN: [0, 10, 20, 30, 50], robustness.NOISE: [0, 2, 5, 10], robustness.JOINTS: [22, 20, 17, 13]}
    assert len({scores[next(iter(scores))] for scores in told.values()}) == 1 and told[robustness.NOISE][5].n == 2
    figure = robustness.robustness_figure(told, expected("13_robustness"), 0.5, "Worse sensors")
    assert len(figure.axes) == 6 and all(axis.lines for axis in figure.axes)
