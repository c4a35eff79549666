import json
from dataclasses import replace

import numpy as np
import pytest

from multibackend.errors import MultibackendError, RecordError
from multibackend.records.record import ARRAYS_FILE, RECORD_FILE, Record, Run, find_records, load_record, save_record

RUN = Run("E4", "jax", "float64", "quick", 7)


@pytest.fixture
def record() -> Record:
    random = np.random.default_rng(0)
    return Record(
        run=RUN,
        status="finished",
        plan={"epochs": 2, "batch_size": 4},
        workarounds=("float64-stays-float64",),
        environment={"packages": {"keras": "3.15.1"}},
        structure={
            "layers": [{"path": "dense", "class": "Dense", "config": None, "output_shape": [3], "parameters": 16}]
        },
        digests={"batch_order": "0" * 64},
        wall_seconds={"training": 0.25},
        peak_bytes=1024,
        arrays={
            "losses": np.array([1.0, np.nan, np.inf, -0.0]),
            "initial/loss": np.array(0.5),
            "initial_weights/dense/kernel": random.normal(size=(3, 4)).astype(np.float32),
            "initial_outputs/dense": random.normal(size=(4, 3)).T,
            "predictions/0": np.arange(6, dtype=np.int64).reshape(2, 3),
        },
    )


def test_a_record_comes_back_to_the_bit(record, tmp_path):
    folder = save_record(record, tmp_path)
    loaded = load_record(folder)
    assert loaded == record
    assert list(find_records(tmp_path)) == [folder] == [tmp_path / "E4" / "jax-float64"]
    assert set(loaded.arrays) == set(record.arrays)
    for key, array in record.arrays.items():
        assert loaded.arrays[key].dtype == array.dtype
        assert loaded.arrays[key].shape == array.shape, key
        assert loaded.arrays[key].tobytes() == array.tobytes(), key


def test_a_nan_keeps_its_payload(tmp_path, record):
    strange = np.frombuffer(np.array([0x7FF8_0000_DEAD_BEEF], np.uint64).tobytes(), np.float64)
    loaded = load_record(save_record(replace(record, arrays={"losses": strange}), tmp_path))
    assert loaded.arrays["losses"].tobytes() == strange.tobytes()


def test_an_older_record_is_replaced_whole(record, tmp_path):
    save_record(record, tmp_path)
    newer = replace(record, status="failed", reason="out of memory", structure={}, digests={}, arrays={})
    folder = save_record(newer, tmp_path)
    assert load_record(folder) == newer
    assert load_record(folder).arrays == {}
    assert sorted(path.name for path in folder.parent.iterdir()) == ["jax-float64"]


def test_perturbed_runs_have_folders_of_their_own(record, tmp_path):
    folders = {save_record(replace(record, run=replace(RUN, perturbation=k)), tmp_path) for k in range(3)}
    assert {folder.name for folder in folders} == {
        "jax-float64",
        "jax-float64-perturbed-1",
        "jax-float64-perturbed-2",
    }


def test_arrays_are_read_when_asked_for_and_not_kept(record, tmp_path):
    folder = save_record(record, tmp_path)
    loaded = load_record(folder)
    assert loaded.arrays["losses"] is not loaded.arrays["losses"]
    assert "no such" not in loaded.arrays
    with pytest.raises(KeyError):
        loaded.arrays["no such"]
    (folder / ARRAYS_FILE).unlink()
    with pytest.raises(RecordError, match=str(folder)) as caught:
        loaded.arrays["losses"]
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("stored", [True, False])
def test_groups_are_read_into_memory_and_no_others(record, tmp_path, stored):
    folder = save_record(record, tmp_path)
    read = (load_record(folder) if stored else record).read({"initial", "losses"})
    assert read.arrays.keys() == {"initial/loss", "losses"}
    (folder / ARRAYS_FILE).unlink()
    assert read.arrays["losses"].tobytes() == record.arrays["losses"].tobytes()


def test_a_group_is_keyed_by_the_rest_of_the_name(record):
    assert set(record.group("initial_weights")) == {"dense/kernel"}
    assert record.group("initial").keys() == {"loss"}


def test_a_folder_that_cannot_be_written_is_one_line(record, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(MultibackendError, match="can't be written") as caught:
        save_record(record, tmp_path / "file")
    assert "\n" not in str(caught.value)


def _truncate_header(folder):
    (folder / RECORD_FILE).write_text((folder / RECORD_FILE).read_text()[:-30])


def _truncate_arrays(folder):
    (folder / ARRAYS_FILE).write_bytes((folder / ARRAYS_FILE).read_bytes()[:-3])


def _empty_arrays(folder):
    (folder / ARRAYS_FILE).write_bytes(b"")


def _drop_arrays(folder):
    (folder / ARRAYS_FILE).unlink()


def _write(text):
    return lambda folder: (folder / RECORD_FILE).write_text(text)


def _set(**values):
    def change(folder):
        header = json.loads((folder / RECORD_FILE).read_text())
        (folder / RECORD_FILE).write_text(json.dumps(header | values))

    return change


@pytest.mark.parametrize(
    "break_it",
    [
        _truncate_header,
        _truncate_arrays,
        _empty_arrays,
        _drop_arrays,
        _write("[1, 2]"),
        _write("{}"),
        _write('{"schema_version": 1}'),
        _set(schema_version=1),
        _set(schema_version=None),
        _set(color="red"),
        _set(run={"experiment": "E4"}),
        _set(run="E4"),
        lambda folder: (folder / RECORD_FILE).write_bytes(b"\xff\xfe\x00"),
    ],
)
def test_a_broken_record_is_one_line_that_names_it(record, tmp_path, break_it):
    folder = save_record(record, tmp_path)
    break_it(folder)
    with pytest.raises(RecordError) as caught:
        load_record(folder)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)
