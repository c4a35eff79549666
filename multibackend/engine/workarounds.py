"""Workarounds: changes to Keras 3.15 where it keeps a float64 training from being float64 on every backend.

A float64 run is the proof that backends compute the same mathematics. So a workaround is needed for each thing that
Keras itself does differently, and it must be visible: each record lists the workarounds in effect, and
`compare/known.toml` says what happens without each. `docs/upstream/` holds a reproduction of every cause. float32
trainings have no workarounds: there Keras trains as its users get it. A backend that only computes in float32 may have
some.

Each backend's workarounds are in the `workarounds.py` of its folder.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from multibackend.engine.backends import get_backend
from multibackend.experiments.choices import Precision


@dataclass(frozen=True)
class Workaround:
    """A change to Keras for runs in `precision`, which `apply` makes; closing the stack takes it back."""

    name: str
    apply: Callable[[ExitStack], None]
    precision: Precision = "float64"


def list_workarounds(backend: str) -> tuple[Workaround, ...]:
    """Return what runs need on a backend; imports no framework and no Keras."""
    module = importlib.import_module(f"multibackend.engine.{get_backend(backend).name}.workarounds")
    workarounds: tuple[Workaround, ...] = module.WORKAROUNDS
    return workarounds


@contextmanager
def apply_workarounds(backend: str, precision: Precision, wanted: bool) -> Iterator[tuple[str, ...]]:
    """Apply a backend's workarounds for runs in a precision while open, if wanted; yield their names."""
    workarounds = [w for w in list_workarounds(backend) if w.precision == precision] if wanted else []
    with ExitStack() as stack:
        for workaround in workarounds:
            workaround.apply(stack)
        yield tuple(workaround.name for workaround in workarounds)


OPTIMIZER_BY_PUBLIC_NAME = "optimizer-saved-by-public-name"


@contextmanager
def optimizer_saved_by_public_name(model: Any) -> Iterator[tuple[str, ...]]:
    """Let other backends load a model that is saved while open; yield the workaround's name if it is needed.

    Keras has optimizers of its own for torch, and writes their module into the file. That module can't be imported
    where torch isn't installed: keras/src/backend/torch/optimizers/torch_optimizer.py, seen in 3.15.1. We found no
    report.
    """
    optimizer = type(model.optimizer)
    if not optimizer.__module__.startswith("keras.src.backend."):
        yield ()
        return
    with patch.object(optimizer, "__module__", "keras.optimizers"):
        yield (OPTIMIZER_BY_PUBLIC_NAME,)


def _keep_float64(stack: ExitStack) -> None:
    # Keras' promotion table turns every float64 result into float32 on JAX and torch, even under
    # set_floatx("float64"): keras/src/backend/common/dtypes.py, BIT64_TO_BIT32_DTYPE, seen in 3.15.1
    # (keras issue 23704).
    from keras.src.backend.common import dtypes

    stack.enter_context(patch.dict(dtypes.BIT64_TO_BIT32_DTYPE, {"float64": "float64"}))


FLOAT64_STAYS_FLOAT64 = Workaround("float64-stays-float64", _keep_float64)
"""The workaround that several backends need."""


def replace_everywhere(stack: ExitStack, original: Callable[..., Any], replacement: Callable[..., Any]) -> None:
    """Replace a function in every Keras module that imported it by name."""
    for name, module in list(sys.modules.items()):
        if name.startswith("keras.src"):
            for attribute, value in list(vars(module).items()):
                if value is original:
                    stack.enter_context(patch.object(module, attribute, replacement))
