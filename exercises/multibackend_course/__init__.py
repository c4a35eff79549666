"""The course of multibackend: 50 exercises in five units, written in plain Keras 3.

`COURSE` lists them all, and the experiments of those that train, in the order in which they are taught. Each unit's
folder holds the reference solutions (one module each), what is asked of them (`checks/`) and their words in two
languages (`words/`). Nothing here names a framework. Importing this package imports no Keras, so that the command line
can list the course at once.
"""

from multibackend.experiments.course import Course, CourseExercise, CourseExperiment

EXPERIMENTS = {
    "A5-raw": CourseExperiment(
        "multibackend_course.a_first_steps.a5_houses", "raw", "House prices from raw columns: the loss overflows"
    ),
    "A5-standardised": CourseExperiment(
        "multibackend_course.a_first_steps.a5_houses",
        "standardised",
        "House prices from standardised columns: the loss falls",
    ),
    "A9": CourseExperiment(
        "multibackend_course.a_first_steps.a9_tumors", "experiment", "Benign or malignant: two classes, one short epoch"
    ),
    "B9": CourseExperiment(
        "multibackend_course.b_introduction.b9_mnist_mlp", "experiment", "Handwritten digits with a dense network"
    ),
    "B10": CourseExperiment(
        "multibackend_course.b_introduction.b10_one_hot_digits", "experiment", "The same digits, labelled one-hot"
    ),
    "B12": CourseExperiment(
        "multibackend_course.b_introduction.b12_cifar10",
        "experiment",
        "Small photographs with a dense network: over-fitting",
    ),
    "B13": CourseExperiment(
        "multibackend_course.b_introduction.b13_california", "experiment", "House values in California: a regression"
    ),
    "C6": CourseExperiment(
        "multibackend_course.c_scikit_to_deep.c6_softmax_regression", "experiment", "Raw pixels, a single layer: poor"
    ),
    "C7": CourseExperiment(
        "multibackend_course.c_scikit_to_deep.c7_mnist_batchnorm",
        "experiment",
        "Raw pixels, with a normalisation that is learned",
    ),
    "C8": CourseExperiment(
        "multibackend_course.c_scikit_to_deep.c8_larger_batches",
        "experiment",
        "The same, in larger batches and more epochs",
    ),
    "C9": CourseExperiment("multibackend_course.c_scikit_to_deep.c9_deeper", "experiment", "A deeper dense network"),
    "D3": CourseExperiment(
        "multibackend_course.d_keras_notes.d3_small_cnn",
        "experiment",
        "Handwritten digits with a small convolutional network",
    ),
    **{
        f"D5-{name}": CourseExperiment(
            "multibackend_course.d_keras_notes.d5_optimizers_by_name", name, f"One network, four optimizers: {name}"
        )
        for name in ("sgd", "adam", "adadelta", "rmsprop")
    },
    "E4-raw": CourseExperiment(
        "multibackend_course.e_day_of_keras.e4_breast_cancer",
        "raw",
        "Breast cancer from raw measures: little is learned",
    ),
    "E4-standardised": CourseExperiment(
        "multibackend_course.e_day_of_keras.e4_breast_cancer",
        "standardised",
        "Breast cancer from standardised measures",
    ),
}


