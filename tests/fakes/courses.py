"""Courses in distributions of their own, written to a folder as an installer would leave them in site-packages."""

from __future__ import annotations

import textwrap
from pathlib import Path

METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
ENTRY_POINTS = "[multibackend.catalogues]\n{name} = {value}\n"

COURSE = """
from multibackend.experiments.course import Course, CourseExercise, CourseExperiment

COURSE = Course(
    "A tiny course",
    {"T1-line": CourseExperiment("tiny_course.unit_t.t1_line", "experiment", "A line through noisy points")},
    {"T1": CourseExercise("tiny_course.unit_t.t1_line", "train")},
)
"""

SOLUTION = '''
"""T1. A line."""

import keras
import numpy as np

from multibackend import Dataset, Experiment, Plan, Split


def load_data() -> Dataset:
    """A line, with noise."""
    random = np.random.default_rng(0)
    inputs = random.normal(size=(96, 1))
    targets = 3 * inputs + 1 + random.normal(scale=0.1, size=(96, 1))
    return Dataset(training=Split(inputs[:64], targets[:64]), test=Split(inputs[64:], targets[64:]))


def build_model() -> keras.Sequential:
    """A slope and an intercept."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mean_squared_error")
    return model


experiment = Experiment(
    name="T1-line",
    build_model=build_model,
    load_data=load_data,
    plan=Plan(epochs=3, batch_size=16),
    quick=Plan(epochs=2, batch_size=16),
)
'''

CHECKS = """
from multibackend.course.judging import expect_equal, point


@point(marks=3)
def parameters(student):
    expect_equal(student.build_model().count_params(), 2)
"""

WORDS = """
[en]
title = "A line"
statement = "Fit a line."
hints = ["one", "two", "three"]
answer = "Two numbers."
[en.tasks]
build_model = "Return a compiled model."
[en.points]
parameters = { asks = "two parameters", advice = "A slope and an intercept." }
[fr]
title = "Une droite"
statement = "Ajustez une droite."
hints = ["un", "deux", "trois"]
answer = "Deux nombres."
[fr.tasks]
build_model = "Renvoyez un modèle compilé."
[fr.points]
parameters = { asks = "deux paramètres", advice = "Une pente et une ordonnée." }
"""

UNIT = '[en]\ntitle = "T"\nstatement = "Lines."\n[fr]\ntitle = "T"\nstatement = "Des droites."\n'


def install(folder: Path, name: str, value: str, files: dict[str, str]) -> Path:
    """Install a distribution that registers a course as `value`, with `files` by their paths; return the folder."""
    information = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    texts = {information / "METADATA": METADATA, information / "entry_points.txt": ENTRY_POINTS}
    for path, text in texts.items():
        write(path, text.format(name=name, value=value))
    for path, text in files.items():
        write(folder / path, text)
    return folder


def install_tiny(folder: Path) -> Path:
    """Install a whole course of one exercise, which trains; return the folder."""
    files = {
        "tiny_course/__init__.py": COURSE,
        "tiny_course/unit_t/__init__.py": "",
        "tiny_course/unit_t/t1_line.py": SOLUTION,
        "tiny_course/unit_t/checks/__init__.py": "",
        "tiny_course/unit_t/checks/t1_line.py": CHECKS,
        "tiny_course/unit_t/words/t1_line.toml": WORDS,
        "tiny_course/unit_t/words/unit.toml": UNIT,
    }
    return install(folder, "tiny-course", "tiny_course:COURSE", files)


def write(path: Path, text: str) -> None:
    """Write a file, and make its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
