"""XLA's options on CPU, where its defaults are slow for training."""

from __future__ import annotations

import contextlib
import os
from typing import Any

import jax

from multibackend.engine.jax.setup import device

PRODUCTS_BY_EIGEN = {"xla_cpu_experimental_ynn_fusion_type": ""}
"""XLA's options on several cores: its default library for products, YNNPACK, waits for threads that are busy with
others. Without it six of the benchmark's trainings took 0.94 to 0.99 of their time on two cores; B9 takes 1.04 on
one."""

FEWER_COPIES = {"xla_cpu_copy_insertion_use_region_analysis": True}
"""XLA's options on CPU, which otherwise copies weights in each round of a loop: 5 copies instead of 36 in the
benchmark's deep network. On two cores B9 took 0.92 of its time, deep and transformer 0.97; on one core they took 0.96
to 1.03."""


def compile_lowered(lowered: Any) -> Any:
    """Compile a function that JAX has lowered, with the options that are fast on its device."""
    if device() == "cpu":
        options = FEWER_COPIES | (PRODUCTS_BY_EIGEN if count_threads() > 1 else {})
        with contextlib.suppress(jax.errors.JaxRuntimeError):  # a release that has no such option
            return lowered.compile(options)
    return lowered.compile()


def count_threads() -> int:
    """Return how many threads XLA has on CPU."""
    return int(os.environ.get("NPROC", "0")) or os.cpu_count() or 1
