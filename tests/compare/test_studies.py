"""Equivalence judged from records: each way in which converged losses can differ, be missing or be no numbers."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from rich.console import Console

from multibackend import BACKENDS, MultibackendError, RecordError
from multibackend.compare.equivalence import Criterion, Equivalence
from multibackend.compare.known import Known, Show
from multibackend.compare.studies import Study, study_equivalence
from multibackend.records.record import Record, Run
from multibackend.report.equivalence import print_study, write_study

CRITERION = Criterion(margin=0.05, alpha=0.05)
Records = dict[int, list[Record]]
Losses = dict[str, float]


def make_records(
    change: Callable[[str, int, Losses], Losses | None] = lambda _backend, _seed, losses: losses, seeds: int = 6
) -> Records:
    """Converged losses about 0.4 that vary by 10 % with the seed and by 1 % with the backend; `change` alters them."""
    noise = np.random.default_rng(5)
    records: Records = {}
    for seed in range(seeds):
        level = 0.4 * math.exp(0.1 * noise.normal())
        for backend in BACKENDS:
            own = [level * math.exp(0.01 * noise.normal()) for _ in range(3)]
            losses = change(backend, seed, dict(zip(("loss", "val_loss", "test"), own, strict=True)))
            records.setdefault(seed, []).append(make_record(backend, seed, losses))
    return records


def make_record(backend: str, seed: int, losses: Losses | None) -> Record:
    run = Run("mine", backend, "float32", "quick", seed)
    if losses is None:
        return Record(run, "failed", reason="out of memory")
    arrays = {"losses": np.array([2.4, 1.0])}
    arrays |= {f"history/{key}": np.array([1.0, losses[key]]) for key in ("loss", "val_loss") if key in losses}
    arrays |= {"test/loss": np.array(losses["test"])} if "test" in losses else {}
    environment = {"packages": {"keras": "3.15.1"}}
    return Record(run, "finished", plan={"epochs": 2}, environment=environment, arrays=arrays)


def only(backend: str, change: Callable[[int, Losses], Losses | None]) -> Callable[[str, int, Losses], Losses | None]:
    """A change of one backend."""
    return lambda changed, seed, losses: change(seed, losses) if changed == backend else losses


def scaled(factor: float) -> Callable[[int, Losses], Losses]:
    return lambda _seed, losses: {key: factor * loss for key, loss in losses.items()}


def study(records: Records, criterion: Criterion = CRITERION) -> Study:
    return study_equivalence(records, BACKENDS, ["float32"], criterion)


def touching(judged: Study, backend: str) -> tuple[list[Equivalence], list[Equivalence]]:
    """The results of pairs with a backend, and of the others."""
    return (
        [r for r in judged.results if backend in r.pair],
        [r for r in judged.results if backend not in r.pair],
    )


def test_sound_backends_are_equivalent_in_each_loss_of_each_pair() -> None:
    judged = study(make_records())
    assert judged.passed
    assert [r.loss for r in judged.results] == ["training loss", "validation loss", "test loss"] * 3
    assert {r.status for r in judged.results} == {"equivalent"}
    assert judged.verdict("mine", "float32") == "equivalent"
    assert all(r.test is not None and r.test.pairs == 6 and len(r.losses) == 6 for r in judged.results)
    assert all(r.power is not None and 0.8 < r.power < 1 for r in judged.results)
    assert all(r.detectable is not None and r.detectable < 0.05 for r in judged.results)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("factor", "manner"), [(1.1, "slower"), (1 / 1.1, "faster")])
def test_slower_fails_as_well_as_faster_whichever_backend_it_is(backend: str, factor: float, manner: str) -> None:
    judged = study(make_records(only(backend, scaled(factor))))
    faulty, sound = touching(judged, backend)
    assert {r.status for r in faulty} == {"different"}
    assert {r.status for r in sound} == {"equivalent"}
    assert judged.verdict("mine", "float32").startswith(f"{backend} converges {manner}, by up to ")
    assert not judged.passed
    for result in faulty:
        assert result.test is not None
        factor_found = math.exp(result.test.mean if result.pair[1] == backend else -result.test.mean)
        assert factor_found == pytest.approx(factor, rel=0.02)


def test_one_altered_loss_of_the_three_fails() -> None:
    judged = study(make_records(only("jax", lambda _, losses: losses | {"val_loss": 1.2 * losses["val_loss"]})))
    assert {r.loss for r in judged.results if r.failed} == {"validation loss"}
    assert judged.verdict("mine", "float32").endswith(" (validation loss)")
    assert not judged.passed


def test_what_neither_is_nor_is_not_within_the_margin_fails_with_its_power_and_the_seeds_that_would_do() -> None:
    noise = np.random.default_rng(6)
    judged = study(make_records(only("torch", lambda _, losses: scaled(math.exp(0.08 * noise.normal()))(0, losses))))
    faulty, sound = touching(judged, "torch")
    assert {r.status for r in faulty} == {"not shown"}
    assert {r.status for r in sound} == {"equivalent"}
    for result in faulty:
        assert result.power is not None and result.power < 0.5
        assert result.seeds_needed is not None and result.seeds_needed > 6
        assert f"{result.seeds_needed} seeds would do" in result.detail
        assert result.detectable is not None and result.detectable > 0.05
    assert judged.verdict("mine", "float32").startswith("not shown: power 0.")
    assert not judged.passed


def test_about_a_margin_apart_is_not_shown_whatever_the_power() -> None:
    """Log ratios 0.03 +- 0.03, nearly: the interval holds both 0 and the margin, 0.049."""
    ratios = [math.exp(x) for x in (-0.008, 0.0155, 0.03, 0.0445, 0.068)]
    change = only("torch", lambda seed, _: {"loss": ratios[seed], "test": 1.0})
    judged = study(make_records(lambda b, s, _l: change(b, s, {"loss": 1.0, "test": 1.0}), seeds=5))
    found = [r for r in touching(judged, "torch")[0] if r.loss == "training loss"]
    assert {r.status for r in found} == {"not shown"}
    assert all(r.power is not None and r.power > 0.8 and r.detail.endswith("; add seeds") for r in found)


def test_losses_of_any_size_are_judged() -> None:
    sizes = (1e-320, 1e-300, 1e-10, 1e10, 1e300)
    judged = study(make_records(lambda b, s, _l: {"loss": sizes[s if b == "jax" else -1 - s], "test": 1.0}, seeds=5))
    found = {r.pair: r for r in judged.results if r.loss == "training loss"}
    assert found["jax", "torch"].status == "not shown"
    assert found["tensorflow", "torch"].status == "equivalent"
    assert "not even 10000 seeds" in found["jax", "torch"].detail


def test_what_follows_from_a_known_divergence_is_known_and_nothing_else_is() -> None:
    faulty = make_records(only("torch", scaled(1.2)))
    show = Show("mine", "initial loss", ("float32",), ("quick",), size=1.0)
    entry = Known("odd-loss", "", "torch", ">=3.15", "loss-exact", "", "", "", (show,))

    def judge(records: Records, entry: Known) -> Study:
        return study_equivalence(records, BACKENDS, ["float32"], CRITERION, [entry])

    explained = judge(faulty, entry)
    assert {r.status for r in touching(explained, "torch")[0]} == {"known"}
    assert all(r.detail.startswith("in consequence of odd-loss: ") for r in touching(explained, "torch")[0])
    assert explained.passed
    assert explained.verdict("mine", "float32") == "known"
    for other in (
        msgspec.structs.replace(entry, backend="jax"),
        msgspec.structs.replace(entry, keras="<3.15"),
        msgspec.structs.replace(entry, shows=(msgspec.structs.replace(show, experiment="another"),)),
        msgspec.structs.replace(entry, shows=(msgspec.structs.replace(show, precisions=("float64",)),)),
    ):
        assert not judge(faulty, other).passed
    around = {seed: [replace(record, workarounds=("loss-exact",)) for record in faulty[seed]] for seed in faulty}
    assert not judge(around, entry).passed
    lost = make_records(only("torch", lambda _, losses: losses | {"test": math.nan}))
    assert not judge(lost, entry).passed


def test_more_seeds_show_what_few_could_not() -> None:
    noise = np.random.default_rng(7)
    spread = make_records(lambda _b, _s, losses: scaled(math.exp(0.04 * noise.normal()))(0, losses), seeds=40)
    assert not study({seed: spread[seed] for seed in range(5)}).passed
    assert study(spread).passed


def test_pairing_takes_out_what_the_seed_does() -> None:
    """The seeds spread by 10 %, ten times the margin; paired, 1 % remains, and 5 % is shown."""
    records = make_records()
    shuffled = {
        seed: [*records[seed][:2], replace(records[(seed + 1) % 6][2], run=records[seed][2].run)] for seed in records
    }
    assert study(records).passed
    assert {r.status for r in touching(study(shuffled), "torch")[0]} == {"not shown"}


def test_equal_losses_are_equivalent_and_a_constant_difference_is_judged_by_its_size() -> None:
    same = study(make_records(lambda _b, seed, _l: {"loss": 0.5 + seed, "test": 1.0}))
    assert same.passed
    assert {r.detail for r in same.results} == {"equal to the bit for all 6 seeds"}
    assert {(r.power, r.detectable) for r in same.results} == {(1.0, 0.0)}
    inside, outside = ([factor, 1 / factor] for factor in (1.0499, 1.0501))
    for factor, status in [(f, "equivalent") for f in (1.01, *inside)] + [(f, "different") for f in (1.1, *outside)]:
        judged = study(make_records(lambda b, _s, _l, f=factor: {"loss": f if b == "jax" else 1.0, "test": 1.0}))
        found = [r for r in judged.results if "jax" in r.pair and r.loss == "training loss"]
        assert {r.status for r in found} == {status}


def test_losses_that_may_be_negative_are_counted_in_what_training_gained() -> None:
    """Training from 2.4 to -0.6 gained 3, of which 5 % are 0.15."""
    values = {"small": 0.03, "large": 0.3}
    for name, shift in values.items():
        judged = study(make_records(lambda b, _s, _l, d=shift: {"loss": (d if b == "torch" else 0) - 0.6, "test": 1.0}))
        found = [r for r in touching(judged, "torch")[0] if r.loss == "training loss"]
        assert {r.scale for r in found} == {"gain"}
        assert {r.status for r in found} == {"equivalent" if name == "small" else "different"}
        gain = 3.0 - shift / 2  # the mean of both backends'
        assert [r.test.mean for r in found if r.test] == pytest.approx([shift / gain] * 2)


def test_differences_without_a_gain_to_count_them_in_are_not_judged() -> None:
    judged = study(make_records(lambda b, _s, _l: {"loss": 2.4, "test": -1.0 - (b == "jax")}))
    found = {r.pair: r for r in judged.results if r.loss == "test loss"}
    assert found["jax", "torch"].status == "not judged"
    assert "training gained 0" in found["jax", "torch"].detail
    assert found["tensorflow", "torch"].status == "equivalent"


def test_a_loss_that_is_no_number_on_one_backend_differs_and_on_both_is_not_judged() -> None:
    one = study(make_records(only("torch", lambda seed, losses: losses | ({"loss": math.nan} if seed == 3 else {}))))
    found = [r for r in one.results if r.failed]
    assert [(r.loss, r.status) for r in found] == [("training loss", "different")] * 2
    assert "seed 3 is" in found[0].detail
    assert "nan on torch" in found[0].detail
    assert one.verdict("mine", "float32") == "torch converges differently: a loss isn't finite"
    all_ = study(make_records(lambda _b, _s, losses: losses | {"test": math.inf}))
    assert [r.status for r in all_.results if r.loss == "test loss"] == ["not judged"] * 3
    assert not all_.passed


def test_a_failed_or_missing_training_is_not_judged() -> None:
    failed = study(make_records(only("jax", lambda seed, losses: None if seed == 2 else losses)))
    faulty, sound = touching(failed, "jax")
    assert {r.status for r in faulty} == {"not judged"}
    assert "jax's training of seed 2 failed: out of memory" in faulty[0].detail
    assert {r.status for r in sound} == {"equivalent"}
    records = make_records()
    missing = study(records | {4: records[4][1:]})
    assert "jax's training of seed 4 left no record" in touching(missing, "jax")[0][0].detail
    assert not failed.passed
    assert not missing.passed


@pytest.mark.parametrize("key", ["loss", "val_loss", "test"])
def test_a_loss_that_one_backend_lacks_is_not_judged(key: str) -> None:
    judged = study(make_records(only("jax", lambda _, losses: {k: v for k, v in losses.items() if k != key})))
    assert len([r for r in judged.results if r.status == "not judged" and "jax recorded no" in r.detail]) == 2
    assert not judged.passed


def test_what_diverges_or_could_not_run_is_left_out_and_nothing_judged_is_no_pass() -> None:
    records = make_records()
    meant = {seed: [replace(record, diverges=True) for record in records[seed]] for seed in records}
    absent = {seed: [replace(r, status="not-run", reason="no network") for r in records[seed]] for seed in records}
    assert study(meant).left_out == {"mine": "its loss is meant to diverge, so nothing converges"}
    assert study(absent).left_out == {"mine": "not run: no network"}
    assert not study(meant).results
    assert not study(meant).passed


def test_four_seeds_other_plans_and_senseless_criteria_are_refused() -> None:
    with pytest.raises(MultibackendError, match="got 4 seeds; expected at least 5"):
        study(make_records(seeds=4))
    records = make_records()
    records[2][0] = replace(records[2][0], plan={"epochs": 3})
    with pytest.raises(RecordError, match="plan of mine jax float32 seed 2"):
        study(records)
    for margin, alpha in ((0.0, 0.05), (math.nan, 0.05), (0.05, 0.5), (0.05, 0.0)):
        with pytest.raises(MultibackendError, match="expected a positive margin"):
            Criterion(margin, alpha)


def test_three_that_all_differ_accuse_nobody() -> None:
    factors = {"jax": 0.8, "tensorflow": 1.0, "torch": 1.25}
    judged = study(make_records(lambda b, s, losses: scaled(factors[b])(s, losses)))
    assert judged.verdict("mine", "float32") == "all 3 converge differently"


def test_two_backends_are_compared_with_each_other() -> None:
    judged = study_equivalence(make_records(only("torch", scaled(1.2))), ["jax", "torch"], ["float32"], CRITERION)
    assert judged.verdict("mine", "float32").startswith("torch converges slower than jax, by up to 2")


def test_the_report_shows_every_figure_and_the_json_is_strict(tmp_path: Path) -> None:
    judged = study(make_records(only("torch", lambda seed, losses: scaled(1.1)(seed, losses) | {"test": math.nan})))
    screen = io.StringIO()
    print_study(judged, Console(file=screen, width=120))
    text = screen.getvalue()
    assert "mine float32: torch converges differently" in text
    row = next(line for line in text.splitlines() if line.split()[:2] == ["training", "jax-torch"])
    assert row.split()[-1] == "different"
    assert "6 paired seeds (0 to 5)" in text
    line = " ".join(text.split())
    assert "jax-torch, training loss: different: torch's training loss is " in line
    assert " % above jax's (90 % interval +" in line

    def refuse(name: str) -> Any:
        raise AssertionError(name)

    content = json.loads(write_study(judged, tmp_path).read_text(encoding="utf-8"), parse_constant=refuse)
    assert content["passed"] is False
    assert content["criterion"] == {"margin": 0.05, "alpha": 0.05}
    assert len(content["results"]) == len(judged.results)
    assert (
        "nan" in next(r for r in content["results"] if r["loss"] == "test loss" and "torch" in r["pair"])["losses"][0]
    )
