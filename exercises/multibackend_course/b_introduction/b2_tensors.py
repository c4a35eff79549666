"""B2. Tensors: a shape, a dtype, and the trap between two ways to make the same one.

NumPy holds whole numbers in 64 bits; a list that Keras turns into a tensor gets 32. JAX has no 64-bit integers unless
they are switched on, and cuts silently what doesn't fit. Where the dtype is written out, all backends agree.
"""

import keras
import numpy as np

MATRIX = [[1, 2, 3], [4, 5, 6]]


def from_numpy() -> keras.KerasTensor:
    """The matrix through NumPy, in NumPy's 64 bits where the backend has them."""
    return keras.ops.convert_to_tensor(np.array(MATRIX))


def directly() -> keras.KerasTensor:
    """The matrix from the list itself, in Keras' default of 32 bits."""
    return keras.ops.convert_to_tensor(MATRIX)


def describe(tensor: keras.KerasTensor) -> tuple[tuple[int, ...], str]:
    """The shape, and the dtype by its name, such as "float32", which is the same on every backend."""
    return tuple(tensor.shape), keras.backend.standardize_dtype(tensor.dtype)


def agreeing() -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Both ways again, in a dtype that is written out and that every backend has."""
    return (
        keras.ops.convert_to_tensor(np.array(MATRIX), dtype="int32"),
        keras.ops.convert_to_tensor(MATRIX, dtype="int32"),
    )


def widest_integer() -> str:
    """The dtype that the backend gives where 64-bit integers are asked for."""
    return describe(keras.ops.convert_to_tensor(MATRIX, dtype="int64"))[1]


def to_int32(numbers: np.ndarray) -> keras.KerasTensor:
    """Whole numbers as a tensor of 32 bits, the same on every backend.

    Raises:
        ValueError: a number doesn't fit, and would be cut.
    """
    limits = np.iinfo("int32")
    if numbers.min() < limits.min or numbers.max() > limits.max:
        raise ValueError(f"got numbers up to {abs(numbers).max()}; expected at most {limits.max} in 32 bits.")
    return keras.ops.convert_to_tensor(numbers, dtype="int32")
