"""One loop for every stage: `transformers.Trainer` with a learning rate for each part, resume, and no NaN let through."""

import os
import shutil
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
        self.add_callback(_TellEpoch(examples))

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
        """Trains; with True goes on from the newest checkpoint that is whole, if there is one.

        Without, an earlier run's checkpoints are set aside as `earlier-*`, so that a later resume cannot take them for its own.
        """
        folder = Path(self.args.output_dir)
        if resume_from_checkpoint is True:
            whole = whole_checkpoints(folder)
            resume_from_checkpoint = str(whole[-1]) if whole else None
        elif not resume_from_checkpoint:
            _set_aside(folder)
        print(f"{self.stage.name}: {self.model.learning()}")
        return super().train(resume_from_checkpoint=resume_from_checkpoint, **kwargs)

    def training_step(self, *args, **kwargs) -> torch.Tensor:
        """One forward and backward; keeps the slopes before they are clipped, and stops where one is not finite."""
        where = f"step {self.state.global_step + 1} of {self.stage.name}"
        lost = sorted(name for name, p in self.model.named_parameters() if p.requires_grad and not p.isfinite().all())
        if lost:
            raise FloatingPointError(f"{where}: {', '.join(lost)} is not finite any more; lower the rates and resume from a checkpoint")
        loss = super().training_step(*args, **kwargs)
        norms = {name: p.grad.norm().item() for name, p in self.model.named_parameters() if p.grad is not None}
        bad = sorted(name for name, norm in norms.items() if not norm < float("inf"))
        if bad:
            raise FloatingPointError(f"{where}: the slope of {', '.join(bad)} is not finite; lower the rates or look at this step's clips")
        self.slopes.append(norms)
        return loss

    def _save(self, output_dir: str | None = None, state_dict: dict | None = None) -> None:
        folder = Path(output_dir or self.args.output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        save_file(self.model.learned(), folder / _LEARNED)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        self.model.load_learned(load_file(Path(resume_from_checkpoint) / _LEARNED))


class _TellEpoch(TrainerCallback):
    """Tells the examples which epoch they are drawn for."""

    def __init__(self, examples: Examples):
        self.examples = examples

    def on_epoch_begin(self, args, state, control, **kwargs):
        self.examples.epoch = int(state.epoch or 0)


def whole_checkpoints(folder: Path) -> list[Path]:
    """Checkpoints that were written to their end, oldest first; the Trainer writes its state last."""
    found = [path.parent for path in folder.glob("checkpoint-*/trainer_state.json")]
    return sorted(found, key=lambda path: int(path.name.split("-")[1]))


def _set_aside(folder: Path) -> None:
    for old in folder.glob("earlier-*"):
        shutil.rmtree(old)
    for checkpoint in folder.glob("checkpoint-*"):
        checkpoint.rename(folder / f"earlier-{checkpoint.name}")


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
    return StageTrainer(model, stage, Examples(clips, labels, stage.task, model.frames, seed, model.renderer.sample), arguments)


def _must_be_writable(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    trial = folder / ".writable"
    trial.write_bytes(b"")
    os.remove(trial)
