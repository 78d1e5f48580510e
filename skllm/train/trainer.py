"""One loop for every stage: `transformers.Trainer` with a learning rate for each part, resume, and no NaN let through."""

import hashlib
import json
import math
import shutil
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path

import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import Trainer, TrainerCallback, TrainingArguments, set_seed

from skllm.benchmarks.records import LabelledClip
from skllm.model import PARTS, SkeletonLLM
from skllm.reason.shards import whole
from skllm.reason.speed import compiled_layers, keep_in
from skllm.skeleton import Skeleton
from skllm.train.checkpoints import claim, lock, must_be_same, must_hold, seal, set_aside, whole_checkpoints
from skllm.train.examples import Examples, collate, collate_bound, collate_named
from skllm.train.features import FeatureCache, HeldFeatures
from skllm.train.sheets import Sheet
from skllm.train.stages import Stage
from skllm.train.timing import Stopwatch

_LEARNED = "learned.safetensors"
_KEPT = 2                  # checkpoints on disk; a third is being written
_OF_CARD = 0.4             # of a card's free memory, which features may take


class StageTrainer(Trainer):
    """Trains one stage of a SkeletonLLM; checkpoints hold what learns, not the frozen base.

    `slopes` keeps, for each of the last 500 steps, the gradient norm of every parameter that learns, before clipping; `watch` the
    seconds of each part of a step, where they are measured. identity: what tells this run from others in the same folder.
    """

    def __init__(
        self, model: SkeletonLLM, stage: Stage, examples: Examples, arguments: TrainingArguments, timed: bool = True, identity: dict | None = None,
        compiled: bool = False,
    ):
        self.stage, self.identity, self.compiled = stage, identity or {}, compiled
        self.slopes: deque[dict[str, float]] = deque(maxlen=500)
        self.watch = Stopwatch(model, timed)
        binds = arguments.dataloader_num_workers and not model.kept_features and model.renderer.binds
        by_name = collate_named if isinstance(model.kept_features, HeldFeatures) else collate
        together = partial(collate_bound, config=model.renderer.config) if binds else by_name
        super().__init__(model=model, args=arguments, train_dataset=examples, data_collator=together)
        self.add_callback(_EachEpochAndSave(examples))

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """AdamW with one group a part; vectors and scalars are not decayed."""
        if self.optimizer is None:
            groups = []
            for part in (part for part in PARTS if part in self.stage.learns):          # in one order, so that a checkpoint fits
                rate = self.stage.rates[part]
                learning = list(self.model.part(part).values())
                groups += [{"params": [p for p in learning if (p.ndim > 1) == matrices], "lr": rate,
                            "weight_decay": self.stage.weight_decay if matrices else 0.0} for matrices in (True, False)]
            self.optimizer = torch.optim.AdamW([group for group in groups if group["params"]])
        return self.optimizer

    def train(self, resume_from_checkpoint: str | bool | None = None, **kwargs):
        """Trains; with True goes on from the newest checkpoint that is whole, if there is one, and says where it starts.

        Without, an earlier run's checkpoints are set aside as `earlier-*`, so that a later resume cannot take them for its own.
        Raises ValueError where the folder's checkpoints are of another run: another stage, seed, or other clips.
        """
        folder = Path(self.args.output_dir)
        held = lock(folder) if self.args.should_save else None
        if resume_from_checkpoint is True:
            must_be_same(folder, self.identity)
            chosen = [str(path) for path in whole_checkpoints(folder)[-1:]] or [None]
            broadcast_object_list(chosen)                    # every process goes on from the same
            resume_from_checkpoint = chosen[0]
        elif not resume_from_checkpoint and self.args.should_save:
            set_aside(folder)
        if self.args.should_save:
            claim(folder, self.identity)
            start = f"from {Path(resume_from_checkpoint).name}" if resume_from_checkpoint else "from its beginning"
            print(f"{self.stage.name}, {start}: {self.model.learning()}")
        set_seed(self.args.seed + self.args.process_index)         # whatever was drawn before; a checkpoint brings its own dice
        try:
            with compiled_layers(self.model.mllm.language) if self.compiled else nullcontext():
                told = super().train(resume_from_checkpoint=resume_from_checkpoint, **kwargs)
            self._must_be_finite(f"after step {self.state.global_step} of {self.stage.name}")
            return told
        finally:
            self.watch.close()
            if held:
                held.close()

    def get_batch_samples(self, *args, **kwargs):
        """The next step's examples; here the time of a step begins."""
        self.watch.step()
        with self.watch.part("read"):
            return super().get_batch_samples(*args, **kwargs)

    def training_step(self, model: nn.Module, inputs: dict, num_items_in_batch: Tensor | int | None = None) -> Tensor:
        """One forward and backward; keeps the slopes before they are clipped, and stops where one is not finite."""
        keys = inputs.pop("keys")
        where = f"step {self.state.global_step + 1} of {self.stage.name}, clips {', '.join(keys)}"
        self._must_be_finite(where)
        with self.watch.part("whole"):
            loss = super().training_step(model, inputs, num_items_in_batch)
        norms = _norms({name: p.grad for name, p in self.model.named_parameters() if p.grad is not None})
        bad = _by_part(name for name, norm in norms.items() if not norm < float("inf"))
        if bad or not loss.isfinite():
            raise FloatingPointError(f"{where}: the loss is {loss.item():.4g}, not finite are the slopes of {bad or 'no part'}; "
                                     "lower the rates or look at these clips, then resume")
        if self.accelerator.sync_gradients:
            self.slopes.append(norms)
        return loss

    def compute_loss(self, *args, **kwargs):
        """The forward pass."""
        with self.watch.part("forward"):
            return super().compute_loss(*args, **kwargs)

    def _must_be_finite(self, where: str) -> None:
        lost = _by_part(name for name, norm in _norms({n: p for n, p in self.model.named_parameters() if p.requires_grad}).items()
                        if not norm < float("inf"))
        if lost:
            raise FloatingPointError(f"{where}: not finite any more are the weights of {lost}; lower the rates and resume from a checkpoint")

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Writes the weights that are the model's own, from whichever processes hold them; refuses to keep what is not finite."""
        self._must_be_finite(f"after step {self.state.global_step} of {self.stage.name}")
        learned = self.model.learned()
        if self.args.should_save:
            folder = Path(output_dir or self.args.output_dir)
            folder.mkdir(parents=True, exist_ok=True)
            save_file(learned, folder / _LEARNED)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        self.model.load_learned(load_file(Path(resume_from_checkpoint) / _LEARNED))


