"""Reports can't be forged: whatever names and reasons hold, they are shown as data, and nothing is lost or added."""

from __future__ import annotations

import io
import json
import re
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from foreign import comparisons, studies, sweeps, words
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.cells import cell_len
from rich.console import Console

from multibackend.cli.output import say, say_error, show
from multibackend.compare import Comparison, Ensemble
from multibackend.compare.studies import Study
from multibackend.experiments.experiment import name_file
from multibackend.launch.progress import Progress
from multibackend.records.record import Record, Run
from multibackend.report import (
    build_results,
    draw_losses,
    format_junit,
    format_markdown,
    format_results,
    print_comparison,
)
from multibackend.report.console import make_console, plain
from multibackend.report.equivalence import print_study, write_study
from multibackend.sweep.report import Sweep, print_sweep, write_sweep
from multibackend.text import escape_markdown, sanitize, tell_apart

OUR_TAGS = {"h1", "h2", "p", "ul", "li", "strong", "code", "table", "thead", "tbody", "tr", "th", "td", "br"}
OUR_STYLE = re.compile(r"\x1b\[[\d;]*m")


def consoles() -> list[Console]:
    """One as a CI job's, one that shows colours and would read markup."""
    plain_one, coloured = io.StringIO(), io.StringIO()
    return [
        Console(file=plain_one, width=120),
        Console(file=coloured, width=100, force_terminal=True, color_system="truecolor"),
    ]


def read_screen(console: Console) -> str:
    """What was printed, less the colours; nothing else in it may have an effect."""
    text = OUR_STYLE.sub("", console.file.getvalue())  # type: ignore[attr-defined]
    assert not [c for c in text if not c.isprintable() and c != "\n"]
    return text


