"""What is frozen is computed once, and never taken for something else."""

import pytest
import torch

from skllm.benchmarks.records import LabelledClip
from skllm.model import SkeletonLLM
from skllm.reason.lora import Lora
from skllm.render import DrAction, DrActionConfig, TrajectoryRenderer
from skllm.train.examples import Examples, collate_named
from skllm.train.features import FeatureCache, HeldFeatures
from skllm.train.stages import four_stages
from skllm.train.trainer import stage_trainer
from tests.conftest import fake_internvl3, fake_mllm, fake_qwen, stick_clip

LABELS = ["sit", "stand", "wave"]
CLIPS = [LabelledClip(f"c{n}", stick_clip(15 + n, seed=n), LABELS[n % 3], n) for n in range(6)]
REFINE = four_stages(1e-2, 1e-3, 1e-3, Lora(rank=2, alpha=4), clips=2)[3]


def model(mllm=fake_mllm, kind=DrAction) -> SkeletonLLM:
    made = mllm()
    return SkeletonLLM(kind(DrActionConfig(size=made.picture_size, per_bone=3, radius=0.08)), made, frames=4).requires_grad_(False)


def counted(one: SkeletonLLM) -> list:
    """Grows by one whenever the renderer paints."""
    calls = []
    one.renderer.register_forward_hook(lambda *_: calls.append(1))
    return calls


def run(folder, **options) -> tuple[list[float], dict, int]:
    one = model()
    calls = counted(one)
    trainer = stage_trainer(one, REFINE, CLIPS, LABELS, folder, log_steps=1, **options)
    before = len(calls)
    trainer.train()
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry], one.learned(), len(calls) - before


def test_losses_and_weights_are_equal_with_and_without(tmp_path):
    losses, weights, painted = run(tmp_path / "kept")
    anew, same, each = run(tmp_path / "anew", keep_features=False)
    torch.testing.assert_close(torch.tensor(losses), torch.tensor(anew), rtol=1e-5, atol=1e-6)
    for name, value in weights.items():
        torch.testing.assert_close(value, same[name], rtol=1e-4, atol=1e-6)
    assert len(losses) == 9 and painted < each == 9       # three epochs of three steps; what an epoch kept the next reads


def test_a_second_run_paints_nothing(tmp_path):
    first, _, _ = run(tmp_path)
    again, _, painted = run(tmp_path)
    assert painted == 0 and again == pytest.approx(first, rel=1e-5)


@pytest.mark.parametrize("mllm", [fake_mllm, fake_internvl3, fake_qwen])
def test_kept_features_are_those_that_were_made(mllm, tmp_path):
    one = model(mllm)
    cache, clips = FeatureCache(one, tmp_path), [stick_clip(9).sample(4), stick_clip(12, people=2).sample(4)]
    with torch.no_grad():
        made = one.mllm.features(one.renderer(clips))
    assert torch.equal(cache(clips), made) and torch.equal(cache(clips), made)
    assert cache.bytes_of(clips[0]) == made[0].nbytes and len(list(tmp_path.glob("*.safetensors"))) == 2


def test_only_the_foreground_is_kept_where_only_it_is_seen(tmp_path):
    one = model(fake_internvl3)
    one.renderer.place = lambda clips: torch.tensor([[0.8, 0.8, 4.0]])           # small, in one corner
    clip, cache = stick_clip(9).sample(4), FeatureCache(one, tmp_path)
    dense = cache([clip])
    one.mllm.foreground_only = True
    kept, made = cache([clip]), one.mllm.features(one.renderer([clip]))
    assert [len(picture) for picture in kept[0]] == [len(picture) for picture in made[0]]
    assert sum(len(picture) for picture in kept[0]) < dense.shape[1] * dense.shape[2]
    again = cache([clip])
    assert all(torch.equal(a, b) for a, b in zip(again[0], kept[0], strict=True))
    assert one.mllm.loss(one.mllm.project(again), ["What?"], ["sit"]).isfinite()


@pytest.mark.parametrize("what", ["the clip", "the renderer", "the tower"])
def test_what_has_changed_is_made_anew(what, tmp_path):
    one = model()
    clip = stick_clip(9).sample(4)
    first = FeatureCache(one, tmp_path)([clip])
    with torch.no_grad():
        if what == "the clip":
            clip = stick_clip(10, seed=2).sample(4)
        elif what == "the renderer":
            one.renderer.features += 1
        else:
            one.mllm.family.tower.embeddings.cls_token += 1
    calls = counted(one)
    assert not torch.equal(FeatureCache(one, tmp_path)([clip]), first) and calls


def test_the_projector_may_learn_without_making_anything_anew(tmp_path):
    for mllm in (fake_mllm, fake_qwen):        # whose projector lies inside its tower
        one, clip = model(mllm), stick_clip(9).sample(4)
        FeatureCache(one, tmp_path)([clip])
        with torch.no_grad():
            next(one.mllm.projector.parameters()).mul_(1.1)
        calls = counted(one)
        FeatureCache(one, tmp_path)([clip])
        assert not calls


def test_a_damaged_file_is_made_again(tmp_path):
    one, clip = model(), stick_clip(9).sample(4)
    cache = FeatureCache(one, tmp_path)
    first = cache([clip])
    for path in tmp_path.glob("*.safetensors"):
        path.write_bytes(path.read_bytes()[:50])
    with pytest.warns(UserWarning, match="is damaged"):
        assert torch.equal(cache([clip]), first)
    assert torch.equal(cache([clip]), first)


def test_a_renderer_that_learns_is_refused(tmp_path):
    one = model()
    one.renderer.requires_grad_(True)
    with pytest.raises(ValueError, match="this one learns"):
        FeatureCache(one, tmp_path)


@pytest.mark.parametrize(("kind", "workers"), [(DrAction, 0), (DrAction, 1), (TrajectoryRenderer, 0)])
def test_what_is_held_was_all_seen_beforehand_and_is_what_is_made_anew(kind, workers):
    one = model(kind=kind)
    examples = Examples(CLIPS, LABELS, "choose", 4, seed=3, sample=one.renderer.sample, views=2, resensed=True)
    calls = counted(one)
    one.kept_features = HeldFeatures(one, examples, workers)
    assert examples.epoch == 0 and len(calls) == 2
    for examples.epoch in (0, 1, 2, 3):
        drawn = [examples[n] for n in range(len(CLIPS))]
        batch, made = collate_named(drawn), one.mllm.features(one.renderer([example["clips"] for example in drawn]))
        assert batch["clips"] == []
        torch.testing.assert_close(one.kept_features.of(batch["names"]), made, rtol=1e-5, atol=1e-5)
        by_name = one([], batch["questions"], batch["answers"], names=batch["names"])["loss"]
        torch.testing.assert_close(by_name, one.mllm.loss(one.mllm.project(made), batch["questions"], batch["answers"]))


def test_views_without_end_are_not_held():
    one = model()
    with pytest.raises(ValueError, match="set the stage's views"):
        HeldFeatures(one, Examples(CLIPS, LABELS, "choose", 4, seed=3, sample=one.renderer.sample))
