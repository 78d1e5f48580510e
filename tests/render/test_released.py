"""The released renderer beside a dense one written from the facts alone (method A2 to A9), in numpy and double precision."""

from math import log, radians, tan

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from skllm.formats import HUMANML3D22, NTU25
from skllm.render import DrAction
from skllm.render.released import _BONES, _NFM_SHAPES, _SHAPES, Released, drawn_frames
from skllm.skeleton import Skeleton

SIZE = 56


def some_file(tmp_path, nfm: bool = True, **changes):
    """Random weights in the published names and shapes, with a canonical pose and weights as training made them."""
    dice = torch.Generator().manual_seed(0)
    tensors = {name: 0.5 * torch.randn(shape, generator=dice) for name, shape in {**_SHAPES, **(_NFM_SHAPES if nfm else {})}.items()}
    rows = torch.full((265, 25), -10.0)
    rows[:25] = torch.where(torch.eye(25) > 0, 10.0, -10.0)
    for n, (a, b) in enumerate(_BONES):
        for s in range(1, 11):
            rows[24 + 10 * n + s, a], rows[24 + 10 * n + s, b] = log(1 - s / 11) + 10, log(s / 11) + 10
    tensors["lbs_weights_logits"], tensors["canonical_joints"] = rows, kinect_pose(1, dice)[0, 0]
    tensors["canonical_means"] = rows.softmax(1) @ tensors["canonical_joints"] + 0.004 * torch.randn(265, 3, generator=dice)   # as rounding left them
    tensors["canonical_scales"] = torch.full((265, 3), 0.02)
    tensors.update(changes)
    tensors = {name: value for name, value in tensors.items() if value is not None}
    save_file(tensors, tmp_path / "draction.safetensors")
    return tmp_path / "draction.safetensors", tensors


def kinect_pose(people: int, dice: torch.Generator, frames: int = 1) -> torch.Tensor:
    """As the sensor gives it: x to its own left, z away from it."""
    return 0.35 * torch.randn(frames, people, 25, 3, generator=dice) + torch.tensor([0.2, 0.1, 3.0])


def clip_of(raw: torch.Tensor, seen=None) -> Skeleton:
    """As our reader gives it: x turned to the viewer's right."""
    return Skeleton.from_array(raw * torch.tensor([-1.0, 1, 1]), NTU25, 30, seen=seen)


def dense(tensors, raw: np.ndarray, moved: np.ndarray, valid: np.ndarray, nfm: bool) -> np.ndarray:
    """One frame: raw and moved [P 25 3], valid [P]; every Gaussian on every pixel."""
    t = {name: value.double().numpy() for name, value in tensors.items()}
    sigmoid = lambda x: 1 / (1 + np.exp(-x))  # noqa: E731
    w = np.exp(t["lbs_weights_logits"])
    w /= w.sum(1, keepdims=True)
    layers = lambda x, name: np.maximum(x @ t[f"{name}.0.weight"].T + t[f"{name}.0.bias"], 0) @ t[f"{name}.2.weight"].T + t[f"{name}.2.bias"]  # noqa: E731
    head, lam, drawn = layers(t["canonical_features"], "appearance_head"), sigmoid(t["depth_mix_logit"]), []
    for p in np.nonzero(valid)[0]:
        mean = t["canonical_means"] + w @ (raw[p] - t["canonical_joints"])
        color, opacity = sigmoid(head[:, :3]), sigmoid(head[:, 3])
        if nfm:
            change = layers(np.concatenate([w @ raw[p], w @ moved[p], head], 1), "nfm")
            color, opacity = np.clip(color + change[:, :3], 0, 1), sigmoid(opacity + change[:, 3]) * sigmoid(change[:, 4])
        d = (mean[:, 2] - mean[:, 2].min()) / (mean[:, 2].max() - mean[:, 2].min() + 1e-6)
        color = (1 - lam) * color + lam * np.stack([d, 1 - 2 * abs(d - 0.5), 1 - d], 1)
        drawn += [(m, c, o) for m, c, o in zip(mean, color, opacity, strict=True)]
    focal, picture, light = SIZE / (2 * tan(radians(30))), np.zeros((3, SIZE, SIZE)), np.ones((SIZE, SIZE))
    v, u = np.mgrid[:SIZE, :SIZE]
    for (x, y, z), color, opacity in sorted(drawn, key=lambda one: one[0][2]):
        slope = np.array([[focal / z, 0, -focal * x / z**2], [0, -focal / z, focal * y / z**2]])
        inverse = np.linalg.inv(0.02**2 * slope @ slope.T + 1e-5 * np.eye(2))
        off = np.stack([u - (focal * x / z + SIZE / 2), v - (-focal * y / z + SIZE / 2)], -1)
        covered = 1 - np.exp(-opacity * np.exp(-0.5 * np.einsum("...i,ij,...j", off, inverse, off)))
        picture += color[:, None, None] * light * covered
        light = light * (1 - covered)
    return picture


