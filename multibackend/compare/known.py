"""Known divergences: differences of mathematics between the frameworks or in Keras, found here, with their evidence.

An entry excuses what it describes and no more. It must be seen where it says that it shows, or else it is stale.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion

from multibackend.compare.ensemble import Ensemble
from multibackend.compare.findings import STAGES, Finding, KnownEffect, Stage
from multibackend.engine.backends import get_backend
from multibackend.errors import MultibackendError
from multibackend.experiments.choices import Precision, Profile
from multibackend.records.record import Record, Run
from multibackend.typed import read_typed

KNOWN_FILE = Path(__file__).with_name("known.toml")

SIZE_FACTOR = 10.0
"""A known divergence may be so many times its measured size: another CPU rounds differently, and a difference that is
a whole order larger is another difference."""

MEASURED_SEED = 0
"""The seed with which entries were measured: with another, a difference of the size of rounding error may fall below
the bound."""


class Show(Struct, frozen=True, forbid_unknown_fields=True):
    """A stage at which the pairs with the deviating backend differ, and the size of the difference measured there."""

    experiment: str
    stage: Stage
    precisions: tuple[Precision, ...]
    profiles: tuple[Profile, ...]
    size: Annotated[float, Meta(gt=0)]


class Known(Struct, frozen=True, forbid_unknown_fields=True):
    """One known divergence.

    `keras` is the range of versions that deviate, such as ">=3.15,<3.16". `workaround` is the name, in a record's
    `workarounds`, of what avoids the divergence.
    """

    id: str
    title: str
    backend: str
    keras: str
    workaround: str
    cause: str
    upstream: str
    reproduction: str
    shows: tuple[Show, ...]

    def __post_init__(self) -> None:
        try:
            get_backend(self.backend)
            SpecifierSet(self.keras)
        except (MultibackendError, InvalidSpecifier) as error:
            raise ValueError(f"{self.id}: backend or keras: {error}") from error

    def concerns(self, record: Record) -> bool:
        """Say whether a training is of the backend and the version of Keras that deviate."""
        keras = str(record.environment.get("packages", {}).get("keras", ""))
        try:
            met = bool(keras) and SpecifierSet(self.keras).contains(keras, prereleases=True)
        except InvalidVersion:
            met = False
        return record.run.backend == self.backend and met

    def find_show(self, run: Run) -> Show | None:
        """Find the first stage at which it shows in a training, or None where it doesn't."""
        shows = [
            show
            for show in self.shows
            if show.experiment == run.experiment and run.profile in show.profiles and run.precision in show.precisions
        ]
        return min(shows, key=lambda show: STAGES.index(show.stage), default=None)


class KnownDivergences(Struct, frozen=True, forbid_unknown_fields=True):
    """The content of `known.toml`."""

    divergence: tuple[Known, ...] = ()


def load_known(path: Path = KNOWN_FILE) -> tuple[Known, ...]:
    """Read and check the file of known divergences.

    Raises:
        MultibackendError: the file can't be read, or an entry is not well formed; names the field.
    """
    entries = read_typed(path, KnownDivergences, "known divergences").divergence
    ids = [entry.id for entry in entries]
    if twice := next((one for one in ids if ids.count(one) > 1), ""):
        raise MultibackendError(f"known divergences {path}: the id {twice} is there twice; expected once. Rename one.")
    return entries


@dataclass(frozen=True)
class Shown:
    """A divergence that may show in the trainings of a pair, and where."""

    entry: Known
    show: Show

    @property
    def position(self) -> int:
        """The position of its stage in causal order."""
        return STAGES.index(self.show.stage)


def apply_known(findings: Sequence[Finding], ensemble: Ensemble, entries: Sequence[Known]) -> list[Finding]:
    """Excuse the findings of one pair that an entry explains, and fail those where an entry is stale."""
    active: list[Shown] = []
    for entry in entries:
        for backend in findings[0].pair:
            record = ensemble.base.get((findings[0].precision, backend))
            show = entry.find_show(record.run) if record else None
            if record and show and entry.concerns(record) and entry.workaround not in record.workarounds:
                active.append(Shown(entry, show))
    active.sort(key=lambda one: one.position)
    measured = all(record.run.seed == MEASURED_SEED for record in ensemble.base.values())
    return [_apply_to(finding, active, measured) for finding in findings]


def _apply_to(finding: Finding, active: Sequence[Shown], measured: bool) -> Finding:
    """Apply an entry to the stage at which it shows; the earliest one also explains what differs at later stages."""
    here = STAGES.index(finding.stage)
    shown = [one for one in active if one.position == here]
    earlier = [one.entry.id for one in active if one.position < here]
    if finding.status in ("pass", "drift") and shown and measured:
        stale = shown[0].entry.id
        detail = f"known divergence {stale} no longer occurs: remove its entry ({finding.detail})"
        return replace(finding, status="fail", detail=detail, stale=stale)
    if finding.status != "fail" or finding.measured is None:
        return finding
    for one in shown:
        if finding.measured <= SIZE_FACTOR * one.show.size:
            return replace(finding, status="known", detail=f"{one.entry.id}: {finding.detail}", known=one.entry.id)
    if earlier:
        detail = f"in consequence of {earlier[0]}: {finding.detail}"
        return replace(finding, status="known", detail=detail, known=earlier[0])
    if shown:
        explained = f"known divergence {shown[0].entry.id} explains {SIZE_FACTOR * shown[0].show.size:.1e} at most"
        return replace(finding, detail=f"{finding.detail}; {explained}")
    return finding


def list_effects(
    findings: Sequence[Finding], ensembles: Iterable[Ensemble], entries: Sequence[Known]
) -> tuple[KnownEffect, ...]:
    """List each entry that concerns these records: in effect, no longer occurring, or worked around."""
    gathered = list(ensembles)
    effects = []
    for entry in entries:
        met: dict[Literal["in effect", "no longer occurs", "worked around"], list[str]] = {
            "in effect": [finding.experiment for finding in findings if finding.known == entry.id],
            "no longer occurs": [finding.experiment for finding in findings if finding.stale == entry.id],
            "worked around": [one.experiment for one in gathered if _is_worked_around(entry, one)],
        }
        for state, names in met.items():
            if names:
                experiments = tuple(dict.fromkeys(names))
                reasons = entry.cause, entry.upstream, entry.reproduction, entry.workaround
                effects.append(KnownEffect(entry.id, entry.title, entry.backend, state, *reasons, experiments))
    return tuple(effects)


def _is_worked_around(entry: Known, ensemble: Ensemble) -> bool:
    records = ensemble.base.values()
    return any(entry.concerns(record) and entry.workaround in record.workarounds for record in records)
