"""LoRA on the language model (Hu et al. 2022), by peft: added for a stage, merged before the next, and kept apart on disk."""

import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from peft.helpers import disable_input_dtype_casting
from torch import Tensor, nn

from skllm.reason.shards import fill

TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
_PREFIX = "base_model.model."


@dataclass(frozen=True)
class Lora:
    """Low-rank changes of every linear layer of these names. The paper's numbers are the defaults.

    rank: of each change; alpha: changes are scaled by alpha / rank; dropout: share of a layer's inputs hidden from its change
    """

    rank: int = 32
    alpha: int = 64
    dropout: float | int = 0.05
    targets: Sequence[str] = TARGETS

    def __post_init__(self) -> None:
        if not isinstance(self.targets, str):
            object.__setattr__(self, "targets", tuple(self.targets))          # JSON gives lists
        whole = type(self.rank) is int and type(self.alpha) is int and self.rank >= 1 and self.alpha >= 1
        if not whole or not 0 <= self.dropout < 1 or not self.targets or isinstance(self.targets, str):
            raise ValueError(f"a LoRA has a rank and an alpha of 1 or more, a dropout in [0, 1) and a list of targets; got {self}")


class Adapter:
    """One LoRA on a language model, whose layers it wraps in place until it is merged into them."""

    def __init__(self, language: nn.Module, lora: Lora, seed: int = 0):
        self.lora, self.merged = lora, False
        told = LoraConfig(r=lora.rank, lora_alpha=lora.alpha, lora_dropout=lora.dropout, target_modules=list(lora.targets), bias="none")
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)           # peft asks transformers by a name that is to go
            torch.manual_seed(seed)
            self._wrapped: PeftModel = get_peft_model(language, told)
        self._kept: dict[str, Tensor] = {}

    def spared(self) -> AbstractContextManager:
        """Under autocast, layers whose inputs are not cast to float32 and back: the same numbers in less time."""
        cast = torch.is_autocast_enabled("cuda") or torch.is_autocast_enabled("cpu")
        return nullcontext() if self.merged or not cast else disable_input_dtype_casting(self._wrapped)

    def parameters(self) -> dict[str, nn.Parameter]:
        """What learns, by its name in the wrapped model; nothing once merged."""
        return {} if self.merged else {name: p for name, p in self._wrapped.named_parameters() if "lora_" in name}

    def state(self) -> dict[str, Tensor]:
        """The low-rank factors by layer, as they are or as they were when merged."""
        if self.merged:
            return self._kept
        return {name.removeprefix(_PREFIX): value.detach() for name, value in get_peft_model_state_dict(self._wrapped).items()}

    def load(self, stored: dict[str, Tensor]) -> None:
        """Takes factors that `state` gave, whole. Raises ValueError once merged and KeyError for missing ones."""
        if self.merged:
            raise ValueError("this LoRA is merged into the language model and can't be changed any more; load the model anew")
        for name, parameter in self.parameters().items():
            fill(parameter, stored[name.removeprefix(_PREFIX).replace(".default.", ".")])

    def merge(self) -> None:
        """Adds the changes to the layers' own weights and unwraps them; raises ValueError where a change is not finite."""
        if not self.merged:
            self._kept = {name: value.cpu().clone() for name, value in self.state().items()}
            self._wrapped.merge_and_unload(safe_merge=True)
            self.merged, self._wrapped = True, None
