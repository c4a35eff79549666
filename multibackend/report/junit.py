"""`junit.xml`: one test case for each experiment, precision, pair and stage, as CI services show them.

Names and reasons are sanitized, so that nothing that XML forbids is in them, and ElementTree escapes the rest. Services
know a case by its class and name, so experiments are named in full, and two that read alike are told apart.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

from multibackend.compare import Absence, Comparison, Finding
from multibackend.text import LONGEST_DETAIL, sanitize, tell_apart


def format_junit(comparison: Comparison) -> str:
    """Format `junit.xml`; a training that failed or left no record is a test case of its own, named for its run."""
    experiments = [found.experiment for found in comparison.findings] + [a.run.experiment for a in comparison.failed]
    names = tell_apart(experiments)
    cases = [_build_case(finding, names) for finding in comparison.findings]
    cases += [_build_absence(absence, names) for absence in comparison.failed]
    counts = {"tests": len(cases)}
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        counts[name] = sum(case.find(tag) is not None for case in cases)
    totals = {key: str(value) for key, value in counts.items()}
    root = ET.Element("testsuites", {"name": "multibackend", **totals})
    suite = ET.SubElement(root, "testsuite", {"name": "multibackend", **totals})
    suite.extend(cases)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _build_case(finding: Finding, names: dict[str, str]) -> ET.Element:
    name = sanitize(f"{finding.precision} {'-'.join(finding.pair)} {finding.stage}")
    case = ET.Element("testcase", classname=names[finding.experiment], name=name, time="0")
    detail = _show(("in consequence: " if finding.status == "consequence" else "") + finding.detail)
    match finding.status:
        case "fail" | "consequence":
            failure = ET.SubElement(case, "failure", message=detail, type=sanitize(finding.stage))
            failure.text = f"{detail}\nmeasured {finding.measured}, bound {finding.bound}"
        case "not judged":
            ET.SubElement(case, "error", message=detail, type="not judged")
        case "not run":
            ET.SubElement(case, "skipped", message=detail)
        case _:
            ET.SubElement(case, "system-out").text = f"{finding.status}: {detail}"
    return case


def _build_absence(absence: Absence, names: dict[str, str]) -> ET.Element:
    run = absence.run
    case = ET.Element("testcase", classname=names[run.experiment], name=sanitize(run.words), time="0")
    ET.SubElement(case, "error", message=_show(f"{absence.kind}: {absence.reason}"), type=absence.kind)
    return case


def _show(detail: str) -> str:
    return sanitize(detail, LONGEST_DETAIL)
