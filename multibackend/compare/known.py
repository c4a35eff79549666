"""Known divergences: differences of mathematics between the frameworks or in Keras, found here, with their evidence.

An entry excuses what it describes and no more; and it must be seen where it says it shows, or it is stale.
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion

from multibackend.compare.findings import PRECISIONS, STAGES, Finding, KnownEffect
from multibackend.compare.runs import Ensemble
from multibackend.engine.backends import BACKENDS
from multibackend.errors import MultibackendError
from multibackend.experiments.experiment import PROFILES
from multibackend.records.record import Record, Run

KNOWN_FILE = Path(__file__).with_name("known.toml")

SIZE_FACTOR = 10.0
"""How many times its measured size a known divergence may reach: another CPU rounds otherwise, and a
difference that is a whole order larger is another difference."""


MEASURED_SEED = 0
"""The seed with which entries were measured: with another, a difference of rounding's size may fall below the bound."""


@dataclass(frozen=True)
class Show:
    """Where a divergence shows: the stage at which the pairs with its backend part, and the size measured there."""

    experiment: str
    stage: str
    precisions: tuple[str, ...]
    profiles: tuple[str, ...]
    size: float


@dataclass(frozen=True)
class Known:
    """One known divergence. `workaround` names the workaround, in a record's `workarounds`, that steps round it."""

    id: str
    title: str
    backend: str
    keras: SpecifierSet
    workaround: str
    cause: str
    upstream: str
    reproduction: str
    shows: tuple[Show, ...]

    def concerns(self, record: Record) -> bool:
        """Whether a training is of the backend and version of Keras that deviate."""
        keras = str(record.environment.get("packages", {}).get("keras", ""))
        try:
            met = bool(keras) and self.keras.contains(keras, prereleases=True)
        except InvalidVersion:
            met = False
        return record.run.backend == self.backend and met

    def find_show(self, run: Run) -> Show | None:
        """Where it first shows in a training, or None where it doesn't."""
        shows = [
            show
            for show in self.shows
            if show.experiment == run.experiment and run.profile in show.profiles and run.precision in show.precisions
        ]
        return min(shows, key=lambda show: STAGES.index(show.stage), default=None)


