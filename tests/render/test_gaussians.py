import torch

from skllm.formats import HUMANML3D22, NTU25
from skllm.render.gaussians import bind, topology_weights
from skllm.render.meaning import joint_meaning as topology_meaning
from skllm.skeleton import Skeleton, Topology
from tests.conftest import STICK, stick_clip


def test_ntu_has_the_papers_265_gaussians_and_every_row_sums_to_one():
    weights = topology_weights(NTU25, 10)
    assert weights.shape == (265, 25)
    torch.testing.assert_close(weights.sum(1), torch.ones(265))
    assert topology_weights(HUMANML3D22, 10).shape[0] == 232


def test_bone_points_stand_at_elevenths_of_the_bone():
    two = Topology.from_bones("two", ["a", "b"], [(0, 1)])
    assert torch.allclose(topology_weights(two, 10)[2:, 1], torch.arange(1, 11) / 11)


def test_meaning_is_the_same_for_the_same_part_of_two_formats():
    a, b = NTU25.find("elbow", "left")[0], HUMANML3D22.find("elbow", "left")[0]
    assert torch.equal(topology_meaning(NTU25)[a], topology_meaning(HUMANML3D22)[b])


def test_a_bone_with_an_absent_end_is_hidden_and_the_rest_is_not():
    xyz = stick_clip(4).xyz.clone()
    xyz[1, 0, STICK.joint_names.index("LeftHand")] = torch.nan
    tracks = bind([Skeleton.from_array(xyz, STICK, 30)], torch.zeros(1, 3), per_bone=2)
    hidden = (tracks.seen[:, 1] == 0).nonzero()[:, 0].tolist()
    assert hidden == [2, 6 + 2, 6 + 3]       # the hand and the two points of the bone 0-2
    assert (tracks.seen[:, 0] == 1).all()
    for field in (tracks.positions, tracks.centred, tracks.pace):
        assert field.isfinite().all()


def test_an_absent_person_costs_nothing():
    alone, with_nobody = stick_clip(4), stick_clip(4, people=2)
    seen = torch.ones(4, 2, 6)
    seen[:, 1] = 0
    with_nobody = Skeleton.from_array(with_nobody.xyz, STICK, 30, seen=seen)
    assert len(bind([with_nobody], torch.zeros(1, 3)).clip) == len(bind([alone], torch.zeros(1, 3)).clip)


def test_body_size_takes_scale_out_of_position_and_pace():
    clip = stick_clip(8)
    giant = Skeleton.from_array(clip.xyz * 3, STICK, 30)
    a, b = (bind([one], torch.zeros(1, 3)) for one in (clip, giant))
    torch.testing.assert_close(a.centred, b.centred, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(a.pace, b.pace, rtol=1e-4, atol=1e-5)


def test_clips_of_different_lengths_are_refused_with_the_remedy():
    try:
        bind([stick_clip(4), stick_clip(5)], torch.zeros(2, 3))
    except ValueError as refused:
        assert "sample" in str(refused)
    else:
        raise AssertionError("different lengths went through")
