import io
import json
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from multibackend.compare import STAGES, gather_ensembles
from multibackend.errors import MultibackendError
from multibackend.experiments.experiment import name_file
from multibackend.report import (
    RESULTS_SCHEMA_VERSION,
    build_results,
    draw_losses,
    format_junit,
    format_markdown,
    format_results,
    print_comparison,
    write_results,
)
from multibackend.report.curves import MOST_BINS, thin
from multibackend.report.figures import draw_figures

PNG = b"\x89PNG\r\n\x1a\n"


def refuse_constant(name):
    raise AssertionError(f"{name} is not JSON")


def test_the_json_is_strict_and_complete(comparison):
    found = replace(
        comparison,
        findings=(replace(comparison.findings[0], measured=float("nan"), bound=float("inf")), *comparison.findings[1:]),
    )
    results = json.loads(format_results(found), parse_constant=refuse_constant)
    assert results == build_results(found)
    assert results["schema_version"] == RESULTS_SCHEMA_VERSION
    assert (results["findings"][0]["measured"], results["findings"][0]["bound"]) == ("nan", "inf")
    assert len(results["findings"]) == len(comparison.findings)
    assert results["passed"] is False
    assert results["verdicts"]["D3"]["float32"] == "torch differs at gradients"
    assert {absence["reason"] for absence in results["not_run"]} == {"no CIFAR-10 here"}
    assert [row["backend"] for row in results["environments"]] == ["jax", "tensorflow", "torch"]
    assert {f["stage"] for f in results["first_failures"] if f["experiment"] == "D3"} == {"gradients"}


def test_junit_counts_each_stage_once(comparison):
    suite = ET.fromstring(format_junit(comparison).encode()).find("testsuite")
    cases = suite.findall("testcase")
    statuses = Counter(finding.status for finding in comparison.findings)
    assert len(cases) == len(comparison.findings) + len(comparison.failed) == int(suite.get("tests"))
    assert int(suite.get("failures")) == statuses["fail"] == 2
    assert int(suite.get("skipped")) == statuses["not run"] == 6 * len(STAGES)
    assert int(suite.get("errors")) == statuses["not judged"] + len(comparison.failed) == 2 * len(STAGES) + 1
    names = {(case.get("classname"), case.get("name")) for case in cases}
    assert len(names) == len(cases)
    assert ("D3", "float32 jax-torch gradients") in names
    skipped = next(case.find("skipped") for case in cases if case.get("classname") == "B12")
    assert "no CIFAR-10 here" in skipped.get("message")


def test_markdown_says_what_was_not_run_what_failed_and_with_what(comparison):
    text = format_markdown(comparison)
    assert text.startswith("# Parity: FAILED")
    assert "## NOT RUN" in text
    assert "**B12**" in text
    assert "no CIFAR-10 here" in text
    assert "torch differs at gradients" in text
    assert "variable dense/kernel" in text
    assert "keras 3.15.1" in text
    assert "worked around" in text
    rows = [line for line in text.splitlines() if line.startswith("| ") and "float64" not in line]
    assert [row.split("|")[1].strip() for row in rows] == ["A5-raw", "B12", "D3", "E4-standardised", "E7"]
    assert {row.replace("\\|", "").count("|") for row in rows} == {7}


def render(comparison, width, encoding="utf-8"):
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    print_comparison(comparison, Console(file=file, width=width))
    file.flush()
    return file.buffer.getvalue().decode(encoding)


@pytest.mark.parametrize("width", [110, 120])
def test_the_table_fits_its_width_and_needs_no_colour(comparison, width):
    text = render(comparison, width)
    assert max(map(len, text.splitlines())) <= width
    assert "\x1b" not in text
    for words in ("E4-standardised", "NOT RUN", "FAILED", "no CIFAR-10 here", "✗1e+00", "torch differs at", "same"):
        assert words in text
    assert "\n  B12 " in text  # without its trainings, for it is all of them
    assert text.rstrip().endswith("FAILED: 2 of 5 experiments; 1 not run")


