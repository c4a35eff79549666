"""E0: versions of any library, the device, and a description that says what runs here."""

from typing import Any

from multibackend.course.judging import expect, expect_equal, point
from multibackend.course.remote import Student


def _module(student: Student, name: str) -> Any:
    """A module of the student's process: its versions need not be those of the judge's."""
    return student.module(name)


def _find_version(student: Student, name: str) -> str:
    return str(_module(student, "importlib.metadata").version(name))


def _describe(student: Student, *keys: str) -> list[Any]:
    found = student.once("describe_environment")
    expect(isinstance(found, dict) and set(keys) <= set(found), ", ".join(keys), found)
    return [found[key] for key in keys]


@point()
def versions(student: Student) -> None:
    for names in (["numpy", "pandas"], ["scipy"]):
        expect_equal(student.read_versions(names), {name: _find_version(student, name) for name in names})


@point()
def device(student: Student) -> None:
    expect_equal(student.find_device(), "cpu")  # exercises are checked on the processor
    expect_equal(_describe(student, "device"), ["cpu"])


@point()
def python(student: Student) -> None:
    expected = [_module(student, "platform").python_version(), student.keras.version()]
    expect_equal(_describe(student, "python", "keras"), expected)


@point()
def backend(student: Student) -> None:
    name = student.keras.config.backend()
    found, version = _describe(student, "backend", "backend_version")
    expect_equal(found, name)
    expect_equal(version, student.read_versions([name])[name])
    expect(isinstance(version, str) and version[:1].isdigit(), "x.y.z", version)
