"""Operations that are slow in XLA's loops on CPU, found in a program and replaced by others for the same numbers.

XLA on CPU runs a convolution inside a loop several times slower than outside (jax issue 12868, seen in 0.10.2), and max
pooling's gradient slower than the same written as a choice. Both are replaced after differentiation, in the jaxpr of
a step. A convolution with a small kernel becomes a product with patches of the image (im2col). The gradient of a
pooling whose windows don't overlap becomes a choice of each window's first largest number, which is XLA's own rule.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import jax
import jax.extend
import jax.numpy as jnp
import numpy as np
from jax import lax

SLOW_IN_LOOPS = frozenset({"conv_general_dilated"})
"""Operations that XLA on CPU runs several times slower inside a loop than outside (see above)."""

MOST_TAPS = 49
"""Positions of a kernel, 7 x 7: patches take so many times the image's memory."""

INLINED = ("jit", "custom_jvp_call", "custom_vjp_call", "closed_call")
"""Operations whose inner program runs in their place: their rules of differentiation have done their work."""


def is_slow_in_loops(program: jax.extend.core.Jaxpr) -> bool:
    """Tell if a program, or one inside it, has an operation that is slow in a loop."""
    names = {equation.primitive.name for equation in walk(program)}
    return not names.isdisjoint(SLOW_IN_LOOPS)


def walk(program: jax.extend.core.Jaxpr) -> Iterator[Any]:
    """Yield the equations of a program, and of the programs inside it: of calls, loops and branches."""
    for equation in program.eqns:
        yield equation
        for inner in _find_programs(equation.params.values()):
            yield from walk(inner)


def _find_programs(values: Iterable[Any]) -> Iterator[jax.extend.core.Jaxpr]:
    for value in values:
        match value:
            case jax.extend.core.ClosedJaxpr():
                yield value.jaxpr
            case jax.extend.core.Jaxpr():
                yield value
            case list() | tuple():
                yield from _find_programs(value)


