"""What makes a frozen language model faster in training: weights of another dtype, layers that are compiled."""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import nn


def keep_in(parameters: Iterable[nn.Parameter], dtype: torch.dtype) -> None:
    """Weights in another dtype, in place. Unlike `Module.to` it leaves buffers, since rounded rotary frequencies would shift positions."""
    for parameter in parameters:
        parameter.data = parameter.data.to(dtype)


def must_compile() -> None:
    """Raises ValueError where there is no compiler for C++."""
    if not any(map(shutil.which, (os.environ.get("CXX", "g++"), "clang++"))):
        raise ValueError("--compile needs a compiler for C++ and finds no g++; install one or leave --compile out")


@contextmanager
def compiled_layers(language: nn.Module) -> Iterator[None]:
    """While it lasts a language model's layers run compiled, in one form that all share.

    Needs a compiler for C++. On a CPU attention is spelt out, since that of PyTorch is slow backwards.
    """
    layers, attention = language.layers, language.config._attn_implementation
    try:
        if next(language.parameters()).device.type == "cpu":
            language.set_attn_implementation("eager")
        for layer in layers:
            layer.compile(dynamic=True)
        yield
    finally:
        language.set_attn_implementation(attention)
        for layer in layers:
            layer._compiled_call_impl = None
