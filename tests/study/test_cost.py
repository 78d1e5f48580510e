import torch

from skllm.render import DrAction, DrActionConfig, splat
from skllm.study import figures
from skllm.study.cost import beside, cuda_costs, growth, milliseconds, naive, pairs, person, renderer_costs
from tests.render.scenes import one


def test_the_naive_loop_paints_what_splat_does_where_nothing_is_skipped():
    renderer = DrAction(DrActionConfig(size=32, law="beer-lambert"))
    with torch.no_grad():
        g, pictures = renderer.gaussians([person().sample(2)])
        torch.testing.assert_close(naive(g, pictures, renderer.camera, "beer-lambert"), splat(g, pictures, renderer.camera, "beer-lambert"),
                                   rtol=1e-3, atol=2e-4)


def test_pairs_are_the_pixels_of_the_ellipses():
    camera = DrAction(DrActionConfig(size=200)).camera
    painted = (splat(one(0.8, scale=0.1), 1, camera)[0, 0] > 0).sum()
    assert abs(pairs(one(0.8, scale=0.1), camera) / painted - 1) < 0.03


def test_two_people_are_twice_one():
    two = beside(person().sample(3))
    assert two.people == 2 and two.velocity.shape == two.xyz.shape
    assert len(DrAction().gaussians([two])[0].opacities) == 2 * 3 * 265


def test_costs_are_measured_and_drawn():
    found = renderer_costs(person().sample(2), "3dgs", times=1, size=32)
    assert set(found) == {f"{what} {kind}" for what in ("splat", "DrAction") for kind in ("forward", "with backward")}
    assert all(value > 0 for value in found.values())
    curves = growth(person(), times=1)
    assert len(figures.growth(curves).axes) == 2 and [x for x, _ in curves["frames"]] == [3, 6, 12, 24, 48]
    assert milliseconds(lambda: None, 3) < 1
    assert bool(cuda_costs(person().sample(2), "3dgs", 1, 1)) == torch.cuda.is_available()
