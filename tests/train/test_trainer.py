import json
import math

import pytest
import torch

from skllm.benchmarks.records import LabelledClip
from skllm.model import SkeletonLLM
from skllm.reason.lora import Lora
from skllm.render import DrAction, DrActionConfig
from skllm.train.examples import Examples
from skllm.train.stages import RECIPES, Stage
from skllm.train.trainer import make_ready, stage_trainer
from tests.conftest import fake_mllm, fresh_matcher, stick_clip

LABELS = ["sit", "stand", "wave"]
CLIPS = [LabelledClip(f"c{n}", stick_clip(15 + n, seed=n), LABELS[n % 3], n) for n in range(6)]
STAGE = Stage("render_warmup", frozenset({"renderer", "projector"}), "choose", {"renderer": 1e-2, "projector": 1e-3}, epochs=3, clips=2)


def model() -> SkeletonLLM:
    return SkeletonLLM(DrAction(DrActionConfig(size=28, per_bone=3, radius=0.08)), fake_mllm(), frames=4)


def trained(folder, **options):
    trainer = stage_trainer(model(), STAGE, CLIPS, LABELS, folder, save_steps=4, log_steps=1, **options)
    return trainer


def learned(trainer) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in trainer.model.learned().items()}


def losses(trainer) -> list[float]:
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]


def test_training_moves_what_learns_and_nothing_else(tmp_path):
    trainer = trained(tmp_path)
    before, base = learned(trainer), [p.clone() for p in trainer.model.mllm.model.model.language_model.parameters()]
    trainer.train()
    assert all(not torch.equal(value, before[name]) for name, value in learned(trainer).items())
    assert all(torch.equal(a, b) for a, b in zip(base, trainer.model.mllm.model.model.language_model.parameters(), strict=True))
    assert losses(trainer)[-1] < losses(trainer)[0]
    assert len(trainer.slopes) == 9 and all(norm > 0 for norm in trainer.slopes[0].values())


def test_each_part_has_its_own_rate(tmp_path):
    trainer = trained(tmp_path)
    groups = trainer.create_optimizer().param_groups
    assert sorted({group["lr"] for group in groups}) == [1e-3, 1e-2]
    assert sum(p.numel() for group in groups for p in group["params"]) == sum(p.numel() for p in trainer.model.parameters() if p.requires_grad)
    assert {group["weight_decay"] for group in groups for p in group["params"] if p.ndim < 2} == {0.0}


def test_a_resumed_run_is_the_uninterrupted_one(tmp_path):
    whole = trained(tmp_path / "whole")
    whole.train()
    cut = trained(tmp_path / "cut", steps=9)
    cut.args.max_steps = 9

    class Killed(Exception):
        pass

    from transformers import TrainerCallback

    class Kill(TrainerCallback):
        def on_step_end(self, args, state, control, **kwargs):
            if state.global_step == 5:
                raise Killed

    cut.add_callback(Kill())
    with pytest.raises(Killed):
        cut.train()
    again = trained(tmp_path / "cut", steps=9)
    again.train(resume_from_checkpoint=True)
    assert again.state.global_step == 9
    for name, value in learned(whole).items():
        assert torch.equal(value, learned(again)[name]), name
    assert losses(whole)[4:] == losses(again)[-5:]


def test_resume_with_no_checkpoint_starts_from_the_beginning(tmp_path):
    trainer = trained(tmp_path, steps=1)
    trainer.train(resume_from_checkpoint=True)
    assert trainer.state.global_step == 1


def test_checkpoints_hold_what_learns_and_no_base(tmp_path):
    trainer = trained(tmp_path, steps=4)
    trainer.train()
    checkpoint = tmp_path / "checkpoint-4"
    assert (checkpoint / "learned.safetensors").stat().st_size < 100_000
    assert json.loads((checkpoint / "trainer_state.json").read_text())["global_step"] == 4


def test_what_is_not_finite_stops_the_run_with_the_step_and_the_parameter(tmp_path):
    trainer = trained(tmp_path)
    with torch.no_grad():
        trainer.model.renderer.features[0, 0] = float("nan")
    with pytest.raises(FloatingPointError, match=r"step 1 of render_warmup, clips c\d, c\d: .*weights of renderer \(features\)"):
        trainer.train()


