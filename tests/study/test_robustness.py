from dataclasses import replace

import pytest
import torch

from skllm.benchmarks import UI_PRMD, read_ui_prmd
from skllm.formats import load
from skllm.perturb import reduce, relayout
from skllm.samples import sample_files
from skllm.skeleton import Topology
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
    fewer = {joints: after(robustness.JOINTS, joints) for joints in (20, 17, 13)}
    assert all(len(one.topology.joint_names) == joints and (one.seen > 0).all() for joints, one in fewer.items())       # hands stand for wrists


def test_of_25_joints_the_careful_averages_are_used_and_a_body_that_lacks_a_limb_is_refused():
    kinect = load(sample_files()["wave_kinect_v2.skeleton"])
    steps = robustness.sweeps(25)[robustness.JOINTS]
    assert list(steps) == [25, 20, 17, 13]
    assert steps[13](kinect, torch.Generator()).name == reduce(kinect, 13).name
    bones = Topology.from_bones("arms", "SpineBase SpineShoulder Head ShoulderLeft ElbowLeft HandLeft ShoulderRight ElbowRight HandRight".split(), [])
    with pytest.raises(ValueError, match="arms has nothing that could stand for KneeLeft, FootLeft, KneeRight, FootRight,"):
        robustness.sweeps(14)[robustness.JOINTS][13](relayout(kinect, bones), torch.Generator())


def test_bridging_leaves_fewer_joints_unpainted(small_model):
    clips = balanced(read_ui_prmd("kinect22"), 1)[:3]
    plain = robustness.absent(small_model, clips)
    assert plain[0] == 0 and plain[50] > plain[10] > 0 and abs(plain[30] - 7 / 22) < 0.02
    small_model.renderer.config = replace(small_model.renderer.config, bridge=0.25)
    assert robustness.absent(small_model, clips)[30] < 0.5 * plain[30]


def test_a_model_is_asked_at_every_step_and_drawn_beside_the_paper(small_model):
    labels = UI_PRMD.labels[:2]
    clips = balanced([one for one in read_ui_prmd("kinect22") if one.label in labels], 1)
    told = robustness.examine(small_model, [replace(one) for one in clips], labels)
    assert {name: list(scores) for name, scores in told.items()} == {
        robustness.HIDDEN: [0, 10, 20, 30, 50], robustness.NOISE: [0, 2, 5, 10], robustness.JOINTS: [22, 20, 17, 13]}
    assert len({scores[next(iter(scores))] for scores in told.values()}) == 1 and told[robustness.NOISE][5].n == 2
    figure = robustness.robustness_figure(told, expected("13_robustness"), 0.5, "Worse sensors")
    assert len(figure.axes) == 6 and all(axis.lines for axis in figure.axes)
