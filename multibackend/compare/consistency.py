"""Consistency: checks that a record's structure, plan and digests say what it must hold, and fit each other."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from multibackend.compare.places import Problem
from multibackend.compare.silence import is_counter
from multibackend.records.array_file import Form
from multibackend.records.record import PROBE_ROWS, Record
from multibackend.text import sanitize

STRUCTURE_KEYS = (
    "layers",
    "variables",
    "parameters",
    "outputs",
    "slots",
    "metrics",
    "optimizer",
    "loss",
    "loss_weights",
    "rows",
    "steps_per_epoch",
)


def check_structure(record: Record) -> Problem | None:
    """Find what keeps a record's structure and plan from saying which arrays must be there, if anything."""
    structure, backend = record.structure, record.run.backend
    for key in STRUCTURE_KEYS:
        if key not in structure:
            return Problem(f"{key}: missing on {backend}", key)
    for key in ("epochs", "batch_size"):
        if key not in record.plan:
            return Problem(f"plan: {key} is missing on {backend}", "plan")
    for check in (_check_counts, _check_rows, _check_outputs, _check_names):
        if problem := check(structure, record.plan):
            return replace(problem, detail=f"{problem.where}: {backend} {problem.detail}")
    return None


def _check_counts(structure: Mapping[str, Any], _: Mapping[str, int]) -> Problem | None:
    """Check the numbers of parameters against the variables, and that those trained hold floating numbers."""
    variables = structure["variables"]
    trainable = [variable for variable in variables if variable["trainable"]]
    sizes = {"total": variables, "trainable": trainable}
    counts = {key: sum(math.prod(item["shape"]) for item in items) for key, items in sizes.items()}
    counts["non_trainable"] = counts["total"] - counts["trainable"]
    for key, count in counts.items():
        if structure["parameters"][key] != count:
            return Problem(
                f"has {structure['parameters'][key]} {key}; expected {count}, as of its variables", "parameters"
            )
    for variable in trainable:
        if not variable["dtype"].startswith("float") or not math.prod(variable["shape"]):
            form = Form(variable["dtype"], tuple(variable["shape"]))
            path = variable["path"]
            return Problem(f"has {form}; expected floating numbers, for it is trained", path, (path,))
    if not variables or not structure["layers"]:
        return Problem("has none; expected a model that has some", "layers" if variables else "variables")
    return None


def _check_rows(structure: Mapping[str, Any], plan: Mapping[str, int]) -> Problem | None:
    """Check the numbers of rows and steps against the plan."""
    rows, evaluated = structure["rows"], plan.get("evaluation_rows", 0)
    limits = {"training": plan.get("training_rows", 0), "validation": evaluated, "test": evaluated}
    for name, limit in limits.items():
        if limit and rows[name] > limit:
            return Problem(f"has {rows[name]} {name} rows; expected at most {limit}, as planned", "rows")
    steps = -(-rows["training"] // plan["batch_size"])
    if structure["steps_per_epoch"] != steps:
        got = structure["steps_per_epoch"]
        detail = f"has {got}; expected {steps}: {rows['training']} rows in batches of {plan['batch_size']}"
        return Problem(detail, "steps_per_epoch")
    return None


def _check_outputs(structure: Mapping[str, Any], _: Mapping[str, int]) -> Problem | None:
    """Check that the outputs are those of the layers that have some, and the model's own, for each probe row."""
    outputs = {item["path"]: item["shape"] for item in structure["outputs"]}
    if len(outputs) < len(structure["outputs"]):
        return Problem("names an output twice", "outputs")
    own = [path for path in outputs if path.startswith("output.")]
    if not own or {f"output.{i}" for i in range(len(own))} != set(own):
        return Problem(f"names {len(own)} outputs of the model; expected output.0 and those that follow", "outputs")
    probe = min(PROBE_ROWS, structure["rows"]["test"])
    for path in own:
        if outputs[path][:1] != [probe]:
            return Problem(f"has shape {outputs[path]} of {path}; expected {probe} rows first", "outputs")
    for layer in structure["layers"]:
        if (shape := layer["output_shape"]) is not None and outputs.get(layer["path"], [])[1:] != shape:
            got = outputs.get(layer["path"], "none")
            return Problem(f"has {got} of layer {layer['path']}; expected one whose rows have shape {shape}", "outputs")
    return None


def _check_names(structure: Mapping[str, Any], _: Mapping[str, int]) -> Problem | None:
    """Check that a loss is among the metrics, and a counter of steps among the optimizer's slots."""
    for kind, names in structure["metrics"].items():
        if "loss" not in names or len(set(names)) < len(names):
            return Problem(f"has {', '.join(names) or 'none'} of {kind}; expected the loss, and each once", "metrics")
    if not any(is_counter(slot["path"]) for slot in structure["slots"]):
        return Problem("has no iteration among its slots; expected one of every optimizer", "slots")
    return None


def check_digests(record: Record) -> Problem | None:
    """Check that there is a sum for each part of the data that was read, and for the order of the rows."""
    parts = ["training.inputs", "training.targets", "test.inputs", "test.targets"]
    if record.structure["rows"]["validation"]:
        parts += ["validation.inputs", "validation.targets"]
    names = list(record.digests)
    missing = [part for part in parts if not any(n == part or n.startswith(f"{part}.") for n in names)]
    missing += ["batch_order"] * ("batch_order" not in names)
    if missing:
        named = sanitize(", ".join(names), 100) or "no digest"
        return Problem(f"{missing[0]}: {record.run.backend} names {named}; expected the data's and batch_order's")
    for name, digest in record.digests.items():
        if name != "origin" and not (len(digest) == 64 and set(digest) <= set("0123456789abcdef")):
            return Problem(
                f"{sanitize(name, 100)}: {record.run.backend} has {sanitize(digest, 40)}; expected a SHA-256"
            )
    return None
