"""Planting: change Keras or the framework by a fault, and undo all of it.

A fault is a generator. Before its `yield` it changes code; the model isn't built yet. The `yield` returns the model,
compiled and not yet built with data, which the fault may change then. Changes of Keras' or a framework's code go
through an `ExitStack`: `lasting` is closed when the next experiment of the corpus is loaded or built, `building` as
soon as the model is built. Changes of the model end with the model.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

import keras

from multibackend import Dataset

Plant = Callable[["Site"], Generator[None, keras.Model, None]]
PLANTS: dict[str, Plant] = {}
DATA_FAULTS: dict[str, Callable[[Dataset], Dataset]] = {}


class Site:
    """The two stacks of changes that a fault makes of code."""

    def __init__(self) -> None:
        self.lasting, self.building = ExitStack(), ExitStack()

    def replace(self, owner: Any, name: str, value: Any) -> Any:
        """Replace an attribute of a module or class by `value(original)` until it is undone; return the original."""
        original = getattr(owner, name)
        self.lasting.enter_context(patch.object(owner, name, value(original)))
        return original

    def replace_while_building(self, owner: Any, name: str, value: Any) -> None:
        """Replace an attribute while the model is built, and no longer."""
        self.building.enter_context(patch.object(owner, name, value(getattr(owner, name))))


_site = Site()


def undo() -> None:
    """Undo what the last fault changed of Keras' and the framework's code."""
    _site.building.close()
    _site.lasting.close()


def build(name: str, build_model: Callable[[], keras.Model]) -> keras.Model:
    """Build a model with this fault; any earlier one is undone first."""
    undo()
    try:
        plant = PLANTS[name](_site)
        next(plant)
        model = build_model()
        _site.building.close()
        for _ in _send(plant, model):
            raise AssertionError(f"fault {name}: yields twice")
    except BaseException:
        undo()
        raise
    return model


def _send(plant: Generator[None, keras.Model, None], model: keras.Model) -> Generator[None, None, None]:
    try:
        yield plant.send(model)
    except StopIteration:
        return


def in_model(change: Callable[[keras.Model], None]) -> Callable[[keras.Model], None]:
    """Register a fault that changes nothing but the model."""

    def plant(_: Site) -> Generator[None, keras.Model, None]:
        change((yield))

    PLANTS[change.__name__] = plant
    return change


def in_code(change: Callable[[Site], None]) -> Callable[[Site], None]:
    """Register a fault that changes Keras' or the framework's code, before the model is built."""

    def plant(site: Site) -> Generator[None, keras.Model, None]:
        change(site)
        yield

    PLANTS[change.__name__] = plant
    return change


def in_data(change: Callable[[Dataset], Dataset]) -> Callable[[Dataset], Dataset]:
    """Register a fault in how the data are loaded."""
    DATA_FAULTS[change.__name__] = change
    return change


# ------------------------------------------------------------------------------------------- what faults are made of


def find_layer(model: keras.Model, name: str) -> Any:
    """Find the layer of a name, also in inner models."""
    (found,) = [layer for layer in model._flatten_layers(include_self=False) if layer.name == name]
    return found


def after_call(layer: Any, change: Callable[[Any], Any]) -> None:
    """Change what a layer returns."""
    call = layer.call
    layer.call = lambda *args, **kwargs: change(call(*args, **kwargs))


def meanwhile(owner: Any, method: str, **values: Any) -> None:
    """Give attributes of a layer or optimizer other values while one of its methods runs, and at no other time."""
    original = getattr(owner, method)

    def changed(*args: Any, **kwargs: Any) -> Any:
        before = {name: getattr(owner, name) for name in values}
        for name, value in values.items():
            setattr(owner, name, value)
        try:
            return original(*args, **kwargs)
        finally:
            for name, value in before.items():
                setattr(owner, name, value)

    setattr(owner, method, changed)


def change_gradients(model: keras.Model, change: Callable[[list[Any]], list[Any]]) -> None:
    """Change the gradients before the optimizer uses them."""
    apply = model.optimizer.apply
    model.optimizer.apply = lambda gradients, variables=None: apply(change(list(gradients)), variables)


def from_step(model: keras.Model, step: int, value: float) -> Any:
    """Return a factor that is 1 before the step of that number (from 1), and `value` from then on."""
    begun = keras.ops.cast(model.optimizer.iterations >= step - 1, keras.config.floatx())
    return 1 + (value - 1) * begun


def backend_module(name: str) -> Any:
    """Return Keras' module of that name for the backend in use: `nn`, `numpy`."""
    from keras.src import backend

    return getattr(backend, name)


def get_backend() -> str:
    """Return the backend in use."""
    return keras.backend.backend()
