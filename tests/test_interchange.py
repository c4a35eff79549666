"""A `model.keras` from elsewhere: what Keras saves is loaded, and whatever could run code or fill the memory is not."""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from multibackend.archive import CONFIG, METADATA, WEIGHTS, Refused, read_members
from multibackend.interchange import load_model
from multibackend.training import save_model


@keras.saving.register_keras_serializable("tests")
class Scale(keras.layers.Layer):
    def build(self, shape: tuple[int, ...]) -> None:
        self.scale = self.add_weight(shape=(shape[-1],), initializer="ones")

    def call(self, x: Any) -> Any:
        return x * self.scale


def build_model() -> Any:
    keras.utils.clear_session()
    hidden = [keras.layers.Dense(5, "relu"), keras.layers.BatchNormalization(), Scale(), keras.layers.Dropout(0.5)]
    model = keras.Sequential([keras.Input((4,)), *hidden, keras.layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    model.optimizer.build(model.trainable_variables)
    return model


@pytest.fixture(scope="session")
def own() -> Any:
    return build_model()


@pytest.fixture
def members(own: Any) -> dict[str, bytes]:
    """What Keras saves of a model like the experiment's own."""
    files, unsaved, _ = save_model(own)
    assert not unsaved
    with zipfile.ZipFile(io.BytesIO(files["model.keras"])) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def refuse(tmp_path: Path, members: dict[str, bytes], own: Any, because: str) -> None:
    with pytest.raises(Refused, match=because):
        load_model(write(tmp_path / "model.keras", members), own)


def change_config(members: dict[str, bytes], change: Callable[[Any], object]) -> dict[str, bytes]:
    config = json.loads(members[CONFIG])
    change(config)
    return members | {CONFIG: json.dumps(config).encode()}


def change_weights(members: dict[str, bytes], change: Callable[[Any], object]) -> dict[str, bytes]:
    content = io.BytesIO(members[WEIGHTS])
    with h5py.File(content, "r+") as file:
        change(file)
    return members | {WEIGHTS: content.getvalue()}


def test_what_keras_saves_is_loaded(tmp_path: Path, own: Any) -> None:
    other = build_model()
    for variable in other.trainable_variables:
        variable.assign(variable + 1)
    files, _, _ = save_model(other)
    (tmp_path / "model.keras").write_bytes(files["model.keras"])
    loaded = load_model(tmp_path / "model.keras", own)
    x = np.ones((3, 4))
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), other.predict(x, verbose=0))
    assert loaded.optimizer.name == "adam"


# --------------------------------------------------------------------------------------------- the archive


def test_no_member_is_unpacked(tmp_path: Path, own: Any, members: dict[str, bytes]) -> None:
    bomb = write(tmp_path / "model.keras", members | {WEIGHTS: bytes(1 << 24)}, zipfile.ZIP_DEFLATED)
    with pytest.raises(Refused, match="compressed"):
        load_model(bomb, own)


@pytest.mark.parametrize(
    "name",
    ["../evil.h5", "/etc/evil", "assets/../../evil", "model.weights.npz", "assets/.hidden", "evil.py", "assets/a\\b"],
)
def test_other_members_are_refused(tmp_path: Path, own: Any, members: dict[str, bytes], name: str) -> None:
    refuse(tmp_path, members | {name: b"x"}, own, "it holds")


def test_assets_that_no_layer_of_keras_reads_are_refused(tmp_path: Path, own: Any, members: dict[str, bytes]) -> None:
    refuse(tmp_path, members | {"assets/scale/state.pkl": b"x"}, own, "no layer of Keras")


@pytest.mark.parametrize("name", [CONFIG, METADATA, WEIGHTS])
def test_each_member_is_needed(tmp_path: Path, own: Any, members: dict[str, bytes], name: str) -> None:
    refuse(tmp_path, {key: value for key, value in members.items() if key != name}, own, "its members are")