def test_slopes_are_kept_before_clipping_and_only_the_broken_one_is_named(tmp_path):
    trainer = trained(tmp_path, steps=1)
    trainer.args.max_grad_norm = 1e-9
    trainer.train()
    assert max(trainer.slopes[0].values()) > 1e-6
    trainer = trained(tmp_path, steps=1)
    trainer.model.renderer.depth_mix.register_hook(lambda slope: slope * float("nan"))
    with pytest.raises(FloatingPointError, match=r"step 1 of render_warmup, clips c\d, c\d.*slopes of renderer \(depth_mix\);"):
        trainer.train()


def test_a_half_written_checkpoint_is_passed_over_and_an_earlier_run_set_aside(tmp_path):
    trained(tmp_path, steps=4).train()
    half = tmp_path / "checkpoint-9"
    half.mkdir()
    (half / "learned.safetensors").write_bytes(b"half")
    again = trained(tmp_path, steps=5)
    again.train(resume_from_checkpoint=True)
    assert again.state.global_step == 5 and len(again.slopes) == 1
    trained(tmp_path, steps=1).train()
    assert {path.name for path in tmp_path.glob("*checkpoint-*")} >= {"checkpoint-1", "earlier-checkpoint-5"}
    assert not (tmp_path / "checkpoint-5").exists()


def test_a_folder_that_cannot_be_written_is_found_before_training(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        trained(tmp_path / "file" / "run")


def test_draws_depend_on_seed_epoch_and_clip_alone():
    def drawn(seed, epoch):
        examples = Examples(CLIPS, LABELS, "choose", 4, seed)
        examples.epoch = epoch
        return examples[1]["questions"], examples[1]["clips"].xyz

    assert drawn(0, 0)[0] == drawn(0, 0)[0] and torch.equal(drawn(0, 0)[1], drawn(0, 0)[1])
    assert any(drawn(0, 0)[0] != drawn(0, epoch)[0] for epoch in range(1, 5))
    assert any(not torch.equal(drawn(0, 0)[1], drawn(0, epoch)[1]) for epoch in range(1, 5))


def test_no_label_outside_the_given_ones_enters_training():
    with pytest.raises(ValueError, match="wave"):
        Examples(CLIPS, ["sit", "stand"], "choose", 4, 0)
    prompts = [Examples(CLIPS[:2], ["sit", "stand"], "choose", 4, 0)[n]["questions"] for n in range(2)]
    assert not any("wave" in prompt for prompt in prompts)


def test_only_the_stages_parts_learn():
    one = model()
    one.matcher = fresh_matcher(12)
    make_ready(one, Stage("s", frozenset({"projector"}), "choose", {"projector": 1e-3}))
    assert one.matcher is None                     # what it matched is about to change
    assert not any(p.requires_grad for p in one.renderer.parameters())
    assert all(p.requires_grad for p in one.mllm.projector.parameters())
    assert "renderer" not in one.learning()


def test_the_last_stage_to_teach_the_language_model_decides_how_labels_are_ranked():
    one, rates, lora = model(), {"projector": 1e-3, "lora": 1e-3}, Lora(rank=2, alpha=4, dropout=0)
    assert not one.named
    for task, taught, named in (("name+pick", lora, True), ("choose", None, True), ("choose", lora, False)):
        learns = frozenset(rates) if taught else frozenset({"projector"})
        make_ready(one, Stage("s", learns, task, {part: rates[part] for part in learns}, lora=taught))
        assert one.named is named


def test_the_recipe_of_the_shipped_model_gives_its_steps():
    assert [math.ceil(stage.epochs * (3937 // stage.clips)) for stage in RECIPES["tiny"]] == [53, 66, 2374, 195]


@pytest.mark.parametrize(("learns", "rates"), [({"eyes"}, {"eyes": 1e-3}), (set(), {}), ({"renderer"}, {}), ({"renderer"}, {"renderer": 0.0})])
def test_stages_that_make_no_sense_are_refused(learns, rates):
    with pytest.raises(ValueError, match="stage"):
        Stage("odd", frozenset(learns), "choose", rates)


def test_the_warm_up_gives_the_renderer_a_rate_of_its_own():
    assert RECIPES["demo"][0].rates["renderer"] > RECIPES["tiny"][0].rates["projector"]


def test_a_stage_asks_at_least_one_question():
    with pytest.raises(ValueError, match="asked=0"):
        Stage("s", frozenset({"projector"}), "choose", {"projector": 1e-3}, asked=0)