class _EachEpochAndSave(TrainerCallback):
    """Tells the examples which epoch they are drawn for, and seals checkpoints that are whole."""

    def __init__(self, examples: Examples):
        self.examples = examples

    def on_epoch_begin(self, args, state, control, **kwargs):
        self.examples.epoch = int(state.epoch or 0)

    def on_save(self, args, state, control, **kwargs):
        PartialState().wait_for_everyone()          # each process writes its own dice
        if args.should_save:
            seal(Path(args.output_dir) / f"checkpoint-{state.global_step}")


def _norms(tensors: Mapping[str, Tensor]) -> dict[str, float]:
    """The length of each, with one wait for the device."""
    if not tensors:
        return {}
    norms = torch._foreach_norm([whole(value.detach()) for value in tensors.values()])
    return dict(zip(tensors, torch.stack([norm.float() for norm in norms]).tolist(), strict=True))


def _by_part(names) -> str:
    """Parameters by the group they learn in: `renderer (features, depth_mix)`; the LoRA's lie inside the language model."""
    groups: dict[str, list[str]] = {}
    for name in names:
        seeing = "tower" if "vision_tower" in name or ("visual" in name and "merger" not in name) else "projector"
        part = "lora" if "lora_" in name else "renderer" if name.startswith("renderer.") else seeing
        groups.setdefault(part, []).append(name.removeprefix("renderer.").removeprefix("mllm.model."))
    return "; ".join(f"{part} ({', '.join(members[:3])}{' and more' if len(members) > 3 else ''})" for part, members in groups.items())


def make_ready(model: SkeletonLLM, stage: Stage, seed: int = 0) -> None:
    """Leaves only the stage's parts learning: an earlier stage's LoRA is merged, and this stage's added.

    A matcher goes: what it matched is about to change.
    """
    model.matcher = None
    if stage.lora:
        model.mllm.add_lora(stage.lora, seed)
    else:
        model.mllm.merge_lora()
    model.requires_grad_(False)
    model.kept_features = None
    model.own_tower = model.own_tower or "tower" in stage.learns
    model.named = "name" in stage.task.split("+") if stage.lora else model.named            # the last to teach the language model decides
    for part in PARTS:
        for parameter in model.part(part).values():
            parameter.requires_grad_(part in stage.learns)


