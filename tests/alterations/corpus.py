"""The corpus: some hundred alterations of healthy records, by kind, each with its expected result."""

from __future__ import annotations

import copy
import json
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from alterations.records import (
    Arrays,
    Header,
    drop_field,
    edit_array_header,
    edit_arrays,
    edit_file,
    edit_header,
    find_folders,
    set_field,
    sign,
)

from multibackend.records.record import ARRAYS_FILE, MODEL_FILE, RECORD_FILE

Change = Callable[[Path], None]
ONE = "torch-float64"
ALL = tuple(
    f"{backend}-{precision}" for backend in ("jax", "tensorflow", "torch") for precision in ("float64", "float32")
)
LOADED = tuple(f"{name}-interchange" for name in ALL)


@dataclass(frozen=True)
class Alteration:
    """A change of a folder of records. `expected`: `wrong` must fail; `said` must fail or be noted; `harmless` pass."""

    kind: str
    name: str
    change: Change
    expected: Literal["wrong", "said", "harmless"] = "wrong"


def list_alterations(header: Header) -> list[Alteration]:
    """List all alterations; `header` is that of a healthy training, each of whose fields is altered."""
    found = [
        *_list_groups(),
        *_list_fields(header),
        *_list_plans(),
        *_list_texts(),
        *_list_files(),
        *_list_array_files(),
        *_list_identities(),
        *_list_harmless(),
    ]
    names = [(one.kind, one.name) for one in found]
    assert len(set(names)) == len(names), [name for name in names if names.count(name) > 1]
    return found


GROUPS = (
    "initial_weights/dense/kernel",
    "initial_outputs/dense",
    "initial/loss",
    "gradients/dense/kernel",
    "updates/dense/kernel",
    "slots/sgd/dense_kernel_momentum",
    "losses",
    "history/loss",
    "history/val_loss",
    "test/loss",
    "test/accuracy",
    "final_weights/dense/kernel",
    "optimizer/sgd/dense_kernel_momentum",
    "predictions/0",
    "continued",
)


def _list_groups() -> Iterator[Alteration]:
    """An array of each group: missing, emptied, of another shape or dtype, or saying nothing; on one or all sides."""
    forms: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "emptied": lambda a: np.zeros((0,), a.dtype),
        "with an axis more": lambda a: a[None],
        "of half its length": lambda a: a[: len(a) // 2] if a.ndim else a[None],
        "of bool": lambda a: a.astype(bool),
        "of float16": lambda a: a.astype(np.float16),
        "of int64": lambda a: a.astype(np.int64),
        "a single number": lambda a: a.ravel()[0] if a.ndim else a.reshape(1, 1),
        "NaN": lambda a: np.full_like(a, np.nan),
    }
    for key in GROUPS:
        for side, where in (("one side", (ONE,)), ("all sides", ALL)):
            yield Alteration("array missing", f"{key}, on {side}", edit_arrays(*where, change=_drop(key)))
            for form, change in forms.items():
                if side == "one side" and form not in ("emptied", "of bool"):
                    continue
                kind = "not finite" if form == "NaN" else "array of another form"
                yield Alteration(kind, f"{key} {form}, on {side}", edit_arrays(*where, change=_replace(key, change)))
        zeroed = edit_arrays(*ALL, change=_replace(key, np.zeros_like))
        quiet = key in ("initial_weights/dense/kernel", "test/accuracy", "final_weights/dense/kernel")
        if not quiet and not key.startswith("optimizer/"):  # one of many may be zero for good reasons
            yield Alteration("zero throughout", f"{key}, on all sides", zeroed, "said")
    for group in ("initial_outputs", "gradients", "updates", "slots", "final_weights", "initial_weights", "optimizer"):
        for what, change in (("missing", None), ("zero", np.zeros_like)):
            kind = "array missing" if what == "missing" else "zero throughout"
            edit = edit_arrays(*ALL, change=_replace_group(group, change))
            yield Alteration(
                kind, f"all {group} {what}, on all sides", edit, "said" if group == "initial_weights" else "wrong"
            )
    both = lambda arrays: [_replace_group(group, np.zeros_like)(arrays) for group in ("gradients", "updates")]  # noqa: E731
    yield Alteration("zero throughout", "gradients and updates, on all sides", edit_arrays(*ALL, change=both))
    constant = _replace("losses", lambda a: np.full_like(a, 0.5))
    yield Alteration("zero throughout", "a loss that never changes", edit_arrays(*ALL, change=constant), "said")
    for key in ("predictions/jax.0", "continued/jax", "predictions/torch.0"):
        where = ("tensorflow-float64-interchange",)
        yield Alteration("array missing", f"interchange {key}", edit_arrays(*where, change=_drop(key)))
        empty = _replace(key, lambda a: np.zeros((0,), a.dtype))
        yield Alteration("array of another form", f"interchange {key} emptied", edit_arrays(*where, change=empty))
        nan = _replace(key, lambda a: np.full_like(a, np.nan))
        yield Alteration("not finite", f"interchange {key} NaN", edit_arrays(*where, change=nan))
    boolean = _replace_group("continued", lambda a: a.astype(bool))
    yield Alteration("array of another form", "interchange continued of bool", edit_arrays(*LOADED, change=boolean))
    for key in ("secret", "losses/2", "gradients/", "weights/dense", "trace/x"):
        yield Alteration("array of no group", key, edit_arrays(ONE, change=_add(key)))


