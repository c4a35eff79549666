"""The sweep's cases against Keras' public names, and one backend's share of running them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from multibackend import draws
from multibackend.engine.backends import get_engine
from multibackend.sweep.case import Case, Make
from multibackend.sweep.cases import CASES, EXEMPT, NAMESPACES
from multibackend.sweep.execute import execute
from multibackend.sweep.inputs import Array
from multibackend.sweep.worker import run_case


@pytest.fixture
def backend() -> str:
    name = str(keras.backend.backend())
    get_engine(name).configure("float32", threads=1)
    return name


def public_names() -> dict[str, Any]:
    """List every public class and function of the namespaces by its path; schedules are a namespace of their own."""
    spaces = {name: getattr(keras, name) for name in NAMESPACES}
    spaces["optimizers.schedules"] = keras.optimizers.schedules
    return {
        f"{space}.{name}": value
        for space, module in spaces.items()
        for name, value in vars(module).items()
        if not name.startswith("_") and name != "schedules"
    }


def mentioned(value: Any) -> set[str]:
    """The paths that a case's target, configuration and call name."""
    if isinstance(value, Case):
        return {value.target} | mentioned(value.config) | mentioned(value.call)
    if isinstance(value, Make):
        return {value.path} | mentioned(value.config)
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return {path for part in parts for path in mentioned(part)}


def resolve(path: str) -> Any:
    value: Any = keras
    for part in path.split("."):
        value = getattr(value, part)
    return value


def test_every_public_name_has_a_case_or_a_reason() -> None:
    covered = {id(resolve(path)) for case in CASES for path in mentioned(case)}
    exempt = {id(resolve(path)) for path in EXEMPT if path in public_names()}
    missing = [path for path, value in public_names().items() if id(value) not in covered | exempt]
    assert not missing, "give each a case in multibackend/sweep/cases/, or a reason in exempt.py"


def test_no_reason_is_given_for_what_is_gone_or_has_a_case() -> None:
    covered = {id(resolve(path)) for case in CASES for path in mentioned(case)}
    for path, reason in EXEMPT.items():
        assert path in public_names(), path
        assert id(resolve(path)) not in covered, path
        assert reason


def test_the_public_names_are_many() -> None:
    assert len(public_names()) > 380  # 416 in Keras 3.15.1: what finds none would find nothing missing


def test_differentiate_gives_outputs_state_and_gradients(backend: str) -> None:
    case = Case("layers.BatchNormalization", {}, (Array("normal", (4, 3)),), {"training": True})
    result = execute(case, backend, "float32", 0)
    assert list(result.arrays) == [
        "forward/0",
        "state/0",
        "state/1",
        "gradient/input 0",
        "gradient/weight 0",
        "gradient/weight 1",
    ]
    assert set(result.dtypes.values()) == {"float32"}
    moments = case.draw()[0].mean(axis=0)
    initial = 0.1 * draws.order.make_generator(case.stream, 1000, 2).random(3)
    np.testing.assert_allclose(result.arrays["state/0"], 0.99 * initial + 0.01 * moments, rtol=1e-4, atol=1e-6)


def test_a_gradient_is_that_of_the_outputs_times_the_cotangent(backend: str) -> None:
    case = Case("ops.square", {}, (Array("normal", (2, 3)),))
    x = case.draw()[0]
    cotangent = draws.order.make_generator(case.stream, 2000, 0).standard_normal((2, 3))
    gradient = execute(case, backend, "float32", 0).arrays["gradient/input 0"]
    np.testing.assert_allclose(gradient, 2 * x * cotangent, rtol=1e-5)


def test_a_repetition_moves_the_inputs_by_one_unit_in_the_last_place(backend: str) -> None:
    case = Case("activations.linear", {}, (Array("normal", (20,)), Array("ties", (20,))), each=1)
    base, moved = (execute(case, backend, "float32", k).arrays for k in (0, 1))
    assert (base["forward/0"] != moved["forward/0"]).all()
    np.testing.assert_allclose(base["forward/0"], moved["forward/0"], rtol=2.0**-22)
    assert (base["forward/1"] == moved["forward/1"]).all()  # ties stay ties


def test_what_a_case_raises_is_its_outcome(backend: str) -> None:
    events: list[dict[str, Any]] = []
    outcome = run_case(Case("layers.Dense", {"units": -1}), backend, "float32", True, events.append)
    assert outcome.error.startswith("ValueError: ")
    assert not outcome.arrays
    assert [event["event"] for event in events] == ["start"]


def test_a_default_dtype_of_its_own_is_put_back(backend: str) -> None:
    case = Case("initializers.Zeros", {}, (), {"shape": (2,)}, how="forward", floatx="float16")
    assert execute(case, backend, "float32", 0).dtypes == {"forward/0": "float16"}
    assert keras.config.floatx() == "float32"
    assert keras.config.dtype_policy().name == "float32"
