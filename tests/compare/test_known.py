from dataclasses import replace

import msgspec
import pytest
from fakes.synthetic import Setting, alter, train, train_all, with_array

from multibackend.compare import compare_records, load_known
from multibackend.compare.known import KNOWN_FILE, Known, Show
from multibackend.errors import MultibackendError

NAME = "E4-standardised"
ENTRY = Known(
    id="torch-leak",
    title="leak",
    backend="torch",
    keras=">=3.15,<3.16",
    workaround="around",
    cause="a cause",
    upstream="not reported",
    reproduction="docs/known.md",
    shows=(Show(NAME, "initial outputs", ("float64",), ("quick",), 6e-8),),
)


@pytest.fixture
def leaking():
    """Torch's float64 passes through float32 from the first layer on."""
    records = train_all(Setting(workarounds=()), repetitions=0)
    for key in ("initial_outputs/dense", "initial_outputs/dense_1", "losses"):
        records = alter(records, "torch", "float64", with_array(key, lambda v: v.astype("f4").astype("f8")))
    return records


def test_a_known_divergence_is_excused_with_its_consequences(leaking):
    comparison = compare_records(leaking, None, known=[ENTRY])
    assert comparison.passed
    assert comparison.verdict(NAME, "float64") == "known"
    found = {(f.pair, f.stage): f for f in comparison.findings if f.status == "known"}
    assert {pair for pair, _ in found} == {("jax", "torch"), ("tensorflow", "torch")}
    assert {(f.known, f.stale) for f in found.values()} == {("torch-leak", "")}
    assert found[("jax", "torch"), "initial outputs"].detail.startswith("torch-leak:")
    assert found[("jax", "torch"), "step losses"].detail.startswith("in consequence of torch-leak:")
    assert [(e.id, e.state, e.experiments) for e in comparison.known] == [("torch-leak", "in effect", (NAME,))]


def test_a_known_divergence_that_no_longer_occurs_fails():
    records = train_all(Setting(workarounds=(), seed=0), repetitions=0)
    comparison = compare_records(records, None, known=[ENTRY])
    failures = comparison.first_failures(NAME, "float64")
    assert [f.pair for f in failures] == [("jax", "torch"), ("tensorflow", "torch")]
    assert all("torch-leak no longer occurs: remove its entry" in f.detail for f in failures)
    assert {(f.known, f.stale) for f in failures} == {("", "torch-leak")}
    assert comparison.known[0].state == "no longer occurs"


def test_with_another_seed_than_the_measured_one_an_entry_is_not_stale():
    comparison = compare_records(train_all(Setting(workarounds=(), seed=7), repetitions=0), None, known=[ENTRY])
    assert comparison.verdict(NAME, "float64") == "same"


@pytest.mark.parametrize(
    "entry",
    [
        msgspec.structs.replace(ENTRY, backend="tensorflow"),
        msgspec.structs.replace(ENTRY, shows=(Show(NAME, "initial outputs", ("float32",), ("quick",), 6e-8),)),
        msgspec.structs.replace(ENTRY, keras=">=3.16"),
        msgspec.structs.replace(ENTRY, shows=(Show("B9", "initial outputs", ("float64",), ("quick",), 6e-8),)),
        msgspec.structs.replace(ENTRY, shows=(Show(NAME, "initial outputs", ("float64",), ("full",), 6e-8),)),
        msgspec.structs.replace(ENTRY, shows=(Show(NAME, "initial outputs", ("float64",), ("quick",), 1e-12),)),
        msgspec.structs.replace(ENTRY, shows=(Show(NAME, "gradients", ("float64",), ("quick",), 6e-8),)),
    ],
    ids=["backend", "precision", "keras", "experiment", "profile", "size", "later stage"],
)
def test_an_entry_excuses_only_what_it_describes(leaking, entry):
    comparison = compare_records(leaking, None, known=[entry])
    failures = {f.pair for f in comparison.first_failures(NAME, "float64") if f.stage == "initial outputs"}
    assert ("jax", "torch") in failures


def test_a_worked_around_record_has_no_excuse_and_is_listed_as_worked_around(leaking):
    around = [replace(r, workarounds=("around",) if r.run.precision == "float64" else ()) for r in reversed(leaking)]
    comparison = compare_records(around, None, known=[ENTRY])
    assert comparison.verdict(NAME, "float64") == "torch differs at initial outputs"
    assert [effect.state for effect in comparison.known] == ["worked around"]


def test_what_is_missing_is_never_excused(leaking):
    broken = alter(leaking, "torch", "float64", with_array("test/loss", lambda _: None))
    comparison = compare_records(broken, None, known=[ENTRY])
    assert [f.stage for f in comparison.first_failures(NAME, "float64")] == ["test metrics"] * 2


def test_an_entry_is_named_where_it_shows_even_behind_an_earlier_one(leaking):
    drifting = alter(
        leaking,
        "tensorflow",
        "float64",
        lambda _: train(Setting(workarounds=()), "tensorflow", "float64", rate_factor=1.00001),
    )
    adam = msgspec.structs.replace(
        ENTRY,
        id="tf-adam",
        backend="tensorflow",
        workaround="exact",
        shows=(Show(NAME, "first update", ("float64",), ("quick",), 1e-5),),
    )
    comparison = compare_records(drifting, None, known=[adam, ENTRY])
    assert comparison.passed
    details = {f.pair: f.detail for f in comparison.select(NAME, "float64", "first update")}
    assert details["jax", "tensorflow"].startswith("tf-adam:")
    assert details["tensorflow", "torch"].startswith("tf-adam:")
    details = {f.pair: f.detail for f in comparison.select(NAME, "float64", "step losses")}
    assert details["jax", "torch"].startswith("in consequence of torch-leak:")


def test_the_shipped_file_is_well_formed():
    entries = load_known()
    assert {entry.workaround for entry in entries} == {
        "float64-stays-float64",
        "tensorflow-cast-exact",
        "tensorflow-loss-from-probabilities",
    }


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('backend = "torch"', 'backend = "mxnet"', "backend"),
        ('precisions = ["float64"]', 'precisions = ["float16"]', "precisions"),
        ('precisions = ["float64"]', 'precisions = "float64"', "precisions"),
        ('keras = ">=3.15,<3.16"', 'keras = "about 3.15"', "keras"),
        ('stage = "initial outputs"', 'stage = "outputs"', "stage"),
        ('profiles = ["quick", "full"]', 'profiles = ["slow"]', "profiles"),
        ("size = 3.5e-7", "size = 0.0", "size"),
        ("size = 3.5e-7", 'size = "small"', "size"),
        ('upstream = "no report found"', "", "upstream"),
        ('id = "torch', 'color = "red"\nid = "torch', "color"),
        ('id = "jax-float64-in-float32"', 'id = "torch-float64-in-float32"', "twice"),
        ("[[divergence]]", "[[divergence", "line"),
    ],
)
def test_a_malformed_file_is_one_line_that_says_what(tmp_path, old, new, words):
    path = tmp_path / "known.toml"
    path.write_text(KNOWN_FILE.read_text().replace(old, new, 1))
    with pytest.raises(MultibackendError, match=words) as caught:
        load_known(path)
    assert "\n" not in str(caught.value)


def test_a_file_of_other_tables_is_refused(tmp_path):
    (tmp_path / "known.toml").write_text("[[divergences]]\n")
    with pytest.raises(MultibackendError, match="divergences"):
        load_known(tmp_path / "known.toml")


def test_a_missing_file_is_one_line(tmp_path):
    with pytest.raises(MultibackendError, match="known divergences"):
        load_known(tmp_path / "none.toml")
