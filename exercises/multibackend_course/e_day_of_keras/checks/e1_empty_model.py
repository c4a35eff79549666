"""E1: a Sequential without a layer, not built, and its summary as a text."""

from typing import Any

from multibackend.course.judging import expect, expect_equal, point
from multibackend.course.remote import Student


def _expect_words(text: Any, *words: str) -> None:
    expect(isinstance(text, str) and all(word in text for word in words), ", ".join(words), text)


@point()
def sequential(student: Student) -> None:
    model = student.once("make_model")
    expect(student.is_a(model, "Sequential"), "Sequential", student.class_name(model))


@point()
def empty(student: Student) -> None:
    expect_equal(len(student.once("make_model").layers), 0)


@point()
def not_built(student: Student) -> None:
    expect_equal(student.make_model().built, False)


@point()
def summary(student: Student) -> None:
    keras = student.keras
    inputs = int(student.random.integers(2, 9))
    layer = keras.layers.Dense(11, name="hidden")
    text = student.read_summary(keras.Sequential([keras.Input((inputs,)), layer], name="small_net"))
    _expect_words(text, "small_net", "hidden", f"Total params: {11 * inputs + 11}")


@point()
def summary_of_the_empty(student: Student) -> None:
    _expect_words(student.read_summary(student.keras.Sequential(name="nothing_yet")), "nothing_yet", "Total params: 0")