def test_a_member_that_comes_twice_is_refused(tmp_path: Path, own: Any, members: dict[str, bytes]) -> None:
    path = write(tmp_path / "model.keras", members)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(CONFIG, b"{}")
    with pytest.raises(Refused, match="each once"):
        load_model(path, own)


def test_members_that_overlap_are_refused(tmp_path: Path, own: Any, members: dict[str, bytes]) -> None:
    """Many entries of the directory, all of one member: small in the file, large in memory."""
    path = write(tmp_path / "model.keras", members)
    with zipfile.ZipFile(path) as archive:
        weights = archive.getinfo(WEIGHTS)
        entries = [*archive.infolist()]
        start = archive.start_dir
    content = path.read_bytes()[:start]
    for i in range(900):
        name = f"assets/{i}"
        entries.append(zipfile.ZipInfo(name))
        for field in ("header_offset", "file_size", "compress_size", "CRC"):
            setattr(entries[-1], field, getattr(weights, field))
    forged = io.BytesIO()
    with zipfile.ZipFile(forged, "w") as archive:
        archive.filelist, archive.start_dir, archive._didModify = entries, 0, True  # type: ignore[attr-defined]
    directory = forged.getvalue()
    end = bytearray(directory[-22:])
    end[16:20] = struct.pack("<L", start)
    path.write_bytes(content + directory[:-22] + bytes(end))
    with pytest.raises(Refused, match="claim more bytes"):
        load_model(path, own)


@pytest.mark.parametrize(
    ("alter", "because"),
    [
        (lambda content: content[:-30], "not a ZIP file"),
        (lambda content: content + b"more", "not a ZIP file"),
        (lambda content: content + bytes(1 << 25), "expected at most"),
        (lambda _: b"", "not a ZIP file"),
        (lambda content: content.replace(b"model.weights.h5", b"model.weights.h6", 1), "no archive"),
    ],
)
def test_what_is_no_archive_is_refused(
    tmp_path: Path, own: Any, members: dict[str, bytes], alter: Callable[[bytes], bytes], because: str
) -> None:
    path = write(tmp_path / "model.keras", members)
    path.write_bytes(alter(path.read_bytes()))
    with pytest.raises(Refused, match=because):
        load_model(path, own)


def test_only_a_plain_file_is_read(tmp_path: Path, members: dict[str, bytes]) -> None:
    there = write(tmp_path / "there.keras", members)
    (tmp_path / "link.keras").symlink_to(there)
    os.mkfifo(tmp_path / "pipe.keras")
    for name in ("link.keras", "pipe.keras", "."):
        with pytest.raises(Refused, match="expected a regular file"):
            read_members(tmp_path / name, 1 << 30)


# --------------------------------------------------------------------------------------- the configuration


def layer(config: Any, number: int) -> Any:
    return config["config"]["layers"][number]


EVIL = {"module": "os", "class_name": "function", "config": "system", "registered_name": "system"}
LAMBDA = {"class_name": "__lambda__", "config": {"value": ["4wAAAAA=", None, None]}}


@pytest.mark.parametrize(
    "change",
    [
        lambda c: layer(c, 1).update(module="evil"),
        lambda c: layer(c, 1).update(class_name="Lambda"),
        lambda c: layer(c, 1).update(registered_name="tests>Scale"),
        lambda c: layer(c, 1)["config"].update(activation=EVIL),
        lambda c: layer(c, 1)["config"].update(activation=LAMBDA),
        lambda c: layer(c, 1)["config"].update(units=10**12),
        lambda c: layer(c, 1)["config"].update(units=10**400),
        lambda c: layer(c, 1)["config"].update(units=True),
        lambda c: layer(c, 1)["config"].update(vocabulary="/etc/passwd"),
        lambda c: c["config"]["layers"].append(layer(c, 1)),
        lambda c: c["compile_config"].update(loss="file:///etc/passwd"),
        lambda c: c["compile_config"].update(jit_compile={"module": "os"}),
        lambda c: layer(c, 1).update(shared_object_id="x"),
        lambda c: c.update(build_config={"input_shape": [10**9, 10**9]}),
        lambda c: c.clear(),
    ],
)
def test_a_configuration_that_is_not_the_models_own_is_refused(
    tmp_path: Path, own: Any, members: dict[str, bytes], change: Callable[[Any], object]
) -> None:
    refuse(tmp_path, change_config(members, change), own, r"config.json: model.* the experiment's own model has")


