"""Data are found in the promised order, verified, and fetched once; whatever is wrong is said in one line."""

import hashlib
import importlib.util
import io
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest

import multibackend
from multibackend.datasets import builtin, download
from multibackend.datasets.checksums import ARCHIVES, TABLES, Expected
from multibackend.errors import DataUnavailable, MultibackendError

ROOT = Path(__file__).resolve().parents[2]
SMALL = {"data": np.arange(6.0).reshape(3, 2), "target": np.arange(3.0)}
CALIFORNIA = "california_housing.npz"


def _sum(array: np.ndarray) -> str:
    return hashlib.sha256(array.tobytes()).hexdigest()


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """A named folder and a cache of this test's own, both empty; no fetching."""
    named, cache = tmp_path / "named", tmp_path / "cache"
    named.mkdir()
    monkeypatch.setenv("MULTIBACKEND_DATA", str(named))
    monkeypatch.setenv("MULTIBACKEND_CACHE", str(cache))

    def unreachable():
        raise DataUnavailable("no network")

    for file in builtin.FETCH:
        monkeypatch.setitem(builtin.FETCH, file, unreachable)
    return named, cache


@pytest.fixture
def small_california(monkeypatch):
    """Expect three rows instead of 20,640."""
    expected = {key: Expected(array.shape, "float64", _sum(array)) for key, array in SMALL.items()}
    monkeypatch.setitem(ARCHIVES, CALIFORNIA, expected)


def _refused(load, kind=MultibackendError) -> str:
    with pytest.raises(kind) as caught:
        load()
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_tables_hold_what_the_course_says():
    houses, tumors = builtin.load_houses(), builtin.load_tumors()
    assert list(houses.columns) == ["size", "nb_rooms", "price"]
    assert list(tumors.columns) == ["size", "p53_concentration", "is_malignant"]
    assert (len(houses), len(tumors)) == (200, 320)
    assert tumors["is_malignant"].sum() == 160
    assert np.corrcoef(houses["size"], houses["price"])[0, 1] > 0.95


def test_mnist_is_whole_and_fresh():
    x_train, y_train, x_test, y_test = builtin.load_mnist()
    assert x_train.shape == (60000, 28, 28)
    assert x_test.shape == (10000, 28, 28)
    assert y_train[0] == 5
    assert np.bincount(y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    y_train[0] = 4
    assert builtin.load_mnist()[1][0] == 5


def test_tables_are_made_again_byte_for_byte(tmp_path):
    subprocess.run([sys.executable, ROOT / "data/make_tables.py", tmp_path], check=True)
    for file, sha256 in TABLES.items():
        assert (tmp_path / file).read_bytes() == (ROOT / "data" / file).read_bytes()
        assert hashlib.sha256((tmp_path / file).read_bytes()).hexdigest() == sha256


def test_sums_beside_the_files_are_theirs():
    rows = [line.split("  ") for line in (ROOT / "data/SHA256SUMS").read_text().splitlines()]
    assert {file for _, file in rows} == {*TABLES, "mnist.npz"}
    for sha256, file in rows:
        assert hashlib.sha256((ROOT / "data" / file).read_bytes()).hexdigest() == sha256


def test_an_idx_file_is_read_by_its_header_or_refused(tmp_path):
    spec = importlib.util.spec_from_file_location("make_mnist", ROOT / "data/make_mnist.py")
    make_mnist = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_mnist)
    path = tmp_path / "images"
    path.write_bytes(np.array([2051, 2, 2, 2], ">u4").tobytes() + bytes(range(8)))
    assert make_mnist.read_idx(path, 2051, (2, 2)).tolist() == [[[0, 1], [2, 3]], [[4, 5], [6, 7]]]
    with pytest.raises(SystemExit, match="expected magic number 2049"):
        make_mnist.read_idx(path, 2049, ())


