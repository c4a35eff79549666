"""The course: 50 exercises in five units, written in plain Keras 3; nothing here names a framework.

`CATALOGUE` lists those that train, in the course's order. Importing this package imports no Keras, so that the
command line can list them at once.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """Where an experiment stands, `attribute` in `module`, and what it is, in a line."""

    module: str
    attribute: str
    title: str


CATALOGUE: dict[str, Entry] = {
    "A5-raw": Entry("exercises.a_first_steps.a5_houses", "raw", "House prices from raw columns: the loss overflows"),
    "A5-standardised": Entry(
        "exercises.a_first_steps.a5_houses", "standardised", "House prices from standardised columns: the loss falls"
    ),
    "A9": Entry("exercises.a_first_steps.a9_tumors", "experiment", "Benign or malignant: two classes, one short epoch"),
    "B9": Entry("exercises.b_introduction.b9_mnist_mlp", "experiment", "Handwritten digits with a dense network"),
    "B13": Entry("exercises.b_introduction.b13_california", "experiment", "House values in California: a regression"),
    "C7": Entry(
        "exercises.c_scikit_to_deep.c7_mnist_batchnorm",
        "experiment",
        "Raw pixels, with a normalisation that is learned",
    ),
    "D3": Entry(
        "exercises.d_keras_notes.d3_small_cnn", "experiment", "Handwritten digits with a small convolutional network"
    ),
    "E4-raw": Entry(
        "exercises.e_day_of_keras.e4_breast_cancer", "raw", "Breast cancer from raw measures: little is learned"
    ),
    "E4-standardised": Entry(
        "exercises.e_day_of_keras.e4_breast_cancer", "standardised", "Breast cancer from standardised measures"
    ),
}