def test_a_terminal_without_unicode_is_served(comparison):
    assert "x1e+00" in render(comparison, 100, "ascii")


def test_a_pass_is_said_so(comparison):
    passing = replace(
        comparison, failed=(), findings=tuple(f for f in comparison.findings if f.experiment not in ("D3", "E7"))
    )
    assert "PASSED: 2 experiments compared, none differs; 1 not run" in render(passing, 100)
    assert format_markdown(passing).startswith("# Parity: passed")


def test_every_file_is_written_whole(comparison, records, tmp_path):
    some = [record for record in records if record.run.experiment in ("A5-raw", "B12", "D3")]
    paths = write_results(comparison, some, tmp_path / "new" / "report")
    names = [path.relative_to(tmp_path / "new" / "report").as_posix() for path in paths]
    assert names == ["results.json", "junit.xml", "results.md", "figures/A5-raw.png", "figures/D3.png"]
    for path in paths[3:]:
        assert path.read_bytes().startswith(PNG)
        assert path.stat().st_size > 20_000
    assert not list((tmp_path / "new").rglob(".writing-*"))


def test_a_figure_is_drawn_of_whatever_is_left(records):
    """Two backends, one of them cut short and not finite: no warning, no error."""
    from fakes.synthetic import alter, with_array

    left = [r for r in records if r.run.experiment == "D3" and r.run.backend != "torch"]
    left = alter(left, "jax", "float64", with_array("losses", lambda v: v[:5] * float("nan")))
    left = alter(left, "jax", "float32", with_array("losses", lambda _: None))
    assert draw_losses(gather_ensembles(left)["D3"], {}, "D3").startswith(PNG)


def test_a_figure_holds_nothing_of_the_one_before(records):
    ensembles = gather_ensembles(records)
    alone = {name: draw_losses(ensembles[name], {"float64": name}, name) for name in ("D3", "A5-raw")}
    for name in ("A5-raw", "D3", "A5-raw"):
        assert draw_losses(ensembles[name], {"float64": name}, name) == alone[name]


def test_the_same_figures_are_drawn_to_the_same_bytes(comparison, records, tmp_path):
    ensembles = [e for e in gather_ensembles(records).values() if e.base]
    for folder in ("one", "other"):
        draw_figures(ensembles, comparison, tmp_path / folder)
    drawn = sorted((tmp_path / "one").iterdir())
    assert len(drawn) == len(ensembles) == 4
    for path in drawn:
        assert path.read_bytes() == (tmp_path / "other" / path.name).read_bytes()


def test_a_folder_that_figures_cannot_be_written_to_is_one_line(comparison, records, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    ensembles = [e for e in gather_ensembles(records).values() if e.base]
    with pytest.raises(MultibackendError, match="can't be written"):
        draw_figures(ensembles, comparison, tmp_path / "file")


@pytest.mark.parametrize("points", [5, 1200, 1201, 14_080])
def test_a_long_curve_is_thinned_to_what_can_be_seen(points):
    steps = np.arange(1, points + 1)
    values = np.random.default_rng(0).normal(size=points)
    values[points // 3] = np.nan
    values[points // 2] = 50.0
    kept, seen = thin(steps, values)
    assert len(kept) <= 3 * MOST_BINS + 1
    assert (kept[0], kept[-1]) == (1, points)
    assert (np.diff(kept) > 0).all()
    np.testing.assert_array_equal(seen, values[kept - 1])
    assert np.nanmin(seen) == np.nanmin(values)
    assert np.nanmax(seen) == 50.0
    assert np.isnan(seen).any()
    assert len(kept) == points or points > 2 * MOST_BINS


def test_a_folder_that_cannot_be_written_is_one_line(comparison, records, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(MultibackendError, match="can't be written") as caught:
        write_results(comparison, records, tmp_path / "file")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("experiment", "name"), [("E4", "E4"), ("A5-raw", "A5-raw"), ("models/net.py:build", "models-net.py-build")]
)
def test_an_experiments_name_makes_a_file_name(experiment, name):
    assert name_file(experiment) == name