def _list_fields(header: Header) -> Iterator[Alteration]:
    """Every field of a header, of the wrong type, out of range, or missing, in one record."""
    wrong: dict[type, tuple[Any, ...]] = {
        int: ("7", -1, 1.5, True, 10**30),
        float: ("7", -1.0, True, []),
        str: (3, None, ["x"]),
        bool: (1, "yes", None),
        dict: ([], 3, "x", None),
        list: ({}, 3, "x"),
    }
    free = ("structure.optimizer", "structure.loss", "structure.loss_weights")
    for path, value in _walk(header):
        if path.startswith(("sums", "sha256")) or ".config" in path:
            continue
        for other in wrong[type(value)]:
            if (path, other) == ("environment.commit", None):
                continue  # there may be none
            if path not in free and not path.startswith(tuple(f"{name}." for name in free)):
                shown = "10^30" if other == 10**30 else json.dumps(other)
                yield Alteration("field of another type", f"{path} = {shown}", set_field(path, other, ONE))
        if path.count(".") <= 1 and not path.startswith(
            ("workarounds.", "digests", "environment.", "wall_seconds.", "plan.training", "plan.eval")
        ):
            yield Alteration("field missing", path, drop_field(path, ONE))
    for name in ("packages", "backend"):
        yield Alteration("field missing", f"environment.{name}", drop_field(f"environment.{name}", ONE))
    for name in ("batch_order", "training.inputs", "test.targets", "validation.inputs"):
        drop = edit_header(*ALL, change=lambda h, name=name: h["digests"].pop(name))
        yield Alteration("field missing", f"digests {name}, on all sides", drop)
    for path in ("color", "run.color", "plan.color", "structure.color", "structure.rows.color"):
        yield Alteration("field unknown", path, set_field(path, 1, ONE))