def load_known(path: Path = KNOWN_FILE) -> tuple[Known, ...]:
    """Read and check the file of known divergences.

    Raises:
        MultibackendError: the file can't be read, or an entry is not well formed; names the entry and the key.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MultibackendError(f"known divergences {path}: {error}; fix the file.") from error
    if set(table) - {"divergence"} or not isinstance(table.get("divergence", []), list):
        raise MultibackendError(
            f"known divergences {path}: got {', '.join(table)}; expected [[divergence]] tables only."
        )
    entries: list[Known] = []
    for i, raw in enumerate(table.get("divergence", [])):
        where = f"known divergences {path}: entry {raw.get('id', i + 1) if isinstance(raw, dict) else i + 1}"
        entry = _read_entry(raw, where)
        if entry.id in {other.id for other in entries}:
            raise MultibackendError(f"{where}: its id is there twice; expected each once. Rename one.")
        entries.append(entry)
    return tuple(entries)


def _read_entry(raw: Any, where: str) -> Known:
    values = _check_table(raw, Known, where)
    _check_choices(where, "backend", [values["backend"]], BACKENDS)
    try:
        values["keras"] = SpecifierSet(values["keras"])
    except InvalidSpecifier as error:
        raise MultibackendError(f"{where}: keras: {error}; expected a range such as '>=3.15,<3.16'.") from error
    shows = []
    for row in values["shows"]:
        show = _check_table(row, Show, f"{where}: shows")
        _check_choices(where, "stage", [show["stage"]], STAGES)
        _check_choices(where, "precisions", show["precisions"], PRECISIONS)
        _check_choices(where, "profiles", show["profiles"], PROFILES)
        if show["size"] <= 0:
            raise MultibackendError(f"{where}: size is {show['size']}; expected the difference measured, above 0.")
        lists = {key: tuple(show[key]) for key in ("precisions", "profiles")}
        shows.append(Show(**{**show, **lists, "size": float(show["size"])}))
    return Known(**{**values, "shows": tuple(shows)})


def _check_table(raw: Any, kind: type, where: str) -> dict[str, Any]:
    expected = {f.name: f.type for f in dataclasses.fields(kind)}
    if not isinstance(raw, dict) or set(raw) != set(expected):
        got = ", ".join(sorted(raw)) if isinstance(raw, Mapping) else type(raw).__name__
        raise MultibackendError(f"{where}: its keys are {got}; expected {', '.join(sorted(expected))}.")
    for key, annotation in expected.items():
        wanted = list if "tuple" in str(annotation) else (int, float) if annotation == "float" else str
        if not isinstance(raw[key], wanted) or isinstance(raw[key], bool):
            raise MultibackendError(f"{where}: {key} is {raw[key]!r}; expected {annotation}.")
    return dict(raw)


def _check_choices(where: str, key: str, got: Iterable[Any], expected: Sequence[str]) -> None:
    for value in got:
        if value not in expected:
            raise MultibackendError(f"{where}: {key} holds {value!r}; expected one of {', '.join(expected)}.")


def apply_known(findings: Sequence[Finding], ensemble: Ensemble, entries: Sequence[Known]) -> list[Finding]:
    """Findings of one pair, with those excused that an entry explains, and failed where an entry is stale."""
    active: list[tuple[Known, Show]] = []
    for entry in entries:
        for backend in findings[0].pair:
            record = ensemble.base.get((findings[0].precision, backend))
            show = entry.find_show(record.run) if record else None
            if record and show and entry.concerns(record) and entry.workaround not in record.workarounds:
                active.append((entry, show))
    active.sort(key=lambda item: STAGES.index(item[1].stage))
    measured = all(record.run.seed == MEASURED_SEED for record in ensemble.base.values())
    return [_apply_to(finding, active, measured) for finding in findings]


def _apply_to(finding: Finding, active: Sequence[tuple[Known, Show]], measured: bool) -> Finding:
    """An entry explains the stage at which it shows; the earliest, what follows from it at later stages."""
    here = STAGES.index(finding.stage)
    shown = [(entry, show) for entry, show in active if STAGES.index(show.stage) == here]
    earlier = [entry for entry, show in active if STAGES.index(show.stage) < here]
    if finding.status in ("pass", "drift") and shown and measured:
        detail = f"known divergence {shown[0][0].id} no longer occurs: remove its entry ({finding.detail})"
        return replace(finding, status="fail", detail=detail, stale=shown[0][0].id)
    if finding.status != "fail" or finding.measured is None:
        return finding
    for entry, show in shown:
        if finding.measured <= SIZE_FACTOR * show.size:
            return replace(finding, status="known", detail=f"{entry.id}: {finding.detail}", known=entry.id)
    if earlier:
        detail = f"in consequence of {earlier[0].id}: {finding.detail}"
        return replace(finding, status="known", detail=detail, known=earlier[0].id)
    if shown:
        entry, show = shown[0]
        explained = f"known divergence {entry.id} explains {SIZE_FACTOR * show.size:.1e} at most"
        return replace(finding, detail=f"{finding.detail}; {explained}")
    return finding


def list_effects(
    findings: Sequence[Finding], ensembles: Iterable[Ensemble], entries: Sequence[Known]
) -> tuple[KnownEffect, ...]:
    """Each entry that concerns these records: in effect, worked around by its workaround, or gone."""
    effects = []
    gathered = list(ensembles)
    for entry in entries:
        met: dict[str, list[str]] = {"in effect": [], "no longer occurs": [], "worked around": []}
        for ensemble in gathered:
            if any(
                entry.concerns(record) and entry.workaround in record.workarounds for record in ensemble.base.values()
            ):
                met["worked around"].append(ensemble.experiment)
        for finding in findings:
            if finding.known == entry.id:
                met["in effect"].append(finding.experiment)
            elif finding.stale == entry.id:
                met["no longer occurs"].append(finding.experiment)
        details = {f.name: getattr(entry, f.name) for f in dataclasses.fields(KnownEffect) if hasattr(entry, f.name)}
        for state, names in met.items():
            if names:
                effects.append(KnownEffect(**details, state=state, experiments=tuple(dict.fromkeys(names))))  # type: ignore[arg-type]
    return tuple(effects)