EXERCISES = {
    "A1": CourseExercise("multibackend_course.a_first_steps.a1_dense_layer", "code"),
    "A2": CourseExercise("multibackend_course.a_first_steps.a2_activation", "code"),
    "A3": CourseExercise("multibackend_course.a_first_steps.a3_regression_net", "code"),
    "A4": CourseExercise("multibackend_course.a_first_steps.a4_compile", "code"),
    "A5": CourseExercise("multibackend_course.a_first_steps.a5_houses", "train"),
    "A6": CourseExercise("multibackend_course.a_first_steps.a6_softmax", "concept"),
    "A7": CourseExercise("multibackend_course.a_first_steps.a7_softmax_layer", "code"),
    "A8": CourseExercise("multibackend_course.a_first_steps.a8_tumor_classifier", "code"),
    "A9": CourseExercise("multibackend_course.a_first_steps.a9_tumors", "train"),
    "A10": CourseExercise("multibackend_course.a_first_steps.a10_cross_entropies", "concept"),
    "A11": CourseExercise("multibackend_course.a_first_steps.a11_learning_rates", "concept"),
    "A12": CourseExercise("multibackend_course.a_first_steps.a12_batches_and_epochs", "concept"),
    "A13": CourseExercise("multibackend_course.a_first_steps.a13_optimizers", "concept"),
    "A14": CourseExercise("multibackend_course.a_first_steps.a14_sigmoid_neuron", "code"),
    "B1": CourseExercise("multibackend_course.b_introduction.b1_randomness", "code"),
    "B2": CourseExercise("multibackend_course.b_introduction.b2_tensors", "code"),
    "B3": CourseExercise("multibackend_course.b_introduction.b3_reshaping", "code"),
    "B4": CourseExercise("multibackend_course.b_introduction.b4_perceptron", "code"),
    "B5": CourseExercise("multibackend_course.b_introduction.b5_three_apis", "code"),
    "B6": CourseExercise("multibackend_course.b_introduction.b6_mlp", "code"),
    "B7": CourseExercise("multibackend_course.b_introduction.b7_functional_mlp", "code"),
    "B8": CourseExercise("multibackend_course.b_introduction.b8_reading_weights", "code"),
    "B9": CourseExercise("multibackend_course.b_introduction.b9_mnist_mlp", "train"),
    "B10": CourseExercise("multibackend_course.b_introduction.b10_one_hot_digits", "train"),
    "B11": CourseExercise("multibackend_course.b_introduction.b11_your_own_classifier", "code"),
    "B12": CourseExercise("multibackend_course.b_introduction.b12_cifar10", "train"),
    "B13": CourseExercise("multibackend_course.b_introduction.b13_california", "train"),
    "C1": CourseExercise("multibackend_course.c_scikit_to_deep.c1_flat_digits", "code"),
    "C2": CourseExercise("multibackend_course.c_scikit_to_deep.c2_naive_bayes", "code"),
    "C3": CourseExercise("multibackend_course.c_scikit_to_deep.c3_one_hot", "code"),
    "C4": CourseExercise("multibackend_course.c_scikit_to_deep.c4_linear_regression", "code"),
    "C5": CourseExercise("multibackend_course.c_scikit_to_deep.c5_logistic_regression", "code"),
    "C6": CourseExercise("multibackend_course.c_scikit_to_deep.c6_softmax_regression", "train"),
    "C7": CourseExercise("multibackend_course.c_scikit_to_deep.c7_mnist_batchnorm", "train"),
    "C8": CourseExercise("multibackend_course.c_scikit_to_deep.c8_larger_batches", "train"),
    "C9": CourseExercise("multibackend_course.c_scikit_to_deep.c9_deeper", "train"),
    "D1": CourseExercise("multibackend_course.d_keras_notes.d1_sequential", "code"),
    "D2": CourseExercise("multibackend_course.d_keras_notes.d2_looking_inside", "code"),
    "D3": CourseExercise("multibackend_course.d_keras_notes.d3_small_cnn", "train"),
    "D4": CourseExercise("multibackend_course.d_keras_notes.d4_initializers", "code"),
    "D5": CourseExercise("multibackend_course.d_keras_notes.d5_optimizers_by_name", "train"),
    "D6": CourseExercise("multibackend_course.d_keras_notes.d6_history", "code"),
    "D7": CourseExercise("multibackend_course.d_keras_notes.d7_evaluate_and_predict", "code"),
    "D8": CourseExercise("multibackend_course.d_keras_notes.d8_accuracy_by_hand", "code"),
    "D9": CourseExercise("multibackend_course.d_keras_notes.d9_newaxis", "code"),
    "E0": CourseExercise("multibackend_course.e_day_of_keras.e0_environment", "code"),
    "E1": CourseExercise("multibackend_course.e_day_of_keras.e1_empty_model", "code"),
    "E2": CourseExercise("multibackend_course.e_day_of_keras.e2_configurations", "code"),
    "E3": CourseExercise("multibackend_course.e_day_of_keras.e3_regression_net", "code"),
    "E4": CourseExercise("multibackend_course.e_day_of_keras.e4_breast_cancer", "train"),
}

COURSE = Course("First steps with Keras 3, on any backend", EXPERIMENTS, EXERCISES)
