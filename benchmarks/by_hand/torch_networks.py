"""Networks by hand in PyTorch: modules that hold the weights of the Keras model, and return logits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks.by_hand import HEADS, MOMENTUM, VARIANCE_EPSILON, Recipe, pack_attention, pairs

ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh}


def _linear(kernel: np.ndarray, bias: np.ndarray) -> nn.Linear:
    layer = nn.Linear(*kernel.shape)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(kernel.T))
        layer.bias.copy_(torch.tensor(bias))
    return layer


def _convolution(kernel: np.ndarray, bias: np.ndarray) -> nn.Conv2d:
    layer = nn.Conv2d(kernel.shape[2], kernel.shape[3], kernel.shape[:2], padding="same")
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(kernel.transpose(3, 2, 0, 1)))
        layer.bias.copy_(torch.tensor(bias))
    return layer


def _mlp(recipe: Recipe, weights: list[np.ndarray]) -> nn.Module:
    *hidden, last = (_linear(*pair) for pair in pairs(weights))
    return nn.Sequential(*(module for layer in hidden for module in (layer, ACTIVATIONS[recipe.activation]())), last)


def _cnn(_: Recipe, weights: list[np.ndarray]) -> nn.Module:
    first, second, (kernel, bias) = pairs(weights)
    # Keras flattens (7, 7, channels), torch (channels, 7, 7): the same weights in another order.
    channels = second[0].shape[-1]
    side = round((len(kernel) / channels) ** 0.5)
    kernel = kernel.reshape(side, side, channels, -1).transpose(2, 0, 1, 3).reshape(kernel.shape)
    network = nn.Sequential(
        *(_convolution(*first), nn.ReLU(), nn.MaxPool2d(2)),
        *(_convolution(*second), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), _linear(kernel, bias)),
    )
    return network.to(memory_format=torch.channels_last)  # on CPU twice as fast as channels first


def _batchnorm(_: Recipe, weights: list[np.ndarray]) -> nn.Module:
    gamma, beta, mean, variance, kernel, bias = weights
    # torch's running variance is the unbiased one, Keras' the biased; training reads neither.
    layer = nn.BatchNorm1d(len(gamma), eps=VARIANCE_EPSILON, momentum=1 - MOMENTUM)
    tensors = (layer.weight, layer.bias, layer.running_mean, layer.running_var)
    with torch.no_grad():
        for tensor, array in zip(tensors, (gamma, beta, mean, variance), strict=True):
            tensor.copy_(torch.tensor(array))
    return nn.Sequential(layer, _linear(kernel, bias))


class _Gru(nn.Module):
    """A GRU over (batch, time, features), and a dense layer on its last output."""

    def __init__(self, weights: list[np.ndarray]) -> None:
        super().__init__()
        kernel, recurrent, biases, last_kernel, last_bias = weights
        self.gru = nn.GRU(len(kernel), len(recurrent), batch_first=True)
        self.last = _linear(last_kernel, last_bias)
        arrays = (kernel, recurrent, *biases)
        with torch.no_grad():
            for parameter, array in zip(self.gru.parameters(), arrays, strict=True):
                z, r, h = np.split(array, 3, axis=-1)  # Keras' order of the gates; torch's is r, z, h
                parameter.copy_(torch.tensor(np.concatenate([r, z, h], axis=-1).T))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Compute the logits, (batch, classes)."""
        return self.last(self.gru(x)[1][0])


class _Transformer(nn.Module):
    """One encoder block, normalised after each sum; its mean over time, and a dense layer."""

    def __init__(self, weights: list[np.ndarray]) -> None:
        super().__init__()
        embedding, *rest = pack_attention(weights)
        inward, outward, first, wide, narrow, second, last = pairs(rest)
        self.embedding = nn.Embedding.from_pretrained(torch.tensor(embedding), freeze=False)
        self.inward, self.outward, self.last = _linear(*inward), _linear(*outward), _linear(*last)
        self.first, self.second = _layer_norm(*first), _layer_norm(*second)
        self.dense = nn.Sequential(_linear(*wide), nn.ReLU(), _linear(*narrow))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Compute the logits, (batch, classes)."""
        x = self.embedding(tokens)  # (batch, time, features)
        parts = self.inward(x).unflatten(-1, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(*parts)  # (batch, heads, time, depth)
        x = self.first(x + self.outward(attended.transpose(1, 2).flatten(2)))
        return self.last(self.second(x + self.dense(x)).mean(1))


def _layer_norm(gamma: np.ndarray, beta: np.ndarray) -> nn.LayerNorm:
    layer = nn.LayerNorm(len(gamma), eps=VARIANCE_EPSILON)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(gamma))
        layer.bias.copy_(torch.tensor(beta))
    return layer


NETWORKS: dict[str, Callable[[Recipe, list[np.ndarray]], nn.Module]] = {
    "mlp": _mlp,
    "cnn": _cnn,
    "batchnorm": _batchnorm,
    "gru": lambda _, weights: _Gru(weights),
    "transformer": lambda _, weights: _Transformer(weights),
}
