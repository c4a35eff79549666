"""Draws are the same numbers on every backend: the sums here were computed once and hold on all three."""

from __future__ import annotations

import hashlib
import random
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from multibackend import Unsupported, draws
from multibackend.engine.backends import get_engine
from multibackend.engine.state import to_numpy

SHAPES = {"STFT": (32, 1, 17), "Identity": (6, 6)}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "Constant": {"value": 0.4},
    "RandomNormal": {"stddev": 0.05},
    "VarianceScaling": {"scale": 0.3, "mode": "fan_avg", "distribution": "untruncated_normal"},
    "Orthogonal": {"gain": 1.1},
    "Identity": {"gain": 0.3},
}


def built_in_initializers() -> list[str]:
    found = {
        value.__name__: name
        for name, value in vars(keras.initializers).items()
        if isinstance(value, type) and name[0].isupper() and value is not keras.initializers.Initializer
    }
    return sorted(found)


COMPUTED = ("Orthogonal", "STFT")
"""These also compute, so that their last bits may depend on the processor; tests of their own hold them."""


def digest(*arrays: np.ndarray) -> str:
    return hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)).hexdigest()[:16]


@pytest.fixture(params=["float32", "float64"])
def precision(request: pytest.FixtureRequest) -> str:
    get_engine(keras.backend.backend()).configure(request.param, threads=1)
    return str(request.param)


def draw(name: str, precision: str, **arguments: Any) -> np.ndarray:
    with draws.initial_weights(3):
        initializer = getattr(keras.initializers, name)(**{**ARGUMENTS.get(name, {}), **arguments})
        return to_numpy(initializer(SHAPES.get(name, (30, 20)), dtype=precision))


EXPECTED: dict[str, dict[str, str]] = {
    "float32": {
        "Constant": "cdcad0926f4abbc5",
        "GlorotNormal": "85e7773fa900a2a3",
        "GlorotUniform": "c2c1768e150548eb",
        "HeNormal": "436c5e821f1433ab",
        "HeUniform": "488ce6e9e1125901",
        "Identity": "e69c9f2c82cb42d8",
        "LecunNormal": "226a3b04b034ef00",
        "LecunUniform": "a6319dc71fb27507",
        "Ones": "66f0f4bb76c6f002",
        "RandomNormal": "d1ffae039f7518ff",
        "RandomUniform": "456f25d2940caca5",
        "TruncatedNormal": "e4bca8c0e3e5a919",
        "VarianceScaling": "38ce17e3f3f35228",
        "Zeros": "a0ee989ed2a0a2e3",
    },
    "float64": {
        "Constant": "68b62047fb375ea8",
        "GlorotNormal": "30d32bcc345e0b06",
        "GlorotUniform": "be0e2f732eb4677d",
        "HeNormal": "a14453bb294da989",
        "HeUniform": "205e1af71bf38ba4",
        "Identity": "262d325233c22446",
        "LecunNormal": "a1a005f60ed0161f",
        "LecunUniform": "d1fe3a03029ac9e0",
        "Ones": "65aa9b204ae2370e",
        "RandomNormal": "b3655591704b5420",
        "RandomUniform": "f2eb816426a7b1c7",
        "TruncatedNormal": "ab9011642c04e825",
        "VarianceScaling": "aa26cc60a5a2df5d",
        "Zeros": "24ddaa4710480313",
    },
}


def test_every_initializer_is_the_same_to_the_bit(precision: str) -> None:
    got = {name: draw(name, precision) for name in built_in_initializers() if name not in COMPUTED}
    assert len(got) >= 14
    for values in got.values():
        assert values.dtype == precision
    assert {name: digest(values) for name, values in got.items()} == EXPECTED[precision]


def test_orthogonal_is_numpys_decomposition_to_the_bit(precision: str) -> None:
    with draws.initial_weights(3):
        normal = to_numpy(keras.random.normal((30, 20), seed=5, dtype=precision))
    q, r = np.linalg.qr(normal.astype("float64"))
    expected = (1.1 * (q * np.sign(np.diag(r)))).astype(precision)
    np.testing.assert_array_equal(draw("Orthogonal", precision, seed=5), expected)


def test_stft_is_computed_in_numpy_to_the_bit(precision: str) -> None:
    values = draw("STFT", precision, side="imag", scaling=None, periodic=True)
    time, frequency = np.arange(32, dtype=precision)[:, None, None], np.arange(17, dtype=precision)[None, None] / 32
    angle = np.multiply(-2, time) * frequency * np.arccos(np.asarray(-1, precision))
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(32) / 32)[:, None, None]
    np.testing.assert_allclose(values, np.sin(angle) * window, atol=4 * np.finfo(precision).eps)


def test_orthogonal_is_orthogonal(precision: str) -> None:
    weights = draw("Orthogonal", precision, gain=1.0).astype("float64")
    eps = np.finfo(precision).eps
    np.testing.assert_allclose(weights.T @ weights, np.eye(20), atol=20 * eps)


