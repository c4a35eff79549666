"""The wheel holds two packages, ours and the course's, with all files that they read."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {"multibackend": ROOT / "multibackend", "multibackend_course": ROOT / "exercises/multibackend_course"}
NOT_CODE = (".toml", ".csv", ".npz", ".json")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_it_installs_two_packages(wheel: zipfile.ZipFile) -> None:
    """No package called `exercises`, `tests` or `data`, which could be anybody's."""
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_it_holds_every_file_of_a_package(package: str, wheel: zipfile.ZipFile) -> None:
    folder = PACKAGES[package]
    wanted = {
        f"{package}/{path.relative_to(folder).as_posix()}"
        for path in folder.rglob("*")
        if path.suffix in (".py", *NOT_CODE) and "_data" not in path.parts
    }
    assert any(name.endswith(".toml") for name in wanted)
    assert not wanted - set(wheel.namelist())


def test_it_holds_the_data(wheel: zipfile.ZipFile) -> None:
    wanted = {f"multibackend/_data/{name}" for name in ("houses.csv", "tumors.csv", "mnist.npz", "SHA256SUMS")}
    assert not wanted - set(wheel.namelist())


def test_it_registers_the_command_the_plugin_and_the_course(wheel: zipfile.ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith("/entry_points.txt"))
    lines = wheel.read(name).decode().split("\n")
    for line in (
        "multibackend = multibackend.cli:main",
        "multibackend = multibackend.pytest_plugin",
        "[multibackend.catalogues]",
        "first-steps = multibackend_course:COURSE",
    ):
        assert line in lines
