"""Weights that may be spread over processes (FSDP): read whole, filled part by part. All processes must call these at once."""

import torch
from torch import Tensor
from torch.distributed.tensor import distribute_tensor


def whole(value: Tensor) -> Tensor:
    """The tensor itself, gathered where it is spread."""
    return value.full_tensor() if hasattr(value, "full_tensor") else value


@torch.no_grad()
def fill(value: Tensor, stored: Tensor) -> None:
    """Gives a weight what was stored, each process its own part where the weight is spread."""
    stored = stored.to(value.device, value.dtype)
    value.copy_(distribute_tensor(stored, value.device_mesh, value.placements) if hasattr(value, "full_tensor") else stored)
