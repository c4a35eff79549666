"""The descriptor of a backend: all that the rest of the library knows of it without importing its framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Device = Literal["auto", "cpu", "cuda"]
DEVICES: tuple[Device, ...] = get_args(Device)

Capability = Literal["gradients", "training", "float64"]
"""A task that not every backend can do. All call a model on inputs, and load one that another backend saved."""

CAPABILITIES: frozenset[Capability] = frozenset(get_args(Capability))

CAPABILITY_WORDS: Mapping[Capability, str] = {
    "gradients": "compute gradients",
    "training": "train",
    "float64": "compute in float64",
}
"""The capabilities as messages name them."""


@dataclass(frozen=True)
class Package:
    """A package that a backend needs: the module that is imported, and the names under which it is distributed."""

    name: str
    module: str
    distributions: tuple[str, ...]


Environment = Mapping[str, str]


@dataclass(frozen=True)
class Backend:
    """A backend of Keras.

    `name` is what `KERAS_BACKEND` holds, `title` how its makers write it.
    `environment(device, threads)` gives the environment variables that its process needs beside everybody's.
    `color` is its line's in every plot, from Okabe and Ito's palette, whose colours are told apart with every kind of
    colour blindness (https://jfly.uni-koeln.de/color/).
    `script_seconds` is about how long a script of a few operations takes in a process that has run one before.
    `can` holds its capabilities; ask for one by name with `backends.require`.
    `run_once(environment)` changes an environment for programs that run once each: compiling takes most of their time.
    `compiles_each_program` says that a program costs a second of compiling, however small it is.
    `checking` holds the environment variables of a process that checks one submission after another, beside the others.
    `compiled_folder` is the folder of compiled programs within the cache folder, "" for none.
    """

    name: str
    title: str
    packages: tuple[Package, ...]
    environment: Callable[[Device, int], Environment]
    color: str
    script_seconds: float
    can: frozenset[Capability] = CAPABILITIES
    run_once: Callable[[Environment], Environment] = field(default=dict)
    compiles_each_program: bool = False
    checking: Environment = field(default_factory=dict)
    compiled_folder: str = ""

    @property
    def distributions(self) -> tuple[str, ...]:
        """Every name under which the packages that it needs are distributed."""
        return tuple(name for package in self.packages for name in package.distributions)

    @property
    def trains(self) -> bool:
        """Tell if a model can be trained on it."""
        return "training" in self.can