def test_the_named_folder_comes_first(folders):
    named, cache = folders
    content = (ROOT / "data/houses.csv").read_bytes()
    cache.mkdir()
    (cache / "houses.csv").write_bytes(content)
    assert builtin.find_file("houses.csv") == ROOT / "data/houses.csv"
    (named / "houses.csv").write_bytes(content)
    assert builtin.find_file("houses.csv") == named / "houses.csv"
    assert len(builtin.load_houses()) == 200


def test_an_installed_package_reads_the_data_inside_it(tmp_path, monkeypatch):
    (tmp_path / "multibackend/_data").mkdir(parents=True)
    monkeypatch.setattr(multibackend, "__file__", str(tmp_path / "multibackend/__init__.py"))
    assert builtin.data_folders()[1] == tmp_path / "multibackend/_data"


def test_an_altered_table_is_refused_with_both_sums(folders):
    path = folders[0] / "houses.csv"
    path.write_bytes((ROOT / "data/houses.csv").read_bytes().replace(b"227,8", b"228,8", 1))
    got = hashlib.sha256(path.read_bytes()).hexdigest()
    message = _refused(builtin.load_houses)
    for part in (str(path), got, TABLES["houses.csv"], "git checkout -- data/houses.csv"):
        assert part in message


@pytest.mark.parametrize(
    ("key", "alter", "said"),
    [
        ("data", lambda a: a + np.eye(3, 2), "SHA-256"),
        ("data", lambda a: a.astype("float32"), "float32"),
        ("data", lambda a: a.T, "(2, 3)"),
        ("target", lambda a: a[:2], "(2,)"),
        ("target", lambda a: a.astype(object), "truncated or foreign"),  # would be a pickle
    ],
)
@pytest.mark.usefixtures("small_california")
def test_an_altered_archive_is_refused(folders, key, alter, said):
    path = folders[0] / CALIFORNIA
    np.savez(path, **SMALL)
    assert np.array_equal(builtin.load_california()[0], SMALL["data"])
    np.savez(path, **{**SMALL, key: alter(SMALL[key])})
    message = _refused(builtin.load_california)
    assert said in message
    assert str(path) in message


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"size,price\n", None])
def test_a_truncated_archive_is_refused(folders, content):
    whole = (ROOT / "data/mnist.npz").read_bytes()
    (folders[0] / "mnist.npz").write_bytes(whole[: len(whole) // 2] if content is None else content)
    assert "truncated or foreign" in _refused(builtin.load_mnist)


def test_an_archive_of_other_keys_is_refused(folders):
    np.savez(folders[0] / CALIFORNIA, other=np.zeros(3))
    assert "'data" in _refused(builtin.load_california)


@pytest.mark.parametrize(
    ("load", "file"), [(builtin.load_california, CALIFORNIA), (builtin.load_cifar10, "cifar10.npz")], ids=["b13", "b12"]
)
def test_what_cannot_be_had_says_where_it_looked_and_the_cure(folders, load, file):
    message = _refused(load, DataUnavailable)
    for part in (file, str(folders[0]), str(folders[1]), "no network", "MULTIBACKEND_DATA"):
        assert part in message


def test_a_missing_table_is_unavailable(tmp_path, monkeypatch):
    monkeypatch.setattr(builtin, "_own_folder", lambda: tmp_path / "nowhere")
    assert "git checkout -- data/tumors.csv" in _refused(builtin.load_tumors, DataUnavailable)
    assert "git checkout -- data/mnist.npz" in _refused(builtin.load_mnist, DataUnavailable)


@pytest.mark.usefixtures("small_california")
def test_fetched_arrays_are_kept_and_not_fetched_again(folders, monkeypatch):
    fetched = []
    monkeypatch.setitem(builtin.FETCH, CALIFORNIA, lambda: fetched.append(1) or SMALL)
    for _ in range(2):
        assert np.array_equal(builtin.load_california()[1], SMALL["target"])
    assert fetched == [1]
    assert [path.name for path in folders[1].iterdir()] == [CALIFORNIA]


@pytest.mark.usefixtures("small_california")
def test_fetched_arrays_of_another_sum_are_refused_and_not_kept(folders, monkeypatch):
    monkeypatch.setitem(builtin.FETCH, CALIFORNIA, lambda: {**SMALL, "target": SMALL["target"] + 1})
    assert "SHA-256" in _refused(builtin.load_california)
    assert not folders[1].exists()


@pytest.mark.usefixtures("small_california")
def test_a_cache_that_cannot_be_written_does_not_cost_the_data(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("MULTIBACKEND_CACHE", str(tmp_path / "file"))
    monkeypatch.setitem(builtin.FETCH, CALIFORNIA, lambda: SMALL)
    assert builtin.load_california()[0].shape == (3, 2)


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_cifar10_labels_come_as_a_column_however_they_were_kept(folders, monkeypatch, shape):
    images, labels = np.zeros((4, 2, 2, 3), np.uint8), np.arange(4, dtype=np.uint8)
    kept = {"x_train": images, "y_train": labels, "x_test": images, "y_test": labels}
    expected = {key: Expected(array.shape, "uint8", _sum(array)) for key, array in kept.items()}
    monkeypatch.setitem(ARCHIVES, "cifar10.npz", expected)
    np.savez(folders[0] / "cifar10.npz", **{k: a.reshape(shape) if k[0] == "y" else a for k, a in kept.items()})
    assert builtin.load_cifar10()[1].tolist() == [[0], [1], [2], [3]]


def test_sources_are_tried_in_turn_and_every_failure_is_told():
    def fail(reason):
        raise Exception(reason)

    sources = {"first": lambda: fail("name not\nknown"), "second": lambda: SMALL}
    assert download._first(sources) is SMALL
    sources["second"] = lambda: fail("refused")
    assert _refused(lambda: download._first(sources), DataUnavailable) == "first: name not known; second: refused"


def test_a_sheet_of_cifar10_holds_an_image_a_row():
    from PIL import Image

    pixels = np.zeros((10_000, 1024, 3), np.uint8)
    pixels[7, 33] = 1, 2, 3  # image 7, second row, second column
    png, archive = io.BytesIO(), io.BytesIO()
    Image.fromarray(pixels).save(png, "PNG", compress_level=1)
    with tarfile.open(fileobj=archive, mode="w") as package:
        member = tarfile.TarInfo("package/sheet.png")
        member.size = len(png.getvalue())
        package.addfile(member, io.BytesIO(png.getvalue()))
    archive.seek(0)
    with tarfile.open(fileobj=archive) as package:
        images = download._read_sheet(package, "sheet.png")
    assert images[7, 1, 1].tolist() == [1, 2, 3]
    assert images.sum() == 6


def test_an_unknown_npm_package_is_not_opened(tmp_path):
    (tmp_path / "other.tgz").write_bytes(b"anything")
    message = _refused(lambda: download.read_cifar10_package(tmp_path / "other.tgz"), DataUnavailable)
    assert download.NPM_SHA256 in message


def test_status_tells_present_missing_and_wrong(folders):
    (folders[0] / "houses.csv").write_text("size,nb_rooms,price\n")
    status = {each.name: (each.state, each.place or each.cure) for each in builtin.data_status()}
    assert list(status) == ["houses.csv", "tumors.csv", "mnist.npz", "cifar10.npz", CALIFORNIA, "breast cancer"]
    assert status["houses.csv"][0] == "wrong checksum"
    assert status["tumors.csv"] == ("present", str(ROOT / "data/tumors.csv"))
    assert status["mnist.npz"][0] == status["breast cancer"][0] == "present"
    assert status["cifar10.npz"][0] == "missing"
    assert "MULTIBACKEND_DATA" in status["cifar10.npz"][1]


def test_status_imports_nothing_heavy_and_touches_no_network():
    code = """
import socket, sys
def refuse(*args, **kwargs): raise AssertionError("network")
socket.socket.connect = socket.getaddrinfo = refuse
import multibackend.datasets.builtin
multibackend.datasets.builtin.data_status()
print(sorted({"keras", "pandas", "sklearn", "PIL", "matplotlib", "jax", "torch", "tensorflow"} & set(sys.modules)))
"""
    finished = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "[]"
