"""Workloads: the trainings that are timed, their rows, and the recipe that is written by hand for each."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from benchmarks import models
from benchmarks.by_hand import Recipe
from multibackend import Experiment, Split
from multibackend_course.b_introduction import b9_mnist_mlp
from multibackend_course.c_scikit_to_deep import c7_mnist_batchnorm
from multibackend_course.d_keras_notes import d3_small_cnn
from multibackend_course.e_day_of_keras import e4_breast_cancer

STEPS = 50_000
"""The length of training that the engines compile for: long enough for compiling, which is reported separately, to pay.
The steady state is timed. In a short training an engine leaves a slow compiler out, which the loop by hand can't."""


@dataclass(frozen=True)
class Workload:
    """A training to time: `rows` (0 for all) of an experiment, `epochs` of them in a timed block."""

    experiment: Experiment
    recipe: Recipe
    rows: int = 0
    epochs: int = 1

    @property
    def name(self) -> str:
        """The experiment's name."""
        return self.experiment.name

    @property
    def batch_size(self) -> int:
        """The rows in a step."""
        return self.experiment.plan.batch_size

    def load(self) -> tuple[Split, int]:
        """Load the rows to train on, float32, and return also the epochs of them that take `STEPS` steps.

        Raises:
            DataUnavailable: the data can't be had here.
        """
        plan = self.experiment.plan
        limited = replace(plan, training_rows=self.rows, evaluation_rows=1)
        data = self.experiment.load_data()
        training = limited.limit(data).training.astype("float32")
        return training, math.ceil(STEPS / replace(plan, training_rows=0).steps_per_epoch(training.rows))


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload(b9_mnist_mlp.experiment, Recipe("mlp", "sparse", "sgd", 0.001)),
        Workload(models.photographs, Recipe("mlp", "sparse", "sgd", 0.001), rows=12_800),
        Workload(c7_mnist_batchnorm.experiment, Recipe("batchnorm", "categorical", "adam", 0.001), rows=12_800),
        Workload(d3_small_cnn.experiment, Recipe("cnn", "sparse", "adam", 0.001), rows=3_200),
        Workload(e4_breast_cancer.standardised, Recipe("mlp", "binary", "adam", 0.001, "sigmoid"), epochs=100),
        Workload(models.deep, Recipe("mlp", "sparse", "adam", 0.001, "tanh"), rows=6_400),
        Workload(models.gru, Recipe("gru", "sparse", "adam", 0.001), rows=6_400),
        Workload(models.transformer, Recipe("transformer", "sparse", "adam", 0.001), rows=3_200),
    )
}
