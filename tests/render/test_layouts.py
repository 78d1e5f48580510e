"""A body is painted on its own joints, or on thirteen that nearly every format has."""

from dataclasses import asdict, replace

import pytest
import torch

from skllm.formats import load
from skllm.formats.topologies import BODY25, COCO17, HUMANML3D22, KARD15, MEDIAPIPE33, NTU25, PENN13, SBU15, SMPL24, VICON39
from skllm.perturb import REDUCED, drop_joints
from skllm.render import DrActionConfig, VelocityRenderer
from skllm.render.layouts import common
from skllm.samples import sample_files
from skllm.skeleton import Skeleton
from tests.conftest import stick_clip

NAMES = REDUCED[13].joint_names
HEADED = (BODY25, COCO17, HUMANML3D22, KARD15, MEDIAPIPE33, NTU25, PENN13, SBU15, SMPL24, VICON39)


def sample(name: str) -> Skeleton:
    return load(sample_files()[name])


@pytest.mark.parametrize("topology", HEADED, ids=lambda one: one.name)
def test_a_persons_thirteen_joints_are_found_in_every_format_that_has_a_head(topology):
    shown = common(Skeleton.from_array(torch.randn(5, 2, len(topology.joint_names), 3), topology, 30.0))
    assert shown.topology is REDUCED[13] and (shown.seen > 0).all() and shown.xyz.shape == (5, 2, 13, 3)


def test_one_person_in_two_formats_is_one_body():
    """SMPL-24 with collars on the spine, and the same places under Penn Action's names, which has neither collars nor a trunk."""
    smpl = Skeleton.from_array(torch.randn(6, 1, 24, 3), SMPL24, 30.0)
    same = {"head": "head"} | {f"{side}_{part}": f"{side}_{part}" for side in ("left", "right")
                               for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")}
    places = [SMPL24.joint_names.index(same[name]) for name in PENN13.joint_names]
    penn = Skeleton.from_array(smpl.xyz[:, :, places], PENN13, 30.0)
    here, there = common(smpl), common(penn)
    for name in ("Head", "Chest", *(f"{part}{side}" for part in ("Shoulder", "Elbow", "Knee") for side in ("Left", "Right"))):
        torch.testing.assert_close(here.xyz[:, :, NAMES.index(name)], there.xyz[:, :, NAMES.index(name)], msg=name)
    hips = penn.xyz[:, :, [PENN13.joint_names.index(f"{side}_hip") for side in ("left", "right")]]
    torch.testing.assert_close(there.xyz[:, :, NAMES.index("Pelvis")], hips.mean(2))


def test_who_has_no_head_is_shown_without_and_who_lacks_a_limb_as_recorded():
    robot, stick = common(sample("kick_robot_g1.pkl")), stick_clip()
    assert robot.topology is REDUCED[13] and (robot.seen[:, :, NAMES.index("Head")] == 0).all() and (robot.seen > 0).sum() == robot.frames * 12
    assert common(stick) is stick


def test_a_body_with_a_tail_is_no_person():
    dog = sample("trot_dog_deepmimic.txt")
    assert common(dog) is dog


def test_a_clip_that_was_measured_or_put_on_the_layout_before_stays_as_it_is():
    kinect = sample("wave_kinect_v2.skeleton")
    assert common(kinect.measured()).topology is kinect.topology
    once = common(kinect)
    torch.testing.assert_close(common(once).xyz, once.xyz)


def test_a_joint_that_is_hidden_for_a_moment_does_not_jump():
    kinect = sample("wave_kinect_v2.skeleton")
    gone = kinect.seen.clone()
    gone[20, 0, NTU25.joint_names.index("HandTipRight")] = gone[30, 0, NTU25.joint_names.index("SpineMid")] = 0
    holed = replace(kinect, xyz=torch.where(gone[..., None] > 0, kinect.xyz, torch.nan), seen=gone)
    assert (common(holed).xyz - common(kinect).xyz).abs().max() < 0.01


def test_absent_people_stay_absent():
    two = stick_kinect(2)
    two = replace(two, xyz=two.xyz.index_fill(1, torch.tensor(1), torch.nan), seen=two.seen.index_fill(1, torch.tensor(1), 0))
    shown = common(two)
    assert shown.people == 2 and (shown.seen[:, 0] > 0).all() and (shown.seen[:, 1] == 0).all()


def stick_kinect(people: int) -> Skeleton:
    return Skeleton.from_array(torch.randn(8, people, 25, 3), NTU25, 30.0)


def test_a_renderer_paints_the_layout_it_is_given():
    kinect = sample("wave_kinect_v2.skeleton")
    own, few = (VelocityRenderer(DrActionConfig(size=56, radius=0.03, layout=layout)) for layout in ("recorded", "common"))
    shown = few.sample(kinect, 6)
    assert shown.topology is REDUCED[13] and shown.velocity is not None and few.sample(shown, 6).topology is REDUCED[13]
    assert not torch.allclose(few([shown]), own([own.sample(kinect, 6)]), atol=0.05)
    with pytest.raises(ValueError, match="no layout 'sideways'; known: recorded, common"):
        DrActionConfig(layout="sideways")


def test_a_familiar_body_is_painted_as_recorded_whatever_the_order_of_its_joints():
    config = DrActionConfig(layout="common", familiar=[list(reversed(NTU25.joint_names))])
    shown = VelocityRenderer(config)
    assert shown.sample(sample("wave_kinect_v2.skeleton"), 6).topology is NTU25
    assert shown.sample(sample("squat_coco17.json"), 6).topology is REDUCED[13]
    assert DrActionConfig(**asdict(config)) == config
    assert DrActionConfig(familiar=[["b", "a"], ("a", "b")]).familiar == (("a", "b"),)


@pytest.mark.parametrize("familiar", ["Head", "", ["Head"], [[]], [["a", "a"]]], ids=repr)
def test_what_can_be_no_body_is_not_familiar(familiar):
    with pytest.raises(ValueError, match="familiar is a list of bodies, each a list of different joint names"):
        DrActionConfig(familiar=familiar)


def test_hidden_joints_are_bridged_on_the_layout_too():
    kinect = sample("wave_kinect_v2.skeleton")
    shown = VelocityRenderer(DrActionConfig(layout="common", bridge=0.25)).sample(drop_joints(kinect, 0.3, torch.Generator().manual_seed(0)), 12)
    assert (shown.seen > 0).float().mean() > 0.9
