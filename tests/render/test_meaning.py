import torch

from skllm.formats import HUMANML3D22, NTU25
from skllm.render import DrAction, DrActionConfig
from skllm.render.gaussians import meanings, outward
from skllm.render.meaning import SLOTS, chain_places, hops_from_middle, joint_meaning
from skllm.skeleton import Skeleton, Topology
from tests.conftest import STICK, stick_clip

CHAIN = Topology.from_bones("chain", ["j0", "j1", "j2", "j3", "j4"], [(0, 1), (1, 2), (2, 3), (3, 4)])


def test_the_same_part_of_two_formats_means_the_same():
    a, b = NTU25.find("elbow", "left")[0], HUMANML3D22.find("elbow", "left")[0]
    assert torch.equal(joint_meaning(NTU25)[a], joint_meaning(HUMANML3D22)[b])


def test_rows_sum_to_one_also_where_nothing_is_known():
    for topology in (NTU25, STICK, CHAIN, Topology.from_bones("dots", ["a", "b"], [])):
        torch.testing.assert_close(joint_meaning(topology).sum(1), torch.ones(len(topology.joint_names)))


def test_places_run_from_the_middle_to_the_tips():
    assert chain_places(CHAIN) == [1.0, 0.5, 0.0, 0.5, 1.0]
    places = chain_places(NTU25)
    assert places[NTU25.find("waist")[0]] == 0
    elbow, wrist, tip = (NTU25.joint_names.index(name) for name in ("ElbowLeft", "WristLeft", "HandTipLeft"))
    assert places[elbow] < places[wrist] < places[tip] == 1


def test_hops_reach_every_island():
    islands = Topology.from_bones("islands", ["a", "b", "c", "d", "e"], [(0, 1), (2, 3), (3, 4)])
    assert hops_from_middle(islands) == (0, 1, 1, 0, 1)


def test_an_unknown_joint_means_what_humans_have_at_its_place_and_side():
    tail = Topology.from_bones("tailed", ["hips", "spine", "tail1", "tail2", "left_x"], [(0, 1), (0, 2), (2, 3), (0, 4)])
    meaning = joint_meaning(tail)
    assert SLOTS[int(meaning[3].argmax())] == ("head", "middle")                # the tip of a middle chain
    assert {SLOTS[n] for n in meaning[4].topk(2).indices.tolist()} == {("hand", "left"), ("foot", "left")}


def test_a_bones_middle_is_told_from_its_ends():
    two = Topology.from_bones("two", ["hips", "head"], [(0, 1)])
    inside = meanings(two, 3)[:, len(SLOTS):].sum(1)
    torch.testing.assert_close(inside, torch.tensor([0, 0, 0.75, 1, 0.75]))


def test_bones_point_away_from_the_middle_however_they_are_written():
    there = Topology.from_bones("a", ["hips", "chest", "head"], [(0, 1), (1, 2)])
    back = Topology.from_bones("b", ["hips", "chest", "head"], [(1, 0), (2, 1)])
    line = torch.tensor([[0.0], [1], [2]])
    for topology in (there, back):
        assert (outward(topology, 2) @ line > 0).all()


def test_a_renderer_carries_over_to_names_it_has_never_seen():
    clip = stick_clip(4)
    bare = Topology.from_bones("bare", [f"p{n}" for n in range(6)], STICK.bones)
    picture = DrAction(DrActionConfig(size=40, radius=0.06))([Skeleton.from_array(clip.xyz, bare, 30).sample(4)])
    assert picture.isfinite().all() and (picture.amax((2, 3, 4)) > 0.2).all()
