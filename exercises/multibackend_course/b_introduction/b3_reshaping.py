"""B3. One set of numbers, many shapes.

Reshaping keeps the order in which the numbers lie and cuts it anew; transposing exchanges the axes. Both can turn (2,
3) into (3, 2), with different results. One size of a new shape may be -1: it follows from the others.
"""

import keras

Tensor = keras.KerasTensor


def matrix() -> Tensor:
    """[[1, 2, 3], [4, 5, 6]], to try things on."""
    return keras.ops.convert_to_tensor([[1, 2, 3], [4, 5, 6]])


def three_rows(a: Tensor) -> Tensor:
    """The six numbers of `a` in their order, (3, 2)."""
    return keras.ops.reshape(a, (3, 2))


def transposed(a: Tensor) -> Tensor:
    """Rows become columns: (rows, columns) to (columns, rows)."""
    return keras.ops.transpose(a)


def product(b: Tensor) -> Tensor:
    """The transpose of `b`, times `b`: (rows, columns) to (columns, columns)."""
    return keras.ops.matmul(transposed(b), b)


def one_row(a: Tensor) -> Tensor:
    """All numbers of `a` in a single row, (1, numbers)."""
    return keras.ops.reshape(a, (1, -1))


def blocks(numbers: Tensor) -> Tensor:
    """Fill blocks of 25 rows and 2 columns with all numbers, (blocks, 25, 2)."""
    return keras.ops.reshape(numbers, (-1, 25, 2))
