"""Preloads: plant a fault of the corpus for scripts that don't know of it, in Keras itself and in every model made.

`multibackend reduce --preload FILE` runs such a file before each script; `write_preload` writes it.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def write_preload(fault: str, path: Path) -> Path:
    """Write a file that plants a fault of the corpus in the process that runs it, on the fault's backend alone."""
    path.write_text(
        f"import sys\n\nsys.path.append({str(ROOT)!r})\nfrom power.preload import plant\n\nplant({fault!r})\n",
        encoding="utf-8",
    )
    return path


def plant(name: str) -> None:
    """Plant a fault for the rest of this process, or until the next one is planted."""
    from power import corpus, planting

    planting.undo()
    if planting.get_backend() != corpus.FAULTS[name].planted_on or name not in planting.PLANTS:
        return
    site = planting.Site()
    planting._site.lasting.push(site.lasting)
    planting._site.lasting.push(site.building)
    change = planting.PLANTS[name](site)
    next(change)
    try:
        change.send(None)  # type: ignore[arg-type]
    except StopIteration:
        return  # all of it is in the code of Keras
    except AttributeError:
        _plant_in_models(name, site)


def _plant_in_models(name: str, site: Any) -> None:
    """Plant a fault once in each model that is compiled or called; a model without such a layer stays as it is."""
    import keras

    from power import planting

    done: dict[int, Any] = {}

    def change(model: Any) -> None:
        if id(model) in done:
            return
        planting_here = planting.PLANTS[name](site)
        next(planting_here)
        with suppress(AttributeError, ValueError, IndexError):  # no optimizer yet, or no layer of that name
            with suppress(StopIteration):
                planting_here.send(model)
            done[id(model)] = model

    def compiling(compile_model: Any) -> Any:
        def compiled(self: Any, *args: Any, **kwargs: Any) -> None:
            compile_model(self, *args, **kwargs)
            change(self)

        return compiled

    def calling(call: Any) -> Any:
        def called(self: Any, *args: Any, **kwargs: Any) -> Any:
            if isinstance(self, keras.Model) and self.built:
                change(self)
            return call(self, *args, **kwargs)

        return called

    site.replace(keras.Model, "compile", compiling)
    site.replace(keras.layers.Layer, "__call__", calling)
