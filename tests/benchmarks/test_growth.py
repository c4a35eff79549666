"""Lines fitted to costs, and the page's sections on growth and on comparing records."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import compare_records, growth
from benchmarks.lines import fit_line, format_table
from benchmarks.results import load_results, merge_entries
from multibackend.compare import load_runs


def test_a_line_is_found_with_its_constant_and_slope() -> None:
    assert fit_line([1, 2, 4, 8], [5.0, 7.0, 11.0, 19.0]) == pytest.approx(
        {"constant": 3.0, "slope": 2.0, "largest_residual": 0.0}, abs=1e-12
    )


def test_what_is_no_line_shows_in_the_residual() -> None:
    sizes = np.array([1, 2, 4, 8, 16])
    assert fit_line(sizes, 0.5 * sizes**2)["largest_residual"] > 0.5
    assert fit_line(sizes, 3 + 2 * sizes + np.array([0, 0, 1, 0, 0]))["largest_residual"] == pytest.approx(
        0.06, abs=0.04
    )


def test_a_table_is_markdown() -> None:
    assert format_table(["a", "b"], [[1, 2]]).splitlines() == ["| a | b |", "| --- | ---: |", "| 1 | 2 |"]


def test_growth_is_rendered_by_axis_and_backend(tmp_path: Path) -> None:
    points = [
        {
            "seconds": 0.1 * n,
            "compile_seconds": 1.0,
            "steps": 10 * n,
            "parameters": 5 * n,
            "peak_bytes": 10**8 + 10**7 * n,
        }
        for n in (1, 2, 4, 8)
    ]
    entries: dict[str, Any] = {}
    for axis in ("rows", "batch_size", "experiments"):
        entries[axis] = {"sizes": [100, 200, 400, 800], "points": points}
        entries[axis]["line"] = fit_line(growth.list_units(axis, entries[axis]), [0.1, 0.2, 0.4, 0.8])
    entries["experiments"]["memory_line"] = fit_line([1, 2, 4, 8], [10**8 + 10**7 * n for n in (1, 2, 4, 8)])
    merge_entries(tmp_path, "growth", "torch", entries)
    text = growth.render(load_results(tmp_path)["growth"])
    assert "| rows, torch | 100 to 800 rows | 0.100 to 0.800 |" in text
    assert "| 1 ms a row | 0% | 1.00 to 1.00 |" in text
    assert "| 10 ms a step |" in text
    assert "torch 100 MB and 10.0 MB an experiment (within 0%)" in text
    assert "jax" not in text


def test_comparing_is_measured_and_rendered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(compare_records, "HIDDEN", 8)
    monkeypatch.setattr(compare_records, "EPOCHS", 1)
    monkeypatch.setattr(compare_records, "EXPERIMENTS", (1, 2))
    monkeypatch.setattr(compare_records, "RESULTS", tmp_path)
    folder = tmp_path / "records"
    assert compare_records.make_records(folder) == (1, 2)
    assert len(load_runs([folder / "2"])) == 2 * compare_records.RECORDS_EACH
    compare_records.main()
    content = json.loads((tmp_path / "compare.json").read_text(encoding="utf-8"))
    assert [entry["records"] for entry in content["entries"].values()] == [9, 18]
    assert all(entry["peak_bytes"] > 20_000_000 for entry in content["entries"].values())
    assert "| 18 |" in compare_records.render(load_results(tmp_path)["compare"])
