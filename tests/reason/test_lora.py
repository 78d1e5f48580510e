import pytest
import torch
from peft.tuners.lora import LoraLayer

from skllm.model import SkeletonLLM
from skllm.reason import mllm as mllm_module
from skllm.reason.lora import TARGETS, Lora
from skllm.render import DrAction, DrActionConfig
from tests.conftest import fake_internvl3, stick_clip

LORA = Lora(rank=4, alpha=8, dropout=0.0)


def model() -> SkeletonLLM:
    return SkeletonLLM(DrAction(DrActionConfig(size=56, per_bone=3, radius=0.08)), fake_internvl3(), frames=3).eval()


def taught(one: SkeletonLLM, seed: int) -> None:
    """A LoRA as training might leave it: both factors away from zero."""
    dice = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in one.part("lora").values():
            parameter.copy_(0.2 * torch.randn(parameter.shape, generator=dice))


def likelihoods(one: SkeletonLLM) -> torch.Tensor:
    return one.mllm.log_likelihoods(one.mllm.hear(one.see([stick_clip(9)]), "What?"), ["sit", "stand up", "wave"])[0]


def test_seven_linear_layers_of_each_block_are_changed_and_none_outside_the_language_model():
    one = model()
    one.mllm.add_lora(LORA)
    wrapped = [name for name, module in one.named_modules() if isinstance(module, LoraLayer)]
    assert len(wrapped) == 7 * 2 and {name.split(".")[-1] for name in wrapped} == set(TARGETS)
    assert all("language_model" in name for name in wrapped)
    ends = {"q and o": 2 * (32 + 32), "k and v": 2 * (32 + 16), "gate, up and down": 3 * (32 + 64)}
    assert sum(p.numel() for p in one.part("lora").values()) == 2 * LORA.rank * sum(ends.values())


def test_a_fresh_one_changes_nothing_and_its_seed_decides_its_start():
    one, plain = model(), likelihoods(model())
    first = {name: p.clone() for name, p in one.mllm.add_lora(LORA, seed=3).parameters().items()}
    torch.testing.assert_close(likelihoods(one), plain, rtol=0, atol=0)
    again = model()
    torch.manual_seed(99)
    assert all(torch.equal(p, first[name]) for name, p in again.mllm.add_lora(LORA, seed=3).parameters().items())
    assert any(not torch.equal(p, first[name]) for name, p in model().mllm.add_lora(LORA, seed=4).parameters().items())


def test_merged_is_unmerged_within_a_millionth():
    """Float32: log-likelihoods of some -50 nats agree within 1e-5 of themselves."""
    one, plain = model(), likelihoods(model())
    one.mllm.add_lora(LORA)
    taught(one, 0)
    apart = likelihoods(one)
    assert not torch.allclose(apart, plain, rtol=1e-2)
    one.mllm.merge_lora()
    torch.testing.assert_close(likelihoods(one), apart, rtol=1e-5, atol=1e-4)
    assert not any(isinstance(module, LoraLayer) for module in one.modules()) and not one.part("lora")


def test_merged_into_a_coarse_model_it_is_unmerged_within_what_bfloat16_holds():
    """Merging rounds the sum of weight and change to 8 bits; stated tolerance 3 % of the log-likelihoods."""
    fine = fake_internvl3()
    one = SkeletonLLM(DrAction(DrActionConfig(size=56)), mllm_module.MLLM(fine.model.to(torch.bfloat16), fine.tokenizer, "coarse"))
    one.mllm.add_lora(LORA)
    assert {p.dtype for p in one.part("lora").values()} == {torch.float32}       # it learns in small steps
    taught(one, 0)
    apart = likelihoods(one)
    one.mllm.merge_lora()
    torch.testing.assert_close(likelihoods(one), apart, rtol=3e-2, atol=0.5)


def test_a_second_one_merges_the_first_and_both_come_back_from_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(mllm_module.MLLM, "from_pretrained", classmethod(lambda cls, *told: fake_internvl3()))
    one = model()
    one.mllm.add_lora(LORA)
    taught(one, 0)
    one.mllm.add_lora(Lora(rank=2, alpha=2, dropout=0.0))
    assert one.mllm.adapters[0].merged and not one.mllm.adapters[1].merged
    taught(one, 1)
    again = SkeletonLLM.from_pretrained(one.save_pretrained(tmp_path / "model"))
    assert [adapter.lora.rank for adapter in again.mllm.adapters] == [4, 2] and all(adapter.merged for adapter in again.mllm.adapters)
    torch.testing.assert_close(likelihoods(again), likelihoods(one), rtol=1e-5, atol=1e-4)
    twice = SkeletonLLM.from_pretrained(again.save_pretrained(tmp_path / "again"))
    assert torch.equal(likelihoods(twice), likelihoods(again))
    assert all(torch.equal(value, again.learned()[name]) for name, value in twice.learned().items())


def test_weights_over_another_merged_one_are_refused():
    one, other = model(), model()
    for which, seed in ((one, 0), (other, 1)):
        which.mllm.add_lora(LORA)
        taught(which, seed)
        which.mllm.merge_lora()
    with pytest.raises(ValueError, match="LoRA 0 of these weights is not the one"):
        one.load_learned(other.learned())
    with pytest.raises(ValueError, match="can't be changed any more"):
        one.mllm.adapters[0].load({})


def test_what_is_not_finite_is_not_merged():
    one = model()
    one.mllm.add_lora(LORA)
    taught(one, 0)
    with torch.no_grad():
        next(iter(one.part("lora").values()))[0, 0] = float("nan")
    with pytest.raises(ValueError):
        one.mllm.merge_lora()


@pytest.mark.parametrize("told", [{"rank": 0}, {"alpha": 0}, {"dropout": 1.0}, {"targets": ()}])
def test_numbers_that_make_no_sense_are_refused(told):
    with pytest.raises(ValueError, match="a LoRA has a rank"):
        Lora(**told)