def _walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each field below a header, with its path; of lists the first item."""
    if path:
        yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, item in items:
        if item is not None and "." not in str(key):
            yield from _walk(item, f"{path}.{key}" if path else str(key))


def _list_plans() -> Iterator[Alteration]:
    """Structures and plans that don't fit each other, on all sides alike."""
    values: dict[str, tuple[Any, ...]] = {
        "plan.epochs": (0, 1, 3),
        "plan.batch_size": (0, 7),
        "plan.training_rows": (1,),
        "plan.evaluation_rows": (1,),
        "structure.steps_per_epoch": (0, 1),
        "structure.rows.training": (0, 10),
        "structure.rows.test": (0, 3),
        "structure.parameters.total": (0, 1),
        "structure.parameters.trainable": (0,),
        "structure.variables": ([],),
        "structure.layers": ([],),
        "structure.outputs": ([],),
        "structure.slots": ([],),
        "structure.metrics.evaluation": ([], ["accuracy"]),
        "structure.metrics.training": ([],),
        "structure.variables.0.dtype": ("float16", "bool", "int64"),
        "structure.variables.0.trainable": (False,),
        "structure.variables.0.shape": ([0], [1]),
        "structure.variables.0.path": ("other",),
        "structure.outputs.0.shape": ([0], [32, 5]),
        "structure.layers.0.output_shape": ([7],),
    }
    for path, others in values.items():
        for value in others:
            name = f"{path} = {json.dumps(value)}"
            yield Alteration("plan or structure, on all sides", name, set_field(path, value, *ALL))
    for part, group in (("variables", "initial_weights"), ("outputs", "initial_outputs")):
        yield Alteration(
            "plan or structure, on all sides", f"a part less, with its arrays: {part}", _shrink(part, group)
        )


def _shrink(part: str, group: str) -> Change:
    """Take an item from a part of the structure, and its arrays, on all sides."""

    def change(records: Path) -> None:
        names = {"initial_weights": ("initial_weights", "final_weights", "gradients", "updates")}.get(group, (group,))
        edit_arrays(*ALL, change=lambda a: [a.pop(k) for k in list(a) if k in {f"{n}/{path}" for n in names}])(records)
        edit_header(*ALL, change=lambda header: header["structure"][part].pop(0))(records)

    path = {"variables": "dense/kernel", "outputs": "dense"}[part]
    return change


def _list_texts() -> Iterator[Alteration]:
    """Names and texts that are long, unprintable, or mean something elsewhere; JSON that isn't, or is too much."""
    names = {
        "of 100 kB": "x" * 100_000,
        "with a line end": "a\nb",
        "with an escape": "a\x1b[31mb",
        "with a direction mark": "a\u202eb",
        "with a null": "a\0b",
        "with half a surrogate pair": "a\ud800b",
        "empty": "",
    }
    for path in ("run.experiment", "structure.layers.0.path", "structure.variables.0.path", "structure.outputs.0.path"):
        for what, name in names.items():
            yield Alteration("name", f"{path} {what}", set_field(path, name, ONE))
        yield Alteration("name", f"{path} of Rich markup", set_field(path, "[/bold] [link=x]", ONE))
    for what, name in (("of Rich markup", "[/red][b]"), ("that leaves the folder", "../../../etc/passwd")):
        yield Alteration(
            "name", f"run.experiment {what}, everywhere", set_field("run.experiment", name, *ALL, *LOADED), "harmless"
        )
    markup = edit_header(ONE, change=lambda h: h.update(status="failed", reason="[/red]" * 9))
    yield Alteration("name", "a reason of Rich markup, of a failed training with arrays", markup)
    yield Alteration("large", "a reason of 5 MB", set_field("reason", "x" * 5_000_000, ONE))
    yield Alteration(
        "large", "250,000 packages", set_field("environment.packages", {str(i): "1" for i in range(250_000)}, ONE)
    )
    yield Alteration(
        "large", "a list of 300,000 in a configuration", set_field("structure.layers.0.config", [0] * 300_000, ONE)
    )
    for levels in (51, 900):
        nested: Any = 0
        for _ in range(levels):
            nested = [nested]
        yield Alteration(
            "large", f"{levels} levels in a configuration", set_field("structure.layers.0.config", nested, ONE)
        )
    texts: dict[str, bytes] = {
        "10^6 brackets": b"[" * 10**6,
        "10^6 objects": b'{"a":' * 10**6,
        "10^5 digits": b'{"schema_version": ' + b"9" * 10**5 + b"}",
        "empty": b"",
        "null": b"null",
        "a list": b"[1, 2]",
        "no UTF-8": b"\xff\xfe\x00",
        "a mark of byte order": b"\xef\xbb\xbf{}",
        "another schema": b'{"schema_version": 2}',
        "a schema of floating point": b'{"schema_version": 4.0}',
        "a schema alone": b'{"schema_version": 4}',
    }
    for what, text in texts.items():
        yield Alteration(
            "no JSON of ours", what, edit_file(RECORD_FILE, lambda p, t=text: p.write_bytes(t) and None, ONE)
        )
    for what, old, new in (
        ("NaN", '"diverges"', '"x": NaN, "diverges"'),
        ("Infinity", '"peak_bytes": 268435456', '"peak_bytes": Infinity'),
        ("1e400", '"peak_bytes": 268435456', '"peak_bytes": 1e400'),
        ("a field twice", '"diverges"', '"status": "finished", "diverges"'),
        ("a field twice, deep", '"seed"', '"seed": 1, "seed"'),
        ("a comment", '"diverges"', '/* */ "diverges"'),
    ):
        edit = edit_file(RECORD_FILE, lambda p, o=old, n=new: p.write_text(_swap(p.read_text(), o, n)) and None, ONE)
        yield Alteration("no JSON of ours", what, edit)


