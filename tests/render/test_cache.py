from dataclasses import replace

import pytest
import torch

from skllm.render import DrAction, DrActionConfig
from skllm.render.blending import BLENDS
from skllm.render.cache import PictureCache
from skllm.skeleton import Skeleton, Topology
from tests.conftest import STICK, stick_clip

SMALL = DrActionConfig(size=40, per_bone=4, radius=0.06)


@pytest.fixture
def counting(monkeypatch):
    """A renderer that counts how many clips it paints."""
    renderer = DrAction(SMALL)
    painted = []
    forward = renderer.forward
    monkeypatch.setattr(renderer, "forward", lambda clips: painted.extend(clips) or forward(clips))
    return renderer, painted


def test_what_was_painted_once_is_read_back_exactly(tmp_path, counting):
    renderer, painted = counting
    clips = [stick_clip().sample(3), stick_clip(seed=1, people=2).sample(3)]
    want = DrAction(SMALL)(clips)
    assert torch.equal(PictureCache(renderer, tmp_path)(clips), want)
    assert torch.equal(PictureCache(renderer, tmp_path)([clips[1], clips[0], stick_clip(seed=2, people=2).sample(3)])[:2], want.flip(0))
    assert len(painted) == 3 and len(list(tmp_path.iterdir())) == 3


def test_other_weights_configurations_and_clips_are_painted_anew(tmp_path, counting):
    renderer, painted = counting
    clip = stick_clip().sample(3)
    cache = PictureCache(renderer, tmp_path)
    cache([clip])
    cache([replace(clip, velocity=clip.velocity + 1)])
    with torch.no_grad():
        renderer.depth_mix.add_(1e-3)
    cache([clip])
    renderer.config = replace(SMALL, radius=0.05)
    cache([clip])
    assert len(painted) == 4
    renderer.config = replace(renderer.config, backend="numba")          # paints the same
    cache([clip])
    assert len(painted) == 4


def test_a_damaged_file_is_painted_again_and_said(tmp_path, counting):
    renderer, painted = counting
    cache, clip = PictureCache(renderer, tmp_path), stick_clip().sample(3)
    want = cache([clip])
    file = next(tmp_path.iterdir())
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.warns(UserWarning, match="painted again"):
        assert torch.equal(cache([clip]), want)
    assert torch.equal(cache([clip]), want) and len(painted) == 2


def test_a_full_disk_costs_only_the_keeping(tmp_path, counting, monkeypatch):
    def full(tensors, path):
        path.write_bytes(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr("skllm.render.cache.save_file", full)
    with pytest.warns(UserWarning, match="No space left"):
        pictures = PictureCache(counting[0], tmp_path)([stick_clip().sample(3)])
    assert pictures.max() > 0.2 and not list(tmp_path.iterdir())


def test_a_black_clip_is_kept_too(tmp_path):
    renderer = DrAction(SMALL)
    renderer.camera = replace(renderer.camera, position=torch.tensor([0.0, 0, 50]))           # everybody is behind it
    clip = stick_clip().sample(2)
    for _ in range(2):
        assert PictureCache(renderer, tmp_path)([clip]).shape == (1, 2, 3, 40, 40)


def test_nothing_is_kept_for_a_backward_pass(tmp_path):
    assert PictureCache(DrAction(SMALL), tmp_path)([stick_clip().sample(2)]).grad_fn is None


@pytest.mark.parametrize("blend", BLENDS)
def test_what_inference_mode_rendered_first_can_still_be_trained(blend):
    clip = Skeleton.from_array(stick_clip().xyz, Topology.from_bones(f"only {blend}", STICK.joint_names, STICK.bones), 30).sample(2)
    renderer = DrAction(replace(SMALL, blend=blend))
    with torch.inference_mode():
        renderer([clip])
    renderer([clip]).sum().backward()
    assert renderer.features.grad.norm() > 0
