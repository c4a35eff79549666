"""Inference: the record of an experiment on a backend that calls models and doesn't train them.

It holds the structure, the initial weights and each layer's output. What the backend makes of models that others have
trained is in its interchange record.
"""

from __future__ import annotations

from multibackend.engine.backends import get_engine
from multibackend.engine.loop import flat_metrics
from multibackend.engine.state import named, to_numpy
from multibackend.records.record import Record, Run
from multibackend.train.build import Built
from multibackend.train.measure import Trained, make_record, perturb_inputs, perturb_weights, prefixed
from multibackend.train.saving import Saved
from multibackend.train.timing import timed


def inference_record(run: Run, b: Built) -> Record:
    """Call a model that was just built on the probe rows, and return what it is and gave."""
    model, seconds = b.model, dict(b.seconds)
    perturb_weights(model, run)
    with timed(seconds, "first outputs"):
        outputs = get_engine(run.backend).compile_forward(model)(perturb_inputs(b.probe, run).inputs)
    arrays = prefixed("initial_weights", named(model.weights)) | prefixed("initial_outputs", outputs)
    metrics = sorted(flat_metrics({name: to_numpy(value) for name, value in model.get_metrics_result().items()}))
    return make_record(run, b, {"step": "none"}, Trained(outputs, metrics, metrics, Saved()), arrays, seconds)