def _swap(text: str, old: str, new: str) -> str:
    assert old in text, old
    return text.replace(old, new, 1)


def _list_files() -> Iterator[Alteration]:
    """Each file: missing, truncated, lengthened, altered without its sum, or something else than a file."""
    changes: dict[str, Change] = {
        "missing": Path.unlink,
        "a named pipe": lambda p: _instead(p, lambda: os.mkfifo(p)),
        "a link to /dev/zero": lambda p: _instead(p, lambda: p.symlink_to("/dev/zero")),
        "a link to itself": lambda p: _instead(p, lambda: p.symlink_to(p)),
        "a link to nothing": lambda p: _instead(p, lambda: p.symlink_to("/nowhere")),
        "a link to its like": lambda p: _instead(p, lambda: p.symlink_to(p.parents[1] / "jax-float64" / p.name)),
        "a folder": lambda p: _instead(p, p.mkdir),
        "a socket": lambda p: _instead(p, lambda: _bind(p)),
        "of 500 MB": lambda p: os.truncate(p, 500_000_000),
        "of 1 TB": lambda p: os.truncate(p, 10**12),
        "empty": lambda p: os.truncate(p, 0),
        "without its last bytes": lambda p: os.truncate(p, p.stat().st_size - 2),
        "half": lambda p: os.truncate(p, p.stat().st_size // 2),
        "with bytes more": lambda p: p.write_bytes(p.read_bytes() + b"more") and None,
        "another's": lambda p: p.write_bytes((p.parents[1] / "jax-float64" / p.name).read_bytes()) and None,
        "with a bit turned": lambda p: p.write_bytes(_turn(p.read_bytes())) and None,
    }
    for name in (RECORD_FILE, ARRAYS_FILE, MODEL_FILE):
        for what, change in changes.items():
            yield Alteration("file", f"{name} {what}", edit_file(name, change, ONE))
    for field, value in (
        ("status", "not-run"),
        ("status", "failed"),
        ("diverges", True),
        ("fingerprint", "0"),
        ("run.seed", 1),
    ):
        yield Alteration("not signed", f"{field} = {value}", set_field(field, value, ONE, signed=False))
    yield Alteration("not signed", "losses", edit_arrays(ONE, change=_replace("losses", lambda a: a * 2), signed=False))
    unknown = edit_header(ONE, change=lambda h: h["sums"].update({"../x": "0" * 64}), signed=False)
    yield Alteration("not signed", "a sum of a file that is none of ours", unknown)


def _instead(path: Path, make: Callable[[], object]) -> None:
    path.unlink()
    make()


def _bind(path: Path) -> None:
    before = Path.cwd()
    os.chdir(path.parent)  # a socket's address has at most 107 characters
    try:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(path.name)
    finally:
        os.chdir(before)


def _turn(content: bytes) -> bytes:
    middle = len(content) - 20
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def _list_array_files() -> Iterator[Alteration]:
    """The header of the array file, of which each field may lie."""
    values: dict[str, tuple[Any, ...]] = {
        "dtype": ("BF16", "F8_E4M3", "X", 3, None, "F32"),
        "shape": ([-1], [2**62, 4], "x", None, [1.5], [True], [1] * 40),
        "data_offsets": ([0, 0], [8, 0], [0, 2**60], [-8, 0], "x", [0], None),
    }
    for field, others in values.items():
        for value in others:
            edit = edit_array_header(ONE, lambda h, f=field, v=value: h["losses"].update({f: v}))
            yield Alteration("array file", f"{field} = {json.dumps(value)[:40]}", edit)
    entries: dict[str, Callable[[Header], Any]] = {
        "an entry that is a list": lambda h: h.update(losses=[]),
        "an entry without fields": lambda h: h.update(losses={}),
        "a name with a line end": lambda h: h.update({"a\nb": h.pop("losses")}),
        "a name of 100 kB": lambda h: h.update({"initial/" + "x" * 100_000: h.pop("losses")}),
        "no name": lambda h: h.update({"": h.pop("losses")}),
        "two in one place": lambda h: h.update({"test/more": h["losses"]}),
        "half a surrogate pair": lambda h: h.update({"initial/\ud800": h.pop("losses")}),
    }
    for what, change in entries.items():
        yield Alteration("array file", what, edit_array_header(ONE, lambda h, c=change: c(h) and None))
    for what, head in (
        ("a header of 2^63 bytes", b"\xff" * 7 + b"\x7f" + b"{}"),
        ("a header of brackets", (10**6).to_bytes(8, "little") + b"[" * 10**6),
        ("a header that is null", (4).to_bytes(8, "little") + b"null"),
        ("seven bytes", b"\0" * 7),
        ("a pickle", b"\x80\x04\x95" + b"x" * 40),
    ):
        edit = edit_file(ARRAYS_FILE, lambda p, h=head: p.write_bytes(h) and None, ONE, signed=True)
        yield Alteration("array file", what, edit)


def _list_identities() -> Iterator[Alteration]:
    """Records in another's clothes, trainings that were not run after all, and those that are absent."""
    for step in range(1, 4):
        yield Alteration("another's record", f"torch's are JAX's, {step} of 3 traces removed", _disguise(step))
    yield Alteration("another's record", "torch's are JAX's, and other seconds", _disguise(4))
    perturbed = _copy("jax-float32", "jax-float32-perturbed-1", lambda h: h["run"].update(perturbation=1))
    yield Alteration("another's record", "the repetition is the training itself", perturbed)
    yield Alteration("another's record", "the same run twice", _copy("jax-float64", "again", lambda _: None))
    yield Alteration("not run", "finished made not-run, signed", set_field("status", "not-run", ONE))
    yield Alteration("not run", "finished made failed, signed", set_field("status", "failed", ONE))
    yield Alteration("not run", "not run on one side, nothing left", _clear(ONE))
    yield Alteration("not run", "not run on all sides, nothing left", _clear(*ALL, *LOADED))
    yield Alteration("absent", "a record", _remove(ONE))
    yield Alteration("absent", "a backend", _remove("torch-float64", "torch-float32"))
    yield Alteration("absent", "one interchange record", _remove("torch-float64-interchange"))
    yield Alteration("absent", "all interchange records", _remove(*LOADED), "said")
    yield Alteration("absent", "all", _remove())
    torch = ("torch-float64", "torch-float32", "torch-float64-interchange", "torch-float32-interchange")
    for path, value in (
        ("environment.packages.keras", "3.14.0"),
        ("environment.commit", "0" * 40),
        ("environment.device", "cuda (NVIDIA H100)"),
        ("fingerprint", "0" * 32),
    ):
        yield Alteration("another environment", path, set_field(path, value, *torch), "said")


def _disguise(steps: int) -> Change:
    """Put JAX's records in torch's place, and remove traces of whose they are."""

    def dress(header: Header) -> None:
        header["run"]["backend"] = "torch"
        if steps > 1:
            header["environment"]["backend"] = "torch"
        if steps > 2:
            header["environment"]["packages"]["torch"] = "2.13.0"
        if steps > 3:
            header["wall_seconds"] = {phase: value + 0.1 for phase, value in header["wall_seconds"].items()}

    def change(records: Path) -> None:
        for folder in find_folders(records):
            if folder.name.startswith("jax-") and "interchange" not in folder.name:
                _copy(folder.name, folder.name.replace("jax", "torch"), dress)(records)

    return change


def _copy(source: str, target: str, dress: Callable[[Header], Any]) -> Change:
    def change(records: Path) -> None:
        origin = find_folders(records, source)[0]
        folder = origin.parent / target
        folder.mkdir(exist_ok=True)
        for path in origin.iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
        header = json.loads((folder / RECORD_FILE).read_text())
        dress(header)
        sign(folder, header)

    return change


def _clear(*where: str) -> Change:
    """Make trainings not run, with nothing that gives them away."""

    def change(records: Path) -> None:
        for folder in find_folders(records, *where):
            (folder / MODEL_FILE).unlink(missing_ok=True)
        empty = {"status": "not-run", "reason": "no network", "structure": {}, "digests": {}, "wall_seconds": {}}
        edit_arrays(*where, change=dict.clear)(records)
        edit_header(*where, change=lambda header: header.update(copy.deepcopy(empty)))(records)

    return change


def _remove(*where: str) -> Change:
    def change(records: Path) -> None:
        for folder in find_folders(records, *where):
            for path in folder.iterdir():
                path.unlink()

    return change


def _list_harmless() -> Iterator[Alteration]:
    """List changes of nothing that matters: they must pass."""
    values: dict[str, Any] = {
        "wall_seconds.train": 12.5,
        "peak_bytes": 7,
        "reason": "none",
        "environment.platform": "Darwin",
        "environment.workers": 1,
        "environment.more": {"a": [1]},
        "environment.flags": {"step": "scan"},
        "workarounds": ["float64-stays-float64", "tensorflow-cast-exact", "tensorflow-loss-from-probabilities", "more"],
    }
    for path, value in values.items():
        yield Alteration("harmless", path, set_field(path, value, ONE), "harmless")
    yield Alteration(
        "harmless", "signed anew", lambda records: [sign(f) for f in find_folders(records)] and None, "harmless"
    )
    more = edit_file("notes.txt", lambda path: path.write_text("mine") and None, ONE)
    yield Alteration("harmless", "a file beside the record", more, "harmless")


def _drop(key: str) -> Callable[[Arrays], None]:
    def drop(arrays: Arrays) -> None:
        arrays.pop(key, None)

    return drop


def _add(key: str) -> Callable[[Arrays], None]:
    return lambda arrays: arrays.update({key: np.ones(3)})


def _replace(key: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Arrays], None]:
    return lambda arrays: arrays.update({key: np.asarray(change(arrays[key]))}) if key in arrays else None


def _replace_group(group: str, change: Callable[[np.ndarray], np.ndarray] | None) -> Callable[[Arrays], None]:
    def apply(arrays: Arrays) -> None:
        for key in [key for key in arrays if key.startswith(f"{group}/")]:
            if change is None:
                del arrays[key]
            else:
                arrays[key] = np.asarray(change(arrays[key]))

    return apply