def test_what_backends_decide_may_differ(tmp_path: Path, own: Any, members: dict[str, bytes]) -> None:
    def change(config: Any) -> None:
        config["compile_config"] |= {"jit_compile": not config["compile_config"]["jit_compile"]}
        config["compile_config"]["optimizer"] |= {"registered_name": "Adam", "shared_object_id": 7}

    model = load_model(write(tmp_path / "model.keras", change_config(members, change)), own)
    assert model.jit_compile == own.jit_compile


def test_what_another_backend_compiled_loads_where_nothing_compiles(
    tmp_path: Path, members: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """TensorFlow compiles nothing while it runs deterministically, and Keras warns where a file asks for it."""
    monkeypatch.setattr(keras.src.trainers.trainer, "model_supports_jit", lambda _: False)
    model = build_model()
    compiled = change_config(members, lambda config: config["compile_config"].update(jit_compile=True))
    assert not load_model(write(tmp_path / "model.keras", compiled), model).jit_compile


def find_decisions(value: Any) -> list[dict[str, Any]]:
    """All objects of a configuration that say whether a model is compiled."""
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    own = [value] if isinstance(value, dict) and "jit_compile" in value else []
    return own + [found for one in inner for found in find_decisions(one)]


def test_nor_does_a_compiled_model_within_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    inner.compile("sgd", "mse")
    model = keras.Sequential([keras.Input((4,)), inner, keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    files, _, _ = save_model(model)
    with zipfile.ZipFile(io.BytesIO(files["model.keras"])) as archive:
        saved = {name: archive.read(name) for name in archive.namelist()}

    def compile_all(config: Any) -> None:
        found = find_decisions(config)
        assert len(found) == 2
        for one in found:
            one["jit_compile"] = True

    path = write(tmp_path / "model.keras", change_config(saved, compile_all))
    model.jit_compile = inner.jit_compile = False
    for one in (model, inner):
        one._compile_config.config["jit_compile"] = False
    monkeypatch.setattr(keras.src.trainers.trainer, "model_supports_jit", lambda _: False)
    loaded = load_model(path, model)
    assert not loaded.jit_compile
    assert not loaded.layers[0].jit_compile


@keras.saving.register_keras_serializable("tests")
class Compiles(keras.Model):
    """A model whose configuration of compiling is its own, without `jit_compile`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dense = keras.layers.Dense(1)

    def call(self, x: Any) -> Any:
        return self.dense(x)

    def get_compile_config(self) -> dict[str, Any]:
        return {"rate": 0.1}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        (rate,) = config.values()  # nothing else may have come in
        self.compile(keras.optimizers.SGD(rate), "mse")
        self.optimizer.build(self.trainable_variables)


def test_a_model_that_configures_its_compiling_itself_is_loaded(tmp_path: Path) -> None:
    model = Compiles()
    model(np.zeros((2, 4), "float32"))
    model.compile_from_config({"rate": 0.1})
    files, unsaved, _ = save_model(model)
    assert not unsaved
    (tmp_path / "model.keras").write_bytes(files["model.keras"])
    loaded = load_model(tmp_path / "model.keras", model)
    assert loaded.compiled
    assert loaded.jit_compile == model.jit_compile


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[" * 60_000, b"\xff", b"null", b"[]", b'{"a":' + b"9" * 5000 + b"}", b" " * (1 << 20)]
)
def test_a_configuration_that_is_none_is_refused(
    tmp_path: Path, own: Any, members: dict[str, bytes], content: bytes
) -> None:
    refuse(tmp_path, members | {CONFIG: content}, own, "config.json")


def test_safe_mode_cannot_be_switched_off_by_the_users_file(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Lambda(lambda x: x * 2)])
    model.compile("sgd", "mse")
    files, unsaved, _ = save_model(model)
    assert not unsaved
    (tmp_path / "model.keras").write_bytes(files["model.keras"])
    keras.config.enable_unsafe_deserialization()
    try:
        with pytest.raises(ValueError, match="lambda"):
            load_model(tmp_path / "model.keras", model)
    finally:
        keras.src.saving.serialization_lib.global_state.set_global_attribute("safe_mode_saving", None)


# --------------------------------------------------------------------------------------------- the weights


def replace_dataset(file: Any, name: str = "layers/dense/vars/0") -> str:
    del file[name]
    return name


def link_elsewhere(file: Any) -> None:
    file[replace_dataset(file)] = h5py.ExternalLink("/etc/passwd", "/x")


def link_softly(file: Any) -> None:
    file[replace_dataset(file)] = h5py.SoftLink("/layers/dense/vars/1")


def store_elsewhere(file: Any) -> None:
    file.create_dataset(replace_dataset(file), (4, 5), "f4", external=[("/etc/passwd", 0, 80)])


def make_virtual(file: Any) -> None:
    layout = h5py.VirtualLayout((4, 5), "f4")
    layout[:] = h5py.VirtualSource("/tmp/other.h5", "x", (4, 5))
    file.create_virtual_dataset(replace_dataset(file), layout)


def compress(file: Any) -> None:
    file.create_dataset(replace_dataset(file), data=np.zeros((4, 5), "f4"), compression="gzip")


def claim_much(file: Any) -> None:
    file.create_dataset(replace_dataset(file), (1 << 20, 1 << 20), "f4", chunks=(1, 1024))


def claim_unwritten(file: Any) -> None:
    file.create_dataset(replace_dataset(file), (1 << 14, 1 << 14), "f4")


def hold_strings(file: Any) -> None:
    file.create_dataset(replace_dataset(file), data=np.array([b"a"]), dtype=h5py.string_dtype())


def hold_records(file: Any) -> None:
    file.create_dataset(replace_dataset(file), data=np.zeros(3, [("a", "f4")]))


def hold_type(file: Any) -> None:
    file["layers/dense/t"] = np.dtype("f8")


def go_in_circles(file: Any) -> None:
    file["layers/dense/again"] = file["layers"]


@pytest.mark.parametrize(
    ("change", "because"),
    [
        (link_elsewhere, "ExternalLink"),
        (link_softly, "SoftLink"),
        (store_elsewhere, "other files"),
        (make_virtual, "other files"),
        (compress, "claims 80 bytes and stores"),
        (claim_much, "claims 4398046511104 bytes and stores 0"),
        (claim_unwritten, "claims 1073741824 bytes and stores 0"),
        (hold_strings, "expected numbers"),
        (hold_records, "expected numbers"),
        (hold_type, "neither group nor array"),
        (go_in_circles, "in itself"),
    ],
)
def test_weights_that_are_not_plain_arrays_in_the_file_are_refused(
    tmp_path: Path, own: Any, members: dict[str, bytes], change: Callable[[Any], object], because: str
) -> None:
    refuse(tmp_path, change_weights(members, change), own, because)


@pytest.mark.parametrize("content", [b"", b"no HDF5", b"\x89HDF\r\n\x1a\n" + bytes(500)])
def test_weights_that_are_none_are_refused(tmp_path: Path, own: Any, members: dict[str, bytes], content: bytes) -> None:
    refuse(tmp_path, members | {WEIGHTS: content}, own, "no HDF5")


def test_many_names_for_one_array_do_not_add_up(tmp_path: Path, own: Any, members: dict[str, bytes]) -> None:
    def repeat(file: Any) -> None:
        file["big"] = np.zeros(1 << 20, "f4")
        for i in range(50):
            file[f"big{i}"] = file["big"]

    refuse(tmp_path, change_weights(members, repeat), own, "arrays of")
