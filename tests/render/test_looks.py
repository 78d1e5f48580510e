"""A clip is shown as it was recorded, and on thirteen joints that nearly every format has."""

import pytest
import torch

from skllm.formats import load
from skllm.formats.topologies import BODY25, COCO17, HUMANML3D22, KARD15, MEDIAPIPE33, NTU25, PENN13, SBU15, SMPL24, VICON39
from skllm.perturb import REDUCED, lacking
from skllm.render.looks import LOOKS, common
from skllm.samples import sample_files
from skllm.skeleton import Skeleton
from tests.conftest import stick_clip

HUMAN = (BODY25, COCO17, HUMANML3D22, KARD15, MEDIAPIPE33, NTU25, PENN13, SBU15, SMPL24, VICON39)


@pytest.mark.parametrize("topology", HUMAN, ids=lambda one: one.name)
def test_every_format_of_people_has_the_thirteen_joints(topology):
    clip = Skeleton.from_array(torch.randn(5, 2, len(topology.joint_names), 3), topology, 30.0)
    shown = common(clip)
    assert not lacking(topology, REDUCED[13])
    assert shown.topology is REDUCED[13] and (shown.seen > 0).all() and shown.xyz.shape == (5, 2, 13, 3)


def test_what_stands_in_for_the_middle_lies_between_both_sides():
    clip = Skeleton.from_array(torch.randn(4, 1, 13, 3), PENN13, 30.0)
    shown, names = common(clip), REDUCED[13].joint_names
    for middle, part in (("Pelvis", "hip"), ("Chest", "shoulder")):
        both = clip.xyz[:, :, [PENN13.joint_names.index(f"{side}_{part}") for side in ("left", "right")]]
        torch.testing.assert_close(shown.xyz[:, :, names.index(middle)], both.mean(2))


def test_a_body_that_lacks_a_joint_is_shown_as_it_is():
    stick = stick_clip()
    assert "KneeLeft" in lacking(stick.topology, REDUCED[13]) and common(stick) is stick and LOOKS["recorded"](stick) is stick


def test_velocity_that_was_measured_goes_over():
    kinect = load(sample_files()["wave_kinect_v2.skeleton"]).measured()
    shown, names = common(kinect), REDUCED[13].joint_names
    head = kinect.topology.joint_names.index("Head")
    torch.testing.assert_close(shown.velocity[:, :, names.index("Head")], kinect.velocity[:, :, head], equal_nan=True)
