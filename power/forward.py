"""Faults of the forward pass: one layer, activation or operation computes something different on one backend."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from power.planting import Site, after_call, backend_module, find_layer, in_code, in_model, meanwhile

# ------------------------------------------------------------------------------------ present in Keras: nothing to do


@in_code
def average_pooling_border(_: Site) -> None: ...


@in_code
def bicubic_resize(_: Site) -> None: ...


@in_code
def unclamped_moments(_: Site) -> None: ...


@in_code
def gelu_constant(_: Site) -> None: ...


@in_code
def log_cosh_constant(_: Site) -> None: ...


@in_code
def schedule_in_float32(_: Site) -> None: ...


@in_code
def weight_decay_in_float32(_: Site) -> None: ...


@in_code
def repeated_words_squared(_: Site) -> None: ...


# -------------------------------------------------------------------------------------- operations of a backend


@in_code
def tf32_products(site: Site) -> None:
    import jax

    def rounded(x: Any) -> Any:
        x = ops.convert_to_tensor(x)
        return jax.lax.reduce_precision(x, 8, 10) if x.dtype == "float32" else x

    site.replace(backend_module("numpy"), "matmul", lambda matmul: lambda a, b: matmul(rounded(a), rounded(b)))


@in_code
def elu_slope(site: Site) -> None:
    site.replace(backend_module("nn"), "elu", lambda elu: lambda x, alpha=1.0: elu(x, alpha * 1.05))


@in_code
def gelu_by_tanh(site: Site) -> None:
    site.replace(backend_module("nn"), "gelu", lambda gelu: lambda x, *_, **__: gelu(x, True))


@in_code
def softmax_over_rows(site: Site) -> None:
    site.replace(backend_module("nn"), "softmax", lambda softmax: lambda x, *_, **__: softmax(x, 0))


@in_code
def swapped_axes(site: Site) -> None:
    def swapped(pool: Any) -> Any:
        return lambda *args, **kwargs: ops.transpose(pool(*args, **kwargs), (0, 2, 1, 3))

    site.replace(backend_module("nn"), "max_pool", swapped)


@in_code
def transposed_convolution_padding(site: Site) -> None:
    def shifted(convolve: Any) -> Any:
        return lambda *args, **kwargs: ops.roll(convolve(*args, **kwargs), 1, 1)

    site.replace(backend_module("nn"), "conv_transpose", shifted)


# ------------------------------------------------------------------------------------------------- calls of a layer


@in_model
def max_pooling_pads_with_zeros(model: keras.Model) -> None:
    pool = find_layer(model, "pool")
    call = pool.call
    pool.call = lambda inputs: call(ops.pad(inputs, ((0, 0), (0, 1), (0, 1), (0, 0))))


@in_model
def mask_ignored(model: keras.Model) -> None:
    gru = find_layer(model, "gru")
    call = gru.call
    gru.call = lambda sequences, initial_state=None, training=False, **_: call(
        sequences, initial_state=initial_state, training=training
    )


@in_model
def lstm_gates_swapped(model: keras.Model) -> None:
    cell = find_layer(model, "lstm").cell
    compute = cell._compute_carry_and_output_fused
    cell._compute_carry_and_output_fused = lambda z, c: compute((z[1], z[0], z[2], z[3]), c)


@in_model
def layer_normalization_epsilon(model: keras.Model) -> None:
    meanwhile(find_layer(model, "norm"), "call", epsilon=1e-4)


@in_model
def group_normalization_in_half(model: keras.Model) -> None:
    groups = find_layer(model, "groups")
    call = groups.call
    groups.call = lambda inputs: call(ops.cast(ops.cast(inputs, "float16"), inputs.dtype))


@in_model
def float32_inside_float64(model: keras.Model) -> None:
    after_call(find_layer(model, "one"), lambda x: ops.cast(ops.cast(x, "float32"), x.dtype))


@in_model
def cancelling_errors(model: keras.Model) -> None:
    def shift(x: Any) -> Any:
        error = ops.convert_to_tensor([1e-4, -1e-4, 0.0, 0.0, 0.0, 0.0], dtype=x.dtype)
        return x + error

    after_call(find_layer(model, "hidden"), shift)


@in_model
def nested_kernel(model: keras.Model) -> None:
    after_call(find_layer(model, "two"), lambda x: x * 1.001)


@in_model
def second_call_of_shared(model: keras.Model) -> None:
    calls = [0]

    def change(x: Any) -> Any:
        calls[0] += 1
        return x if calls[0] % 2 else x * 1.001

    after_call(find_layer(model, "shared"), change)


@in_model
def one_branch(model: keras.Model) -> None:
    after_call(find_layer(model, "of_right"), lambda x: x + 1e-5)


@in_model
def unit_normalization_in_subclass(model: keras.Model) -> None:
    after_call(model.blocks[1], lambda x: x * 0.999)


@in_model
def embedding_of_padding(model: keras.Model) -> None:
    words = find_layer(model, "words")
    call = words.call
    words.call = lambda inputs: call(inputs) * ops.cast(inputs != 0, words.compute_dtype)[..., None]


@in_model
def attention_scale(model: keras.Model) -> None:
    find_layer(model, "attention")._inverse_sqrt_key_dim = 1.0


@in_model
def causal_padding_side(model: keras.Model) -> None:
    after_call(find_layer(model, "causal"), lambda x: ops.roll(x, -1, 1))


@in_model
def evaluation_in_training_mode(model: keras.Model) -> None:
    def test_step(data: Any) -> Any:
        x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
        predicted = model(x, training=True)
        loss = model._compute_loss(x=x, y=y, y_pred=predicted, sample_weight=weights, training=False)
        model._loss_tracker.update_state(loss, sample_weight=ops.shape(x)[0])
        return model.compute_metrics(x, y, predicted, sample_weight=weights)

    model.test_step = test_step