def test_random_initializers_follow_their_distribution() -> None:
    with draws.initial_weights(0):
        normal = to_numpy(keras.random.normal((40_000,), 1.0, 2.0, seed=1))
        truncated = to_numpy(keras.random.truncated_normal((40_000,), 0.0, 3.0, seed=1))
        uniform = to_numpy(keras.random.uniform((40_000,), -1.0, 3.0, seed=1))
    # Standard errors of the mean: 2 / 200, 2.64 / 200 and 1.15 / 200; bounds of five of them.
    assert normal.mean() == pytest.approx(1.0, abs=0.05)
    assert normal.std() == pytest.approx(2.0, abs=0.04)
    assert truncated.std() == pytest.approx(3.0 * 0.8796, abs=0.05)
    assert np.abs(truncated).max() <= 6.0
    assert uniform.mean() == pytest.approx(1.0, abs=0.03)
    assert uniform.min() >= -1.0
    assert uniform.max() <= 3.0


def custom(shape: Any, dtype: Any = None) -> Any:
    return keras.random.gamma(shape, 2.0, dtype=dtype, seed=5) + keras.random.normal(shape, dtype=dtype)


def build() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((5, 4)),
            keras.layers.LSTM(6, return_sequences=True),
            keras.layers.Dense(4, kernel_initializer=custom),
            keras.layers.Flatten(),
            keras.layers.Dense(3, kernel_initializer=keras.initializers.HeNormal(seed=11)),
        ]
    )


MODEL = "9944d7c765b48641"


def test_a_model_with_custom_initializers_is_the_same_to_the_bit() -> None:
    get_engine(keras.backend.backend()).configure("float32", threads=1)
    weights = []
    for seed in (1, 1, 2):
        keras.utils.clear_session()
        with draws.initial_weights(seed):
            weights.append(build().get_weights())
    assert digest(*weights[0]) == digest(*weights[1]) == MODEL
    assert digest(*weights[2]) != MODEL


def test_nothing_else_changes_while_a_model_is_built() -> None:
    random.seed(8)
    np.random.seed(8)
    expected = (random.random(), np.random.rand())
    random.seed(8)
    np.random.seed(8)
    functions = {name: getattr(keras.src.backend.random, name) for name in ("normal", "uniform", "dropout")}
    with draws.initial_weights(1):
        build()
    assert (random.random(), np.random.rand()) == expected
    for name, function in functions.items():
        assert getattr(keras.src.backend.random, name) is function
    assert keras.random.SeedGenerator(4).get_config()["seed"] == 4


def test_batch_order_is_a_permutation_of_its_own_for_each_epoch_and_seed() -> None:
    orders = [draws.batch_order(seed, epoch, 1000) for seed, epoch in ((0, 0), (0, 1), (1, 0))]
    assert digest(orders[0]) == "72376decb5f0f7b1"
    for order in orders:
        np.testing.assert_array_equal(np.sort(order), np.arange(1000))
    assert len({digest(order) for order in orders}) == 3


def test_threefry_gives_the_published_numbers() -> None:
    """Known answers of Random123's kat_vectors, threefry2x32 with 20 rounds."""

    def int32(*values: int) -> list[Any]:
        return [ops.convert_to_tensor(np.array([v], np.uint32).view(np.int32)) for v in values]

    known = [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF,) * 2, (0xFFFFFFFF,) * 2, (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ]
    for key, counter, expected in known:
        got = draws.threefry(*int32(*key), *int32(*counter))
        assert tuple(int(to_numpy(word)[0]) & 0xFFFFFFFF for word in got) == expected


def test_dropout_masks_are_the_same_to_the_bit(precision: str) -> None:
    with draws.identical_masks():
        layer = keras.layers.Dropout(0.3, seed=7)
        masks = [to_numpy(layer(np.ones((50, 41), precision), training=True)) for _ in range(2)]
    kept = [mask > 0 for mask in masks]
    assert digest(*kept) == "51e8e0af7d0d7c40"
    assert kept[0].mean() == pytest.approx(0.7, abs=0.05)  # 5 standard errors of 2,050 draws
    assert (kept[0] != kept[1]).any()
    np.testing.assert_allclose(masks[0][kept[0]], 1 / 0.7, rtol=1e-6)


def test_a_noise_shape_is_broadcast() -> None:
    get_engine(keras.backend.backend()).configure("float32", threads=1)
    with draws.identical_masks():
        layer = keras.layers.SpatialDropout1D(0.5, seed=3)
        mask = to_numpy(layer(np.ones((4, 6, 5), "float32"), training=True))
    np.testing.assert_array_equal(mask, np.broadcast_to(mask[:, :1], mask.shape))


def test_what_is_not_drawn_alike_is_refused_by_name() -> None:
    with draws.identical_masks():
        with pytest.raises(Unsupported, match=r"keras\.random\.gamma is drawn from in training"):
            keras.random.gamma((2,), 1.0, seed=1)
        with pytest.raises(Unsupported, match="without a seed"):
            keras.random.uniform((2,))


def test_perturbing_moves_each_weight_by_one_ulp() -> None:
    weights = np.random.default_rng(0).normal(size=(30, 20)).astype("float32")
    moved = draws.perturb(weights, 0, 1)
    ulps = (moved.view(np.int32) - weights.view(np.int32)).ravel()
    assert set(np.abs(ulps)) == {1}
    assert 0.4 < (moved > weights).mean() < 0.6
