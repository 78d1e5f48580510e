"""Two families of models of true structure and tiny width: our road through them is transformers' own, and carries slopes to the renderer."""

import pytest
import torch
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from skllm.model import SkeletonLLM
from skllm.reason.lora import Lora
from skllm.reason.mllm import MLLM
from skllm.reason.pictures import normalised
from skllm.reason.questions import SYSTEM
from skllm.render import DrAction, DrActionConfig
from skllm.train.stages import four_stages
from skllm.train.trainer import make_ready
from tests.conftest import fake_internvl3, fake_qwen, stick_clip

MODELS = {"internvl3": fake_internvl3, "qwen2_5_vl": fake_qwen}
STAGES = four_stages(1e-2, 1e-3, 1e-3, Lora(rank=2, alpha=4), clips=2)


@pytest.fixture
def pictures() -> torch.Tensor:
    return torch.rand(1, 3, 3, 56, 56, generator=torch.Generator().manual_seed(0))


def conversation(mllm: MLLM, picture: str, answer: str) -> tuple[torch.Tensor, int]:
    """Ids of a question about three pictures with its answer, and how many of them are the answer."""
    frames = "".join(f"Frame{n}: {mllm.family.before}{picture}{mllm.family.after}" for n in (1, 2, 3))
    text = f"<|im_start|>system\n{SYSTEM}<|im_end|>\n<|im_start|>user\n{frames}\nWhat?<|im_end|>\n<|im_start|>assistant\n"
    said = [*mllm.tokenizer(answer)["input_ids"], mllm.end]
    return torch.tensor([mllm.tokenizer(text, add_special_tokens=False)["input_ids"] + said]), len(said)


def native_loss(logits: torch.Tensor, ids: torch.Tensor, count: int) -> torch.Tensor:
    return torch.nn.functional.cross_entropy(logits[0, -count - 1 : -1], ids[0, -count:])


def test_our_road_through_internvl3_is_transformers_own(pictures):
    mllm = fake_internvl3()
    ids, count = conversation(mllm, "<IMG_CONTEXT>" * 4, "sit")
    out = mllm.model(input_ids=ids, pixel_values=normalised(pictures[0]), attention_mask=torch.ones_like(ids))
    torch.testing.assert_close(mllm.loss(mllm.see(pictures), ["What?"], ["sit"]), native_loss(out.logits, ids, count), rtol=1e-4, atol=1e-5)


def test_our_road_through_qwen_is_transformers_own(pictures):
    """Patches by the family's own image processor, positions in time, height and width by its own rule."""
    mllm = fake_qwen()
    told = Qwen2VLImageProcessorPil(do_resize=False, do_rescale=False, patch_size=14)(list(pictures[0].numpy()), return_tensors="pt")
    ids, count = conversation(mllm, "<|image_pad|>" * 4, "sit")
    kinds = (ids == mllm.model.config.image_token_id).long()
    out = mllm.model(input_ids=ids, attention_mask=torch.ones_like(ids), mm_token_type_ids=kinds, **told)
    torch.testing.assert_close(mllm.loss(mllm.see(pictures), ["What?"], ["sit"]), native_loss(out.logits, ids, count), rtol=1e-4, atol=1e-5)
    flat = MLLM(mllm.model, mllm.tokenizer, "flat", picture_size=56)
    flat.family.positions = lambda pieces: torch.arange(sum(n for _, n in pieces)).expand(3, -1)
    assert abs(flat.loss(flat.see(pictures), ["What?"], ["sit"]) - native_loss(out.logits, ids, count)) > 1e-4


