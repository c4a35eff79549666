"""A captured step as one CUDA graph: the processor launches it with a single call.

Source: https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs
"""

from __future__ import annotations

from collections.abc import Callable

import torch

WARM_UPS = 3
"""Runs before a graph is taken, as torch's notes advise: in them, libraries choose kernels and reserve memory."""


def as_cuda_graph(
    step: Callable[[torch.Tensor], torch.Tensor], rows: torch.Tensor
) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return the same step, replayed as one graph for as many rows; runs `step` a few times, with its effects."""
    place = rows.clone()
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(WARM_UPS):
            step(place)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss = step(place)

    def replay(rows: torch.Tensor) -> torch.Tensor:
        place.copy_(rows)
        graph.replay()
        return loss.clone()  # the next replay writes over it

    return replay
