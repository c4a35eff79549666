"""The tests of a marked function: one for each precision, pair of backends and stage; all use one training."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from multibackend.compare import STAGES, Comparison, Finding
from multibackend.errors import MultibackendError
from multibackend.experiments.choices import PRECISIONS
from multibackend.pytest_plugin.session import ParitySession
from multibackend.pytest_plugin.settings import ParitySettings, read_settings
from multibackend.text import LONGEST_DETAIL, sanitize, sanitize_lines


class ParityFailure(Exception):
    """A test fails; the message is one line."""

    def __init__(self, line: str) -> None:
        super().__init__(sanitize(line, LONGEST_DETAIL))


def make_items(
    collector: Any, name: str, build: Callable[[], Any], given: dict[str, Any], session: ParitySession
) -> Iterator[pytest.Item]:
    """Make the tests of a function that builds a model; `given` is what its marker sets.

    Raises:
        MultibackendError: another process couldn't find the function, or there is no such setting.
    """
    settings = read_settings({key: value for key, value in given.items() if key != "data"})
    reference = session.refer(build, given.get("data"))

    def make(label: str, **which: Any) -> pytest.Item:
        item = ParityItem.from_parent(
            collector, name=f"{name}[{label}]", experiment=reference, settings=settings, session_=session, **which
        )
        item.line = inspect.getsourcelines(build)[1] - 1
        item.own_markers.extend(getattr(build, "pytestmark", ()))
        item.keywords.update({mark.name: mark for mark in item.own_markers})
        return item

    yield make("trainings")
    for precision in settings.precisions:
        for pair in session.pairs:
            for stage in STAGES:
                label = f"{precision}-{'-'.join(pair)}-{stage.replace(' ', '-')}"
                yield make(label, precision=precision, pair=pair, stage=stage)


class ParityItem(pytest.Item):
    """The test of one stage of one pair in one precision; without these, it tests that every training finished."""

    line = 0

    def __init__(
        self,
        *,
        experiment: str,
        settings: ParitySettings,
        session_: ParitySession,
        precision: str = "",
        pair: tuple[str, ...] = (),
        stage: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.experiment, self.settings, self._parity = experiment, settings, session_
        self.precision, self.pair, self.stage = precision, pair, stage

    def runtest(self) -> None:
        """Train with the other marked models of the session, unless that is done; then look at one stage."""
        if self._parity.missing:
            not_run(self._parity.missing)
        others = [item for item in self.session.items if isinstance(item, ParityItem)]
        together = [item.experiment for item in others if item.settings == self.settings]
        comparison = self._parity.compare(self.experiment, together, self.settings)
        if not self.stage:
            if comparison.failed:
                raise ParityFailure("; ".join(f"{a.run}: {a.kind}: {a.reason}" for a in comparison.failed))
            return
        found = comparison.select(comparison.experiments[0], self.precision, self.stage)
        (finding,) = [finding for finding in found if finding.pair == self.pair]
        self.user_properties += [("status", finding.status), ("measured", finding.measured), ("bound", finding.bound)]
        _judge(finding)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show the one line that says what differs; a traceback only for a fault of our own."""
        if isinstance(excinfo.value, (ParityFailure, MultibackendError)):
            return sanitize_lines(str(excinfo.value), LONGEST_DETAIL)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return the place of the function."""
        return self.path, self.line, self.name


def _judge(finding: Finding) -> None:
    if finding.failed:
        raise ParityFailure(_say(finding))
    if finding.status == "known":
        pytest.xfail(f"known upstream: {sanitize(finding.detail, LONGEST_DETAIL)}")
    if finding.status == "not run":
        not_run(finding.detail)


def _say(finding: Finding) -> str:
    follows = "in consequence of an earlier stage: " if finding.status == "consequence" else ""
    return f"{finding.precision} {'-'.join(finding.pair)}: {finding.stage}: {follows}{finding.detail}"


def not_run(reason: str) -> None:
    """Skip a test that can't run here; in CI, where a skip would pass unseen, fail it."""
    if os.environ.get("CI", "").lower() in ("", "0", "false"):
        pytest.skip(sanitize(reason, LONGEST_DETAIL))
    raise ParityFailure(f"not run, in CI: {reason}")


def demand_passed(comparison: Comparison) -> None:
    """Fail a test with each difference in a line, and no traceback; skip it if nothing could be run.

    Raises:
        ParityFailure: nothing could be run, in CI.
    """
    if comparison.passed:
        return
    lines = [f"{absence.run}: {absence.kind}: {absence.reason}" for absence in comparison.failed]
    for experiment in comparison.experiments:
        for precision in PRECISIONS:
            failures = comparison.first_failures(experiment, precision)
            lines += [_say(finding) for finding in failures if finding.status != "not judged"]
    if not lines and comparison.not_run:
        not_run(comparison.not_run[0].reason)
    pytest.fail("\n".join(sanitize(line, LONGEST_DETAIL) for line in lines), pytrace=False)
