import numpy as np
import pytest
from fakes.synthetic import BACKENDS, PRECISIONS, Setting, alter, train, train_all, with_array

from multibackend.compare import compare_records, follow_losses, gather_ensembles
from multibackend.compare.bounds import EPS, ROUNDING
from multibackend.compare.envelope import find_envelope
from multibackend.compare.judgement import find_truth, measure_reaches
from multibackend.compare.measures import count_differing_bits, divide, find_median, size_by_norm
from multibackend.compare.quantity import Quantity

NAME = "E4-standardised"
LOSSES = Quantity("losses")


def statuses(comparison, precision, stage):
    """Say of each pair whether it fails there."""
    return {f.pair: "fail" if f.failed else "pass" for f in comparison.select(NAME, precision, stage)}


@pytest.mark.parametrize("repetitions", [0, 2])
@pytest.mark.parametrize("faulty", BACKENDS)
def test_a_faulty_backend_cannot_widen_its_own_bound(faulty, repetitions):
    """Its perturbed runs are as wrong as itself, and it fails with both others, which agree."""
    records = train_all(Setting(), repetitions)
    wrong = [
        train(Setting(), faulty, "float32", r.run.perturbation, rate_factor=3.0)
        if (r.run.backend, r.run.precision) == (faulty, "float32")
        else r
        for r in records
    ]
    found = statuses(compare_records(wrong, None), "float32", "step losses")
    assert found == {pair: "fail" if faulty in pair else "pass" for pair in found}


@pytest.mark.parametrize("faulty", BACKENDS)
def test_leave_one_out_holds_without_any_truth(faulty):
    records = [
        train(
            Setting(), r.run.backend, "float32", r.run.perturbation, rate_factor=3.0 if r.run.backend == faulty else 1.0
        )
        for r in train_all(Setting())
        if r.run.precision == "float32"
    ]
    comparison = compare_records(records, None, precisions=("float32",))
    found = statuses(comparison, "float32", "step losses")
    assert found == {pair: "fail" if faulty in pair else "pass" for pair in found}
    assert all("fewer than two float64" in f.detail for f in comparison.select(NAME, "float32", "step losses"))


def test_disagreeing_float64_establishes_no_truth(records):
    for backend, factor in (("jax", 1.1), ("torch", 1.2)):
        records = alter(
            records, backend, "float64", lambda r, f=factor: train(Setting(), r.run.backend, "float64", rate_factor=f)
        )
    comparison = compare_records(records, None)
    assert set(statuses(comparison, "float64", "step losses").values()) == {"fail"}
    assert set(statuses(comparison, "float32", "step losses").values()) == {"pass"}
    assert "no two float64 trainings agree" in comparison.select(NAME, "float32", "step losses")[0].detail


def test_the_truth_is_that_of_the_backends_that_agree(records):
    before = find_truth(gather_ensembles(records)[NAME], LOSSES)
    wrong = alter(records, "jax", "float64", lambda _: train(Setting(), "jax", "float64", rate_factor=2.0))
    after = find_truth(gather_ensembles(wrong)[NAME], LOSSES)
    np.testing.assert_allclose(after, before, rtol=1e-14)


def test_an_envelope_never_shrinks_along_a_trajectory_and_excludes_one(records):
    ensemble = gather_ensembles(records)[NAME]
    truth = find_truth(ensemble, LOSSES)
    envelope = find_envelope(measure_reaches(ensemble, "float32", LOSSES, truth, None), ("jax", "torch"))
    assert np.all(np.diff(envelope) >= 0)
    huge = alter(records, "jax", "float32", with_array("losses", lambda v: v * 5))
    ensemble = gather_ensembles(huge)[NAME]
    assert find_envelope(measure_reaches(ensemble, "float32", LOSSES, truth, None), ("jax", "torch")).max() < 1e-4
    assert find_envelope(
        measure_reaches(ensemble, "float32", LOSSES, truth, None), ("tensorflow", "torch")
    ).max() == pytest.approx(4.0, rel=1e-5)


def test_a_diverged_backend_widens_no_bound(records):
    """Not even that of the two others: infinity would excuse anything."""
    records = alter(records, "torch", "float32", with_array("losses", lambda v: np.full_like(v, np.inf)))
    followed = follow_losses(gather_ensembles(records)[NAME], "float32", ("jax", "tensorflow"))
    assert followed is not None
    assert followed.bound.max() < 1e-4


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_gradient_that_is_zero_but_for_rounding_is_measured_against_the_largest(records, precision):
    """A bias before BatchNormalization has such a gradient: each backend leaves other rounding error."""
    random = np.random.default_rng(1)

    def zero(record):
        floatx = record.run.precision
        return with_array("gradients/dense/bias", lambda _: random.normal(0, 2 * EPS[floatx], 16).astype(floatx))(
            record
        )

    noisy = [zero(record) for record in records if record.run.task == "training"]
    assert compare_records(noisy, None).passed
    wrong = alter(noisy, "jax", precision, with_array("gradients/dense/bias", lambda g: g + g.dtype.type(1e-3)))
    assert set(statuses(compare_records(wrong, None), precision, "gradients").values()) == {"fail", "pass"}


def test_one_row_of_float32_accuracy_may_fall_either_way_but_not_in_float64(records):
    for precision, expected in (("float32", "pass"), ("float64", "fail")):
        shift = with_array("test/accuracy", lambda v: np.asarray(v - 1 / 40))
        found = statuses(compare_records(alter(records, "jax", precision, shift), None), precision, "test metrics")
        assert found["jax", "torch"] == expected


def test_a_norm_neither_overflows_nor_divides_zero_by_zero():
    assert size_by_norm(np.array([3e200, 4e200]))[0] == pytest.approx(5e200)
    assert divide(np.zeros(2), np.array([0.0, 1.0])).tolist() == [0.0, 0.0]
    assert divide(np.ones(1), np.zeros(1)).tolist() == [np.inf]


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_the_median_is_numpys(count):
    arrays = list(np.random.default_rng(count).normal(size=(count, 5, 4)))
    arrays[1][0] = arrays[0][0]
    np.testing.assert_array_equal(find_median(arrays), np.median(np.stack(arrays), axis=0))


def test_a_norm_is_that_of_linear_algebra():
    values = np.random.default_rng(0).normal(size=(300, 70))
    assert size_by_norm(values)[0] == pytest.approx(np.linalg.norm(values), rel=1e-14)
    assert size_by_norm(np.array([3.0, -4.0], np.float32))[0] == 5.0


@pytest.mark.parametrize("dtype", ["float64", "float32", "int32", "complex128"])
def test_bits_are_counted_by_element(dtype):
    a = np.zeros((2, 3), dtype)
    b = a.copy()
    b[0, 1], b[1, 2] = 1, -1
    assert (count_differing_bits(a, a.copy()), count_differing_bits(a, b)) == (0, 2)
    assert count_differing_bits(np.array([0.0]), np.array([-0.0])) == 1
    assert count_differing_bits(np.float64(1.0), np.asarray(1.0)) == 0


def test_a_loss_near_zero_is_measured_against_what_it_started_from():
    """A loss of 1e-20 that started at 1 is a sum of squares of rounding; 1e-4 of it is below anything meant."""
    quantity = Quantity("losses", scale=1.0)
    assert quantity.magnitude(np.array([1e-20]), "float64")[0] == pytest.approx(ROUNDING * EPS["float64"] / 1e-10)
