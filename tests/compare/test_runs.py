import json
import shutil
import subprocess
import sys
import tracemalloc
from dataclasses import replace

import pytest
from fakes.synthetic import Setting, train, train_all

from multibackend.compare import compare_records, load_runs
from multibackend.errors import RecordError
from multibackend.records.record import ARRAYS_FILE, RECORD_FILE, save_record


def refuse(paths, *words):
    with pytest.raises(RecordError) as caught:
        load_runs(paths)
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_records_of_several_folders_compare_as_those_in_memory(tmp_path, records):
    for record in records:
        save_record(record, tmp_path / record.run.backend)
    loaded = load_runs([tmp_path / backend for backend in ("jax", "tensorflow", "torch")])
    assert len(loaded) == len(records)
    assert compare_records(loaded, None).findings == compare_records(records, None).findings


def test_memory_does_not_grow_with_the_number_of_experiments(tmp_path):
    records = train_all(Setting(hidden=2000, epochs=1), 1)
    peaks = []
    for count in (2, 10):
        for i in range(count):
            for record in records:
                save_record(replace(record, run=replace(record.run, experiment=f"X{i}")), tmp_path / str(count))
        tracemalloc.start()
        assert compare_records(load_runs([tmp_path / str(count)]), None).passed
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[0] > 1_000_000
    assert peaks[1] < 1.5 * peaks[0]


def test_a_missing_and_an_empty_folder_are_refused(tmp_path):
    refuse([tmp_path / "none"], "none", "no folder")
    refuse([tmp_path], "holds no record")


def test_the_same_run_twice_is_refused_naming_both(tmp_path):
    record = train(Setting(), "jax", "float64")
    for folder in ("a", "b"):
        save_record(record, tmp_path / folder)
    refuse([tmp_path / "a", tmp_path / "b"], str(tmp_path / "a"), str(tmp_path / "b"))


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("seed", Setting(seed=8)),
        ("profile", Setting(profile="full")),
        ("plan", Setting(epochs=5)),
        ("diverges", Setting(diverges=True)),
    ],
)
def test_records_of_different_trainings_are_refused(tmp_path, name, other):
    save_record(train(Setting(), "jax", "float64"), tmp_path)
    save_record(train(other, "torch", "float64"), tmp_path)
    refuse([tmp_path], name, "torch", "jax", "expected")


def test_a_perturbed_run_on_other_data_is_refused(records):
    changed = [replace(r, digests={"inputs": "0"}) if r.run.perturbation == 1 else r for r in records]
    with pytest.raises(RecordError, match="data"):
        compare_records(changed, None)


def test_records_of_two_schemas_are_refused(records):
    with pytest.raises(RecordError, match="schema version"):
        compare_records([replace(records[0], schema_version=1), *records[1:]], None)


def test_different_experiments_may_have_different_plans():
    records = train_all(Setting(name="A9"), 0) + train_all(Setting(name="B9", epochs=2, seed=3, profile="full"), 0)
    assert compare_records(records, None).passed


@pytest.mark.parametrize("file", [RECORD_FILE, ARRAYS_FILE])
def test_a_truncated_record_is_refused(tmp_path, file):
    path = save_record(train(Setting(), "jax", "float64"), tmp_path) / file
    path.write_bytes(path.read_bytes()[:-20])
    refuse([tmp_path], "truncated or foreign")


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [("schema_version", 99, "schema"), ("status", "great", "status"), ("plan", None, "")],
)
def test_a_foreign_record_is_refused(tmp_path, key, value, words):
    path = save_record(train(Setting(), "jax", "float64"), tmp_path) / RECORD_FILE
    header = json.loads(path.read_text())
    if value is None:
        del header[key]
    else:
        header[key] = value
    path.write_text(json.dumps(header))
    refuse([tmp_path], words)


def test_a_record_of_an_unknown_backend_is_refused(tmp_path):
    record = train(Setting(), "jax", "float64")
    save_record(replace(record, run=replace(record.run, backend="mxnet")), tmp_path)
    refuse([tmp_path], "mxnet", "tensorflow")


def test_unfinished_writing_is_no_record(tmp_path):
    folder = save_record(train(Setting(), "jax", "float64"), tmp_path)
    shutil.copytree(folder, folder.parent / ".writing-xyz")
    assert len(load_runs([tmp_path])) == 1


def test_comparing_and_reporting_import_no_framework():
    """Nor matplotlib, before a figure is drawn."""
    code = "import sys, multibackend.compare, multibackend.report, multibackend.records.record; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    roots = {name.split(".")[0] for name in out.stdout.split()}
    assert not roots & {"keras", "tensorflow", "torch", "jax", "sklearn", "pandas", "matplotlib", "multibackend_course"}
