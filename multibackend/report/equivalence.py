"""Equivalence in a terminal and in `equivalence.json`: every figure a statistician would ask for."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from multibackend import __version__
from multibackend.compare.equivalence import POWER, Equivalence, format_share
from multibackend.compare.studies import LOSSES, Study
from multibackend.report.console import plain
from multibackend.report.files import format_json, write_file
from multibackend.report.names import Names

EQUIVALENCE_SCHEMA_VERSION = 2
COLUMNS = ("difference", "interval", "p low", "p high", "power", "could show")
STYLES = {
    "equivalent": "green",
    "known": "yellow",
    "different": "bold red",
    "not shown": "yellow",
    "not judged": "bold red",
}


def print_study(study: Study, console: Console) -> None:
    """Print each experiment's verdict, a row for each loss of each pair, and what failed; then what was left out."""
    names = Names([*(result.experiment for result in study.results), *study.left_out])
    for experiment, precision in dict.fromkeys((r.experiment, r.precision) for r in study.results):
        results = study.select(experiment, precision)
        style = "bold red" if any(result.failed for result in results) else "bold green"
        verdict = study.verdict(experiment, precision)
        console.print(plain(f"{names.show(experiment)} {precision}: {verdict}", style))
        console.print(_build_table(results))
        for result in results:
            if result.status != "equivalent":
                line = f"{'-'.join(result.pair)}, {result.loss}: {result.status}: {result.detail}"
                console.print(Padding(plain(line), (0, 0, 1, 2)))
    for experiment, reason in study.left_out.items():
        console.print(plain(f"LEFT OUT: {names.show(experiment)}: {reason}", "bold magenta"))
    console.print(Text(_explain(study), style="dim"))


def _build_table(results: list[Equivalence]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("loss", no_wrap=True)
    table.add_column("pair", no_wrap=True)
    for column in COLUMNS:
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for result in sorted(results, key=lambda result: list(LOSSES).index(result.loss)):
        verdict = Text(result.status, style=STYLES[result.status])
        names = plain(result.loss.removesuffix(" loss")), plain("-".join(result.pair))
        table.add_row(*names, *_figures(result), verdict)
    return table


def _figures(result: Equivalence) -> list[str]:
    test = result.test
    if test is None or result.power is None or result.detectable is None:
        return [""] * len(COLUMNS)
    low, high = (format_share(result.relative(end), "+") for end in test.interval)
    return [
        format_share(result.relative(test.mean), "+") + ("" if result.scale == "ratio" else " g"),
        f"{low} to {high}" if low != high else low,
        _probability(test.p_lower),
        _probability(test.p_upper),
        f"{result.power:.2f}",
        format_share(result.detectable),
    ]


def _probability(p: float) -> str:
    return f"{p:.3f}" if p >= 0.001 else f"{p:.0e}" if p else "0"


def _explain(study: Study) -> str:
    criterion, seeds = study.criterion, study.seeds
    ends = [format_share(end, "+") for end in (1 / (1 + criterion.margin) - 1, criterion.margin)]
    level = f"{100 * (1 - 2 * criterion.alpha):g} %"
    gains = any(result.scale == "gain" for result in study.results)
    return (
        f"{len(seeds)} paired seeds ({seeds[0]} to {seeds[-1]}). difference: the second's converged loss over the "
        f"first's (geometric mean of the ratios, less 1), with its {level} interval; equivalent where the interval "
        f"lies between {ends[0]} and {ends[1]}, which is where both p (of: lower, higher than that) are below "
        f"{criterion.alpha:g}. power: the chance of *equivalent* if the two are the same and spread as here; "
        f"could show: the smallest margin that would have had power {POWER:g}."
        + (" g: a loss isn't positive; differences are shares of what training gained, and so is the margin." * gains)
    )


def write_study(study: Study, folder: Path) -> Path:
    """Write `equivalence.json`, strict JSON for other programs; return its path."""
    verdicts: dict[str, dict[str, str]] = {}
    for result in study.results:
        verdict = study.verdict(result.experiment, result.precision)
        verdicts.setdefault(result.experiment, {})[result.precision] = verdict
    content = {
        "schema_version": EQUIVALENCE_SCHEMA_VERSION,
        "multibackend": __version__,
        "passed": study.passed,
        "criterion": asdict(study.criterion),
        "seeds": study.seeds,
        "verdicts": verdicts,
        "left_out": study.left_out,
        "results": [asdict(result) for result in study.results],
    }
    return write_file(folder / "equivalence.json", format_json(content).encode())
