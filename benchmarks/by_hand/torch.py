"""By hand in PyTorch: `torch.nn` modules, `torch.optim`, an eager loop over batches of row numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks.by_hand import BETA_1, BETA_2, EPSILON, Epoch, Loop, Recipe
from benchmarks.by_hand.torch_networks import NETWORKS
from multibackend import Split


def compile_epoch(recipe: Recipe, weights: list[np.ndarray], training: Split, batch_size: int) -> Epoch:
    """Compile an epoch of a recipe from these weights; see the package."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network = NETWORKS[recipe.network](recipe, weights).to(device)
    optimizer = _optimizer(recipe, network)
    x, y = (tensor.to(device) for tensor in _tensors(recipe, training))

    def epoch(order: np.ndarray) -> tuple[np.ndarray, float]:
        losses = []
        right = torch.zeros((), dtype=torch.int64, device=device)
        for rows in torch.from_numpy(order.astype(np.int64)).to(device).split(batch_size):
            target = y[rows]
            logits = network(x[rows])
            loss = _loss(recipe, logits, target)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
            right += _hits(recipe, logits.detach(), target)
        return torch.stack(losses).cpu().numpy(), right.item() / len(order)

    return epoch


@contextmanager
def usual_settings() -> Iterator[None]:
    """Let operations be non-deterministic."""
    torch.use_deterministic_algorithms(False)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(True)


def compile_product(a: np.ndarray, b: np.ndarray) -> Loop:
    """Prepare a loop over a product, into the same memory each time; see the package."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    operands = torch.tensor(a, device=device), torch.tensor(b, device=device)
    multiply, out = (torch.mm if a.ndim == 2 else torch.bmm), operands[0] @ operands[1]

    @torch.no_grad()
    def loop(times: int) -> torch.Tensor:
        for _ in range(times):
            multiply(*operands, out=out)
        return out[..., :1, :1].cpu()

    return loop


def _tensors(recipe: Recipe, training: Split) -> tuple[torch.Tensor, torch.Tensor]:
    x, y = torch.tensor(training.inputs), torch.tensor(training.targets)
    if recipe.network == "cnn":
        x = x.permute(0, 3, 1, 2)  # torch's order of axes; in memory the channels stay last
    elif recipe.network == "mlp":
        x = x.flatten(1)
    match recipe.loss:
        case "sparse":
            return x, y.flatten().long()
        case "binary":
            return x, y.flatten().float()
        case "categorical":
            return x, y


def _loss(recipe: Recipe, logits: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    if recipe.loss == "binary":
        return functional.binary_cross_entropy_with_logits(logits[:, 0], y)
    return functional.cross_entropy(logits, y)  # of classes, or of one-hot rows


def _hits(recipe: Recipe, logits: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    if recipe.loss == "binary":
        return ((logits[:, 0] > 0) == y).sum()
    return (logits.argmax(1) == (y.argmax(1) if recipe.loss == "categorical" else y)).sum()


def _optimizer(recipe: Recipe, network: nn.Module) -> torch.optim.Optimizer:
    # fused: one call for all parameters
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(network.parameters(), recipe.learning_rate, fused=True)
    # torch adds epsilon after the correction of the bias, Keras before it: without weight at these sizes.
    return torch.optim.Adam(network.parameters(), recipe.learning_rate, (BETA_1, BETA_2), EPSILON, fused=True)
