"""One loop for every stage: `transformers.Trainer` with a learning rate for each part, resume, and no NaN let through."""

import os
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import Trainer, TrainerCallback, TrainingArguments

from skllm.benchmarks.records import LabelledClip
from skllm.model import SkeletonLLM
from skllm.train.examples import Examples, collate
from skllm.train.stages import PARTS, Stage

_LEARNED = "learned.safetensors"


class StageTrainer(Trainer):
    """Trains one stage of a SkeletonLLM; checkpoints hold what learns, not the frozen base.

    `slopes` keeps, for each step, the gradient norm of every parameter that learns, before clipping.
    """

    def __init__(self, model: SkeletonLLM, stage: Stage, examples: Examples, arguments: TrainingArguments):
        self.stage = stage
        self.slopes: list[dict[str, float]] = []
        freeze_all_but(model, stage)
        super().__init__(model=model, args=arguments, train_dataset=examples, data_collator=collate)
        self.add_callback(_Watch(self))

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """AdamW with one group a part; vectors and scalars are not decayed."""
        if self.optimizer is None:
            groups = []
            for part, rate in self.stage.rates.items():
                learning = list(part_of(self.model, part).parameters())
                groups += [{"params": [p for p in learning if (p.ndim > 1) == matrices], "lr": rate,
                            "weight_decay": self.stage.weight_decay if matrices else 0.0} for matrices in (True, False)]
            self.optimizer = torch.optim.AdamW([group for group in groups if group["params"]])
        return self.optimizer

    def train(self, resume_from_checkpoint: str | bool | None = None, **kwargs):
        """Trains, or goes on: with True from the newest checkpoint if there is one, from the start if there is none."""
        if resume_from_checkpoint is True and not list(Path(self.args.output_dir).glob("checkpoint-*")):
            resume_from_checkpoint = None
        print(f"{self.stage.name}: {self.model.learning()}")
        return super().train(resume_from_checkpoint=resume_from_checkpoint, **kwargs)

    def _save(self, output_dir: str | None = None, state_dict: dict | None = None) -> None:
        folder = Path(output_dir or self.args.output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        save_file(self.model.learned(), folder / _LEARNED)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        self.model.load_learned(load_file(Path(resume_from_checkpoint) / _LEARNED))


class _Watch(TrainerCallback):
    """Tells the examples the epoch, keeps slopes, and stops the run at a slope that is not finite."""

    def __init__(self, trainer: StageTrainer):
        self.trainer = trainer

    def on_epoch_begin(self, args, state, control, **kwargs):
        self.trainer.train_dataset.epoch = int(state.epoch or 0)

    def on_pre_optimizer_step(self, args, state, control, **kwargs):
        norms = {name: p.grad.norm().item() for name, p in self.trainer.model.named_parameters() if p.grad is not None}
        bad = sorted(name for name, norm in norms.items() if not norm < float("inf"))
        if bad:
            where = f"step {state.global_step + 1} of {self.trainer.stage.name}"
            raise FloatingPointError(f"{where}: the slope of {', '.join(bad)} is not finite; lower the rates or look at this step's clips")
        self.trainer.slopes.append(norms)


def part_of(model: SkeletonLLM, part: str) -> nn.Module:
    """The module that a stage calls by this name."""
    return {"renderer": model.renderer, "projector": model.mllm.projector}[part]


def freeze_all_but(model: SkeletonLLM, stage: Stage) -> None:
    """Leaves only the stage's parts learning."""
    model.requires_grad_(False)
    for part in PARTS:
        part_of(model, part).requires_grad_(part in stage.learns)


def stage_trainer(
    model: SkeletonLLM, stage: Stage, clips: Sequence[LabelledClip], labels: Sequence[str], folder: str | Path, seed: int = 0,
    steps: int = -1, save_steps: int = 25, log_steps: int = 5, checkpointing: bool = False,
) -> StageTrainer:
    """A trainer for a stage; call `.train(resume_from_checkpoint=True)`.

    labels: the candidates of every question, seen labels only; folder: where checkpoints go (the last two are kept)
    steps: optimizer steps, or -1 for the stage's epochs; checkpointing: recompute the frozen model's activations in the
    backward pass, slower and with less memory. Raises OSError before the first step where the folder can't be written.
    """
    _must_be_writable(Path(folder))
    if checkpointing:
        model.mllm.model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    arguments = TrainingArguments(
        output_dir=str(folder), per_device_train_batch_size=stage.clips, num_train_epochs=stage.epochs, max_steps=steps,
        learning_rate=max(stage.rates.values()), lr_scheduler_type="cosine", warmup_steps=stage.warm_up, max_grad_norm=1.0,
        logging_steps=log_steps, save_steps=save_steps, save_total_limit=2, seed=seed, data_seed=seed, report_to="none",
        remove_unused_columns=False, use_cpu=not torch.cuda.is_available(), dataloader_pin_memory=False,
    )
    return StageTrainer(model, stage, Examples(clips, labels, stage.task, model.frames, seed), arguments)


def _must_be_writable(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    trial = folder / ".writable"
    trial.write_bytes(b"")
    os.remove(trial)
