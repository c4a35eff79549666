"""Cost: how complicated a candidate is, as a number that reduction makes smaller."""

from __future__ import annotations

import math
from typing import Any

from multibackend.reduce.candidate import GRADIENTS, PROBES, Call, Candidate, Values, find_names, walk

VALUE_COST = {"normal": 0.0, "classes": 1.0, "one-hot": 1.0, "binary": 1.0, "integers": 1.0, "positive": 2.0}
PRICE = {"node": 100.0, "own": 100.0, "argument": 10.0, "double": 60.0, "probe": 15.0, "values": 20.0, "literal": 200.0}


def measure(candidate: Candidate) -> float:
    """Measure how complicated a candidate is: layers cost most, then options, then sizes.

    Reduction only keeps a candidate that costs less than the one before.
    """
    arrays = [*(source.values for source in candidate.sources), candidate.targets]
    cost = PRICE["node"] * len(candidate.nodes) + PRICE["own"] * len(find_names(candidate))
    cost += sum(
        _weigh(part) for part in [candidate.loss, list(candidate.metrics), *(node.layer for node in candidate.nodes)]
    )
    cost += 0.0 if candidate.optimizer == GRADIENTS else _weigh(candidate.optimizer)
    cost += sum(_weigh(list(node.keywords.values())) for node in candidate.nodes)
    cost += PRICE["double"] * (candidate.precision == "float64") + PRICE["probe"] * PROBES.index(candidate.probe)
    cost += sum(_weigh_values(values) for values in arrays)
    cost += PRICE["argument"] * (
        candidate.training + candidate.weighted + ["initial", "uniform", "positive"].index(candidate.weights)
    )
    sizes = [candidate.rows, candidate.steps * 4, *(n for source in candidate.sources for n in source.shape)]
    if candidate.probe in ("fit", "history"):
        sizes.append(candidate.batch)
    return cost + sum(math.log2(1 + n) for n in sizes)


def _weigh(part: Any) -> float:
    if part == "mse" or part is None:
        return 0.0
    numbers = [n for n in walk(part) if isinstance(n, (int, float)) and not isinstance(n, bool)]
    calls = [c for c in walk(part) if isinstance(c, Call)]
    texts = [t for t in walk(part) if isinstance(t, str)]
    count = len(calls) + sum(len(call.arguments) for call in calls) + len(texts)
    return PRICE["argument"] * count + sum(math.log2(1 + min(abs(n), 1e9)) for n in numbers)


def _weigh_values(values: Values) -> float:
    if values.kind == "literal":
        return PRICE["literal"]
    if values.kind == "spread":
        return PRICE["values"] * 3 + math.log2(1 + abs(values.mean)) + math.log2(1 + values.deviation)
    return PRICE["values"] * VALUE_COST[values.kind] + (math.log2(values.high) if values.kind == "integers" else 0.0)