def replace_slow(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the same function of arrays, with convolutions and gradients of pooling replaced."""

    def replaced(*args: Any) -> Any:
        program, shapes = jax.make_jaxpr(function, return_shape=True)(*args)
        outputs = _evaluate(program.jaxpr, program.consts, jax.tree.leaves(args))
        return jax.tree.unflatten(jax.tree.structure(shapes), outputs)

    return replaced


def _evaluate(program: Any, constants: Sequence[Any], inputs: Sequence[Any]) -> list[Any]:
    values: dict[Any, Any] = dict(
        zip((*program.constvars, *program.invars), (*constants, *inputs), strict=True),
    )

    def read(variable: Any) -> Any:
        return variable.val if isinstance(variable, jax.extend.core.Literal) else values[variable]

    for equation in program.eqns:
        arguments = [read(variable) for variable in equation.invars]
        for variable, value in zip(equation.outvars, _run(equation, arguments), strict=True):
            values[variable] = value
    return [read(variable) for variable in program.outvars]


def _run(equation: Any, arguments: list[Any]) -> list[Any]:
    name, params = equation.primitive.name, equation.params
    if name == "conv_general_dilated" and _has_few_taps(equation):
        return [_convolve(equation, *arguments)]
    if name == "select_and_scatter_add" and _is_tiled(equation):
        return [_pool_gradient(params["window_dimensions"], *arguments)]
    inner = params.get("jaxpr", params.get("call_jaxpr"))
    if name in INLINED and inner is not None:
        return _evaluate(inner.jaxpr, inner.consts, arguments)
    result = equation.primitive.bind(*arguments, **params)
    return list(result) if equation.primitive.multiple_results else [result]


# ------------------------------------------------------------------------------------ convolution


def _sizes(equation: Any) -> tuple[list[int], list[int]]:
    """Return height, width, ... of a convolution's output and of its kernel."""
    _, kernel, output = equation.params["dimension_numbers"]
    sizes = [equation.outvars[0].aval.shape[i] for i in output[2:]]
    return sizes, [equation.invars[1].aval.shape[i] for i in kernel[2:]]


def _has_few_taps(equation: Any) -> bool:
    params = equation.params
    groups = params["feature_group_count"], params["batch_group_count"]
    return groups == (1, 1) and min(map(math.prod, _sizes(equation))) <= MOST_TAPS


def _convolve(equation: Any, image: jax.Array, kernel: jax.Array) -> jax.Array:
    """Compute a convolution as one product with patches: one for each position of the kernel or of the output.

    The smaller of the two is taken. The output is small in the gradient of a kernel, which is a convolution of the
    image by the output's gradient.
    """
    params = equation.params
    axes, kernel_axes, output_axes = params["dimension_numbers"]
    outputs, taps = _sizes(equation)
    steps, spread = params["window_strides"], params["rhs_dilation"]
    edges = [
        (low, high, dilation - 1)
        for (low, high), dilation in zip(params["padding"], params["lhs_dilation"], strict=True)
    ]
    by_taps = math.prod(taps) <= math.prod(outputs)
    # (rows, height, width, channels); or, if patches lie at the outputs' positions, rows and channels swapped
    order = (axes[0], *axes[2:], axes[1]) if by_taps else (axes[1], *axes[2:], axes[0])
    padded = lax.pad(image.transpose(order), jnp.zeros((), image.dtype), [(0, 0, 0), *edges, (0, 0, 0)])
    (positions, between), (counts, stride) = (taps, spread), (outputs, steps)
    if not by_taps:
        (positions, between), (counts, stride) = (outputs, steps), (taps, spread)
    patches = []
    for position in itertools.product(*map(range, positions)):
        start = [i * d for i, d in zip(position, between, strict=True)]
        stop = [a + (n - 1) * s + 1 for a, n, s in zip(start, counts, stride, strict=True)]
        corner, end = (0, *start, 0), (len(padded), *stop, padded.shape[-1])
        patches.append(lax.slice(padded, corner, end, (1, *stride, 1)))
    columns = jnp.concatenate(patches, axis=-1).reshape(-1, len(patches) * padded.shape[-1])
    if by_taps:
        weights = kernel.transpose(*kernel_axes[2:], kernel_axes[1], kernel_axes[0])
        product = columns @ weights.reshape(columns.shape[1], -1)
        result = product.reshape(len(padded), *outputs, -1)
    else:
        weights = kernel.transpose(kernel_axes[1], *kernel_axes[2:], kernel_axes[0])
        product = lax.dot_general(columns, weights.reshape(len(columns), -1), (((0,), (0,)), ((), ())))
        result = jnp.moveaxis(product.reshape(*outputs, -1, product.shape[-1]), -2, 0)
    return result.transpose(np.argsort((output_axes[0], *output_axes[2:], output_axes[1])))


# ---------------------------------------------------------------------------------------- pooling


def _is_tiled(equation: Any) -> bool:
    """Tell if a pooling's windows cover each place of its operand once, and choose the largest number."""
    params, window = equation.params, equation.params["window_dimensions"]
    return (
        params["select_prim"] is lax.ge_p
        and tuple(window) == tuple(params["window_strides"])
        and not any(low or high for low, high in params["padding"])
        and all(n % w == 0 for n, w in zip(equation.invars[1].aval.shape, window, strict=True))
        and math.prod(window) <= MOST_TAPS
    )


def _pool_gradient(window: Sequence[int], gradient: jax.Array, operand: jax.Array) -> jax.Array:
    """Compute the gradient of a pooling: each window's at the first of its largest numbers, zero elsewhere."""
    corners = list(itertools.product(*map(range, window)))
    largest, chosen = lax.slice(operand, corners[0], operand.shape, window), jnp.zeros(gradient.shape, jnp.int32)
    for number, corner in enumerate(corners[1:], start=1):
        candidate = lax.slice(operand, corner, operand.shape, window)
        stays = largest >= candidate
        chosen, largest = jnp.where(stays, chosen, number), jnp.where(stays, largest, candidate)
    chosen = lax.optimization_barrier(chosen)  # else XLA computes it anew for each number of a window
    by_window = [size for n in gradient.shape for size in (n, 1)]
    numbers = np.arange(len(corners)).reshape([size for w in window for size in (1, w)])
    spread = jnp.where(chosen.reshape(by_window) == numbers, gradient.reshape(by_window), 0)
    return spread.reshape(operand.shape)