@pytest.mark.parametrize("nfm", [True, False])
def test_it_paints_as_theirs_does(tmp_path, nfm):
    path, tensors = some_file(tmp_path, nfm)
    renderer = DrAction.from_released(path, SIZE)
    raw = kinect_pose(2, torch.Generator().manual_seed(3), frames=30)
    seen = torch.ones(30, 2, 25)
    seen[10:, 1] = 0                                              # the second person leaves
    got = renderer([renderer.sample(clip_of(raw, seen), 12)])[0].detach().numpy()
    for n, t in enumerate(drawn_frames(30, 12, torch.Generator()).tolist()):
        later = min(t + 4, 29)
        moved = raw[later] - raw[t]
        if later >= 10 > t:
            continue                          # theirs subtracts zeros there: a jump to the lens, which is not followed
        want = dense(tensors, raw[t].double().numpy(), moved.double().numpy(), seen[t].any(1).numpy(), nfm)
        assert abs(got[n] - want).max() < 2e-5


def test_frames_are_theirs_and_always_the_same():
    torch.manual_seed(1)
    a = drawn_frames(100, 12, torch.Generator())
    torch.manual_seed(2)
    assert torch.equal(a, drawn_frames(100, 12, torch.Generator()))
    segments = [(int(n * 100 / 12), -int(-(n + 1) * 100 // 12) - 1) for n in range(12)]
    assert all(low <= t <= high for t, (low, high) in zip(a.tolist(), segments, strict=True))
    assert drawn_frames(12, 12, torch.Generator()).tolist() == list(range(12)) and drawn_frames(9, 1, torch.Generator()).tolist() == [4]
    short = drawn_frames(5, 12, torch.Generator())
    assert len(short) == 12 and (short.diff() >= 0).all() and short.max() < 5
    assert not torch.equal(a, drawn_frames(100, 12, torch.Generator().manual_seed(3)))


def test_velocity_is_the_displacement_over_four_raw_frames():
    raw = torch.arange(20.0)[:, None, None, None].expand(20, 1, 25, 3).clone() * 0.01 + torch.tensor([0, 0, 3.0])
    sampled = Released().sample(clip_of(raw), 20)
    moved = sampled.velocity * 4 / 30
    assert torch.allclose(moved[:16, ..., 1], torch.tensor(0.04), atol=1e-5) and torch.allclose(moved[18, ..., 1], torch.tensor(0.01), atol=1e-5)
    assert moved[19].abs().max() == 0


def test_another_topology_is_painted_by_stretching(tmp_path):
    renderer = DrAction.from_released(some_file(tmp_path)[0], SIZE)
    body = Skeleton.from_array(0.3 * torch.randn(20, 22, 3, generator=torch.Generator().manual_seed(0)), HUMANML3D22, 20)
    picture = renderer([renderer.sample(body, 6)])
    assert picture.shape == (1, 6, 3, SIZE, SIZE) and (picture.amax((2, 3, 4)) > 0.05).all()


@pytest.mark.parametrize(("change", "says"), [
    ({"canonical_means": None}, "missing.*canonical_means"), ({"extra": torch.zeros(1)}, "extra.*'extra'"),
    ({"depth_mix_logit": torch.tensor(float("nan"))}, "finite"), ({"canonical_scales": torch.zeros(265, 2)}, "shape"),
    ({"canonical_features": torch.full((265, 3), 1e30)}, "beyond any trained weight"),
    ({"appearance_head.0.weight": torch.full((64, 3), 1.7e34)}, "beyond any trained weight"),         # known in the third file alone
])
def test_a_file_that_is_not_theirs_is_refused(tmp_path, change, says):
    with pytest.raises(ValueError, match=says):
        DrAction.from_released(some_file(tmp_path, **change)[0])


def test_the_known_exploded_weight_loads_with_a_warning(tmp_path):
    weight = 0.1 * torch.ones(64, 3)
    weight[5, 1] = 1.7e34
    path, _ = some_file(tmp_path, nfm=False, **{"appearance_head.0.weight": weight})
    with pytest.warns(UserWarning, match=r"exploded weight \(1\.7e\+34\)"):
        renderer = DrAction.from_released(path, SIZE)
    clip = clip_of(kinect_pose(1, torch.Generator().manual_seed(1), 12))
    assert renderer([renderer.sample(clip, 2)]).isfinite().all()


def test_no_file_and_no_safetensors_are_said_in_a_sentence(tmp_path):
    with pytest.raises(ValueError, match="cannot read"):
        DrAction.from_released(tmp_path / "absent.safetensors")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(ValueError, match="cannot read"):
        DrAction.from_released(tmp_path / "text")

