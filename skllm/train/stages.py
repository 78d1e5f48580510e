"""Training stages as records: what learns, on which task, for how long, how fast."""

from dataclasses import dataclass

PARTS = ("renderer", "projector")


@dataclass(frozen=True)
class Stage:
    """One stage of training.

    learns: parts of the model that move, the rest is frozen; task: what the model is asked, a key of `examples.TASKS`
    rates: learning rate of each part that learns; epochs: passes over the clips; clips: clips a step
    """

    name: str
    learns: frozenset[str]
    task: str
    rates: dict[str, float]
    epochs: float | int = 1
    clips: int = 4
    weight_decay: float = 0.05
    warm_up: float = 0.03

    def __post_init__(self) -> None:
        if not self.learns or not self.learns <= set(PARTS):
            raise ValueError(f"stage {self.name!r} may let {', '.join(PARTS)} learn; got {sorted(self.learns)}")
        if set(self.rates) != self.learns or min(self.rates.values()) <= 0:
            raise ValueError(f"stage {self.name!r} needs a positive rate for each of {sorted(self.learns)}; got {self.rates}")


# The paper gives every part 2e-5 and its renderer hardly moves (REPRODUCIBILITY.md); ours has a rate of its own.
# The rates suit `tiny`, whose projector starts from nothing.
WARM_UP = Stage("render_warmup", frozenset({"renderer", "projector"}), "choose", {"renderer": 5e-3, "projector": 1e-3})