class Tags(HTMLParser):
    """Counts the tags of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in OUR_TAGS
        assert {name for name, _ in attrs} <= {"style"}
        self.found[tag] += 1

    def handle_data(self, data: str) -> None:
        self.text += data


def render(text: str) -> Tags:
    """A Markdown page as a browser has it."""
    assert not [c for c in text if not c.isprintable() and c != "\n"]
    assert "<" not in text.replace("<br>", "")
    return Tags(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text))


def refuse_constant(name: str) -> Any:
    raise AssertionError(f"{name} is not JSON")


def read_json(text: str) -> Any:
    value = json.loads(text.encode("utf-8"), parse_constant=refuse_constant)
    json.dumps(value, ensure_ascii=False).encode("utf-8")  # no half of a surrogate pair
    return value


@given(words)
def test_a_text_in_markdown_shows_itself(text: str) -> None:
    page = render(f"- {escape_markdown(text)}")
    assert page.text.strip().replace("\u200b", "") == sanitize(text, 4000)
    assert set(page.found) <= {"ul", "li"}
    row = render(f"| a | b |\n|---|---|\n| {escape_markdown(text)} | c |\n")
    assert (row.found["tr"], row.found["td"]) == (2, 2)


@given(comparisons())
def test_a_comparison_is_shown_as_data_everywhere(comparison: Comparison) -> None:
    check_terminal(comparison)
    check_markdown(comparison)
    check_junit(comparison)
    check_json(comparison)


def check_terminal(comparison: Comparison) -> None:
    for console in consoles():
        print_comparison(comparison, console)
        lines = read_screen(console).splitlines()
        (verdict,) = [line for line in lines if line.startswith(("PASSED", "FAILED:"))]
        assert verdict.startswith("PASSED") == comparison.passed
        assert max(map(cell_len, lines)) <= console.width
        assert "verdict" in lines[2] or console.width < 120, "a column was crowded out"


def check_markdown(comparison: Comparison) -> None:
    """Our tags and rows alone."""
    text = format_markdown(comparison)
    page = render(text)
    assert page.found["h1"] == 1
    assert page.found["tr"] == 1 + len(comparison.experiments)
    assert page.found["td"] == 6 * len(comparison.experiments)
    assert page.found["li"] == sum(line.startswith("- ") for line in text.splitlines())
    assert page.text.startswith("Parity: passed" if comparison.passed else "Parity: FAILED")


def check_junit(comparison: Comparison) -> None:
    """Well-formed, and each stage counts once."""
    suite = ET.fromstring(format_junit(comparison).encode("utf-8")).find("testsuite")
    assert suite is not None
    cases = suite.findall("testcase")
    assert len(cases) == len(suite) == len(comparison.findings) + len(comparison.failed) == int(suite.get("tests", ""))
    statuses = Counter(finding.status for finding in comparison.findings)
    failures = statuses["fail"] + statuses["consequence"]
    assert failures == int(suite.get("failures", "")) == len(suite.findall("testcase/failure"))
    assert statuses["not judged"] + len(comparison.failed) == int(suite.get("errors", ""))
    assert statuses["not run"] == int(suite.get("skipped", ""))
    named = {(case.get("classname"), case.get("name")) for case in cases if case.find("error") is None}
    assert len(named) == len(comparison.findings) - statuses["not judged"]


def check_json(comparison: Comparison) -> None:
    """Strict, and nothing is lost."""
    found = read_json(format_results(comparison))
    assert found == json.loads(json.dumps(build_results(comparison)))
    assert found["passed"] is comparison.passed
    assert len(found["findings"]) == len(comparison.findings)
    assert len(found["verdicts"]) == len(comparison.experiments)
    assert len(found["drawn"]) == len(comparison.drawn)


@given(studies())
def test_equivalence_shows_data(study: Study) -> None:
    for console in consoles():
        print_study(study, console)
        read_screen(console)
    with tempfile.TemporaryDirectory() as folder:
        found = read_json(write_study(study, Path(folder)).read_text(encoding="utf-8"))
    assert len(found["results"]) == len(study.results)
    assert len(found["left_out"]) == len(study.left_out)
    assert found["passed"] is study.passed


@given(sweeps())
def test_a_sweep_shows_data(sweep: Sweep) -> None:
    for console in consoles():
        print_sweep(sweep, console)
        read_screen(console)
    with tempfile.TemporaryDirectory() as folder:
        results, page = (path.read_text(encoding="utf-8") for path in write_sweep(sweep, Path(folder)))
    assert len(read_json(results)["findings"]) == len(sweep.groups)
    found = render(page).found
    assert found["td"] == 8 * (found["tr"] - 1)


@given(words, words)
def test_progress_shows_data(name: str, reason: str) -> None:
    run = Run(name, "jax", "float32", "quick", 0)
    for console in consoles():
        with Progress(console, {"jax": 1}) as progress:
            progress.start(run)
            table = progress._table()
        shown = Console(file=io.StringIO(), width=100)
        shown.print(table)
        assert len(read_screen(shown).splitlines()) == 2
    console = consoles()[0]
    with Progress(console, {"jax": 1}) as progress:
        progress.done(run, "failed", reason, 1.0, False)
    assert len(read_screen(console).splitlines()) == 1


@given(words)
def test_what_is_said_has_no_effect(text: str) -> None:
    from click import command

    @command()
    def speak() -> None:
        say(text)
        say_error(text)
        show(text)

    result = CliRunner().invoke(speak)
    assert result.exit_code == 0
    assert not [c for c in result.output if not c.isprintable() and c != "\n"]
    lines = result.stderr.splitlines()
    assert all(line.startswith("multibackend: ") for line in lines)
    assert all(line.startswith("multibackend: error: ") or line.strip() == "multibackend: error:" for line in lines[1:])


@given(words)
def test_a_cell_shows_data(text: str) -> None:
    console = make_console(width=200)
    console.file = io.StringIO()
    console.print(plain(text), soft_wrap=True)
    assert read_screen(console) == sanitize(text, 4000) + "\n"


@given(words, words)
def test_each_name_has_a_file_of_its_own_in_the_folder(first: str, second: str) -> None:
    assume(first != second)
    files = [f"{name_file(name)}.png" for name in (first, second)]
    assert files[0] != files[1]
    for file in files:
        assert re.fullmatch(r"\w[\w.~-]*", file, re.ASCII)
        assert len(file) < 200
        assert (Path("/folder") / file).resolve().parent == Path("/folder")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a/b.py:net", "a-b.py:net"),
        ("a/b.py:net", "a-b.py-net"),
        ("/a.py:net", "a.py:net"),
        ("..", "."),
        ("A5", "A5\n"),
    ],
)
def test_names_that_look_alike_have_files_of_their_own(first: str, second: str) -> None:
    assert name_file(first) != name_file(second)


@given(st.lists(words, max_size=5))
def test_names_that_read_alike_are_told_apart(names: list[str]) -> None:
    shown = tell_apart([*names, *(name + "\x07" for name in names)])
    assert len(set(shown.values())) == len(shown)
    assert all(shown[name] == name for name in names if sanitize(name) == name)


@settings(max_examples=settings.default.max_examples // 20)  # a figure takes a fifth of a second
@given(words, words, st.lists(st.floats(), min_size=1, max_size=4))
def test_a_figure_is_drawn_whatever_its_title(name: str, verdict: str, losses: list[float]) -> None:
    arrays = {"losses": np.array(losses)}
    base = {
        ("float64", backend): Record(Run(name, backend, "float64", "quick", 0), "finished", arrays=arrays)
        for backend in ("jax", "torch")
    }
    assert draw_losses(Ensemble(name, base, ()), {"float64": verdict}, name).startswith(b"\x89PNG")
