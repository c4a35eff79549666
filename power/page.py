"""The page docs/power.md, written from what was measured."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from multibackend.text import escape_markdown
from power.score import Score, Share

if TYPE_CHECKING:
    from power.study import Measured

INTRODUCTION = """\
# Power

`nox -s power` writes this page. It trains everything below and exits with 1 where a requirement is missed.

A comparison that passes says little unless one knows what it would have found. So faults are planted, each on one
backend only, in the code where such a fault would be: an operation of the backend, a layer's call, an optimizer's
update. Some faults are in Keras 3.15.1 already (*live*: nothing is planted).
[The table of faults](../power/faults.toml) says beforehand at which stage each must first show, and which layer,
variable, slot and step must be named. The models are small, of every kind, and train for two epochs of six steps.

Clean runs train the same models without a fault, over {seeds} seeds. A single stage of a single pair that differs in
either precision is a false alarm. On the backends that a fault doesn't touch, its training is the same as the clean
run's of the same model, and is taken from there.

Keras' own test of one framework against another
([`numerical_test.py`](https://github.com/keras-team/keras/blob/master/integration_tests/numerical_test.py)) is applied
to the same trainings. After one float32 epoch from the same weights on the same batches, `loss`, each metric, and both
for the validation rows must agree to 1e-3 (plus 1e-7 relative). It copies initial weights and data from one framework
to the other; faults in these are counted as if it saw them.
"""


def format_page(measured: Measured) -> str:
    """Write the page, in Markdown."""
    parts = [
        INTRODUCTION.format(seeds=len({name.rpartition(" ")[2] for name in measured.clean.names})),
        "## Totals\n",
        _format_totals(measured),
        _format_machine(measured),
        "## Faults\n",
        "Each cell shows what was expected, and in **bold** what was found instead. *Decided* says in which precision "
        "the fault was found.\n",
        _format_faults(measured),
        "## Clean runs\n",
        _format_clean(measured),
    ]
    return "\n".join(parts) + "\n"


def _format_totals(measured: Measured) -> str:
    names = {
        "detected": "faults detected",
        "stage": "stage right, of those",
        "layer or variable": "layer, variable or slot right, of those that have one",
        "step": "step right, of those that begin later",
        "backend": "backend named, and no healthy pair accused",
        "false alarms": "clean runs called different",
    }
    required = {
        "detected": "≥ 95 %",
        "stage": "≥ 95 %",
        "layer or variable": "≥ 90 %",
        "step": "≥ 90 %",
        "false alarms": "≤ 1 %",
    }
    keras = measured.keras_totals
    lines = ["| | required | here | 95 % interval | Keras' test |", "|---|---|---|---|---|"]
    for name, share in measured.totals.items():
        theirs = _format_share(keras[name]) if name in keras else "says nothing"
        low, high = share.interval
        lines.append(
            f"| {names[name]} | {required.get(name, '')} | {_format_share(share)} "
            f"| {100 * low:.1f} to {100 * high:.1f} % | {theirs} |"
        )
    return "\n".join(lines) + "\n"


def _format_share(share: Share) -> str:
    return f"{share.count} of {share.total}, {100 * share.value:.1f} %"


def _format_machine(measured: Measured) -> str:
    versions = {k: v for row in measured.environments for k, v in row.get("packages", {}).items()}
    shown = [
        f"{name} {version}" for name, version in sorted(versions.items()) if name not in ("pandas", "scikit-learn")
    ]
    machine = measured.environments[0] if measured.environments else {}
    seconds = ", ".join(f"{name} {value / 60:.1f} min" for name, value in measured.seconds.items())
    return (
        f"Measured on {measured.day} with {', '.join(shown)}; {machine.get('cores')} cores "
        f"({machine.get('processor')}), device {machine.get('device')}. Took: {seconds}.\n"
    )


def _format_faults(measured: Measured) -> str:
    lines = [
        "| fault | what | backend | source | stage | place | step | decided | Keras' test |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for score in measured.scores:
        fault = score.fault
        cells = [
            f"`{fault.name}`",
            fault.what.replace("|", "\\|"),
            ", ".join(fault.backends),
            fault.source,
            *_format_found(score),
            (score.precision or "**missed**") + ("" if score.healthy else ", **healthy pair accused**"),
            measured.keras_found.get(fault.name, "missed"),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _format_found(score: Score) -> tuple[str, str, str]:
    fault = score.fault
    stage = fault.stage if score.stage_right or not score.detected else f"{fault.stage}, **{score.stage}**"
    place, step = f"`{' '.join(fault.places)}`" if fault.places else "", str(fault.step or "")
    if score.place_right is False:
        place = f"{place}, **`{score.where or 'none'}`**"
    if score.step_right is False:
        step = f"{step}, **{score.step or 'none'}**"
    return stage, place, step


def _format_clean(measured: Measured) -> str:
    models = Counter(name.rpartition(", ")[0] for name in measured.clean.names)
    lines = [
        f"{sum(models.values())} runs: " + ", ".join(f"`{name}` {count}" for name, count in models.items()) + ".\n"
    ]
    lines += [
        f"- called different: `{name}`: {escape_markdown(detail)}" for name, detail in measured.clean.alarms.items()
    ]
    lines += [
        f"- called different by Keras' test: `{name}`: {escape_markdown(detail)}"
        for name, detail in measured.clean.keras_alarms.items()
    ]
    return "\n".join(lines) + "\n"