def stage_trainer(
    model: SkeletonLLM, stage: Stage, clips: Sequence[LabelledClip], labels: Sequence[str], folder: str | Path, seed: int = 0,
    steps: int = -1, save_steps: int = 25, log_steps: int = 5, checkpointing: bool = False, rationales: Mapping[str, str] | None = None,
    unseen: Sequence[str] = (), workers: int | None = None, accumulate: int = 1, keep_features: bool = True, report_to: str | list[str] = "none",
    timed: bool = True, sheets: Mapping[str, Sheet] | None = None, bf16: bool = False, compiled: bool = False,
) -> StageTrainer:
    """A trainer for a stage; call `.train(resume_from_checkpoint=True)`. An earlier stage's LoRA is merged first.

    labels: the candidates of every question, seen labels only; unseen: labels that no question or rationale may name
    rationales: a teacher's text by clip (`collect_rationales`); folder: where checkpoints go (the last two are kept)
    steps: optimizer steps, or -1 for the stage's epochs; checkpointing: recompute the frozen model's activations in the
    backward pass, slower and with less memory; workers: processes that read clips, by default two for clips that lie in files
    accumulate: parts in which a step's clips are computed one after another; processes share the clips of a step. Clips that do not
    fill a step at the end of an epoch are left out, so that it is the same for any number of processes
    keep_features: where renderer and tower are frozen and the stage counts its views, compute what the tower sees of each once, if card or
    disk has room for it
    report_to: the Trainer's trackers, such as "tensorboard"; timed: measure where each step's seconds go
    sheets: what was measured of each clip (`measure`), for tasks that ask for it; bf16: matrix products in bfloat16, for cards that have them,
    and the frozen language model stays so: go on from what is saved; compiled: see `compiled_layers`
    Raises OSError before the first step where the folder can't be written or the disk is too full.
    """
    if not (type(steps) is int and (steps == -1 or steps > 0)) or not 0 <= seed < 2**32:
        raise ValueError(f"steps are 1 or more, or -1 for the stage's epochs, and a seed is from 0 to {2**32 - 1}; got steps={steps}, seed={seed}")
    make_ready(model, stage, seed)
    if bf16:
        keep_in((p for module in (model.mllm.language, model.mllm.model.lm_head) for p in module.parameters() if not p.requires_grad), torch.bfloat16)
    examples = Examples(clips, labels, stage.task, model.frames, seed, model.renderer.sample, rationales, unseen, stage.views,
                        sheets, stage.asked, stage.resensed)
    must_hold(Path(folder), (_KEPT + 1) * _checkpoint_bytes(model))
    if workers is None:
        workers = 0 if all(isinstance(one.source, Skeleton) for one in clips) else 2
    if keep_features and stage.views and stage.learns.isdisjoint({"renderer", "tower"}):
        _keep_features(model, examples, Path(folder) / "features", workers)
    if checkpointing:
        model.mllm.model.activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})
    total = steps if steps > 0 else math.ceil(len(examples) * stage.epochs / stage.clips)
    arguments = TrainingArguments(
        output_dir=str(folder), num_train_epochs=stage.epochs, max_steps=steps, gradient_accumulation_steps=accumulate,
        ddp_find_unused_parameters=False,
        learning_rate=max(stage.rates.values()), lr_scheduler_type="cosine", warmup_steps=stage.warm_up, max_grad_norm=1.0,
        logging_steps=min(log_steps, total), save_steps=save_steps, save_total_limit=_KEPT, seed=seed, data_seed=seed, report_to=report_to,
        dataloader_drop_last=len(examples) >= stage.clips, dataloader_num_workers=workers, remove_unused_columns=False,
        use_cpu=not torch.cuda.is_available(), dataloader_pin_memory=False, bf16=bf16, dataloader_persistent_workers=False,
    )
    arguments._n_gpu = min(1, arguments.n_gpu)           # a process works on one card; torchrun starts one process a card
    arguments.per_device_train_batch_size = _share(stage, arguments.world_size * accumulate)
    return StageTrainer(model, stage, examples, arguments, timed, identity(model, stage, examples, seed, bf16), compiled)


def identity(model: SkeletonLLM, stage: Stage, examples: Examples, seed: int, bf16: bool = False) -> dict[str, str | int]:
    """What a run must share with a checkpoint to go on from it."""
    clips = hashlib.sha256("\n".join([*(f"{one.key} {one.label}" for one in examples.clips), *examples.task.labels]).encode())
    told = json.dumps({**asdict(stage), "learns": sorted(stage.learns)}, sort_keys=True)
    made = f"{model.mllm.name}, {type(model.renderer).__name__}, {model.renderer.config}, {model.frames} frames, {len(model.mllm.adapters)} LoRAs"
    made += ", bfloat16" if bf16 else ""
    return {"stage": told, "model": made, "seed": seed, "clips or labels": clips.hexdigest()[:16]}


def _keep_features(model: SkeletonLLM, examples: Examples, folder: Path, workers: int) -> None:
    """Lets the model read what the tower sees: held on a card that has room, else from the disk; else says that it is made anew."""
    cache, device = FeatureCache(model, folder), model.mllm.model.device
    each, count = cache.bytes_of(examples[0]["clips"]), len(examples) * examples.views
    wanted = each * (count - len(list(folder.glob("*.safetensors"))))
    if device.type == "cuda" and not model.mllm.foreground_only and each * count < _OF_CARD * torch.cuda.mem_get_info(device)[0]:
        model.kept_features = HeldFeatures(model, examples, workers)
    elif shutil.disk_usage(folder).free < wanted:
        print(f"{folder} has no room for {wanted / 1e9:,.1f} GB of what the tower sees; it is computed anew at every step")
    else:
        model.kept_features = cache


def _share(stage: Stage, parts: int) -> int:
    """How many of a step's clips one process computes at once."""
    if parts < 1 or stage.clips % parts:
        raise ValueError(f"a step of {stage.name} has {stage.clips} clips, which {parts} processes or parts can't share; set clips to a multiple")
    return stage.clips // parts


def _checkpoint_bytes(model: SkeletonLLM) -> int:
    """Weights that are this model's own, and for what learns two moments of the optimizer."""
    learning = sum(p.numel() for part in PARTS for p in model.part(part).values() if p.requires_grad)
    return sum(value.nbytes for value in model.learned().values()) + 8 * learning