@pytest.mark.parametrize("name", MODELS)
def test_saying_is_transformers_greedy_generation(name, pictures):
    mllm = MODELS[name]()
    heard = mllm.hear(mllm.see(pictures), "What?")
    if name == "internvl3":
        line = mllm.speller.line(mllm.see(pictures)[0], ["What?"])
        ids = mllm.model.generate(
            inputs_embeds=mllm._embedded(mllm.see(pictures), line.ids[None], line.picture[None]),
            attention_mask=torch.ones(1, len(line.ids), dtype=torch.long), max_new_tokens=12,
            do_sample=False, eos_token_id=mllm.end, pad_token_id=mllm.end,
        )
        assert mllm.say(heard, 12) == [mllm.tokenizer.decode(ids[0], skip_special_tokens=True).strip()]
    (said,) = mllm.say(heard, 12)
    (likely,) = mllm.log_likelihoods(heard, ["sit", "stand up", said])
    assert mllm.say(heard, 12) == [said] and torch.equal(likely, mllm.log_likelihoods(heard, ["sit", "stand up", said])[0])
    for value, answer in zip(likely[:2], ("sit", "stand up"), strict=True):
        alone = -(len(answer) + 1) * mllm.loss(mllm.see(pictures), ["What?"], [answer])
        torch.testing.assert_close(value, alone, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_the_answers_slope_reaches_all_that_a_stage_lets_learn_and_nothing_else(name, stage):
    model = SkeletonLLM(DrAction(DrActionConfig(size=56, per_bone=3, radius=0.08)), MODELS[name](), frames=3)
    make_ready(model, stage)
    model.eval()
    model(**{"clips": [stick_clip(9).sample(3)] * 2, "questions": ["What?", "What is it?"], "answers": ["sit", "stand up"]})["loss"].backward()
    learning = {id(p) for part in stage.learns for p in model.part(part).values()}
    assert all((p.grad is not None) == (id(p) in learning) for p in model.parameters())
    for part in ("renderer", "projector", "lora"):
        slopes = {n: p.grad for n, p in model.part(part).items()}
        assert all((slope is not None) == (part in stage.learns) for slope in slopes.values())
        if part in stage.learns:         # a LoRA's second factor starts at zero, so its first has no slope yet
            assert all(slope.norm() > 0 for n, slope in slopes.items() if "lora_A" not in n)


@pytest.mark.parametrize("name", MODELS)
def test_a_folder_of_the_family_loads_by_its_config(name, tmp_path):
    made = MODELS[name]()
    made.model.save_pretrained(tmp_path)
    made.tokenizer.save_pretrained(tmp_path)
    model = SkeletonLLM(DrAction(DrActionConfig(size=56)), MLLM.from_pretrained(str(tmp_path), picture_size=56), frames=3)
    assert type(model.mllm.family) is type(made.family)
    clip = stick_clip(9)
    saved = model.save_pretrained(tmp_path / "saved")
    again = SkeletonLLM.from_pretrained(saved)
    assert again.recognize(clip, ["sit", "stand"]) == model.recognize(clip, ["sit", "stand"])


def test_another_family_is_refused_by_name(tmp_path):
    fake_internvl3().model.model.language_model.save_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"of the family 'qwen2'; known are tiny"):
        MLLM.from_pretrained(str(tmp_path))


def test_sizes_that_a_family_cannot_see_are_refused(pictures):
    with pytest.raises(ValueError, match="whole numbers of 28 pixels"):
        MLLM(fake_qwen().model, fake_qwen().tokenizer, "odd", picture_size=50)
    with pytest.raises(ValueError, match="56 pixels a side"):
        MLLM(fake_internvl3().model, fake_internvl3().tokenizer, "odd", picture_size=448)
    qwen = fake_qwen()
    qwen.foreground_only = True
    with pytest.raises(ValueError, match="foreground"):
        qwen.see(pictures)


def test_a_tower_that_holds_its_projector_is_saved_once(tmp_path):
    made = fake_qwen()
    made.model.save_pretrained(tmp_path / "base")
    made.tokenizer.save_pretrained(tmp_path / "base")
    model = SkeletonLLM(DrAction(DrActionConfig(size=56, per_bone=2)), MLLM(made.model, made.tokenizer, str(tmp_path / "base"), picture_size=56))
    model.own_tower = True
    learned = model.learned()
    assert not any(name.startswith("tower.merger") for name in learned) and any(name.startswith("tower.blocks") for name in learned)
    back = SkeletonLLM.from_pretrained(model.save_pretrained(tmp_path / "saved"))
    assert all(torch.equal(value, back.learned()[name]) for name, value in learned.items())
