"""`junit.xml`: one test case for each experiment, precision, pair and stage, as CI services show them."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from multibackend.compare import Absence, Comparison, Finding


def format_junit(comparison: Comparison) -> str:
    """Text of `junit.xml`; a training that failed or left no record is a test case of its own, named for its run."""
    cases = [_build_case(finding) for finding in comparison.findings]
    cases += [_build_absence(absence) for absence in comparison.failed]
    counts = {"tests": len(cases)}
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        counts[name] = sum(case.find(tag) is not None for case in cases)
    totals = {key: str(value) for key, value in counts.items()}
    root = ET.Element("testsuites", {"name": "multibackend", **totals})
    suite = ET.SubElement(root, "testsuite", {"name": "multibackend", **totals})
    suite.extend(cases)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _build_case(finding: Finding) -> ET.Element:
    name = f"{finding.precision} {'-'.join(finding.pair)} {finding.stage}"
    case = ET.Element("testcase", classname=finding.experiment, name=name, time="0")
    detail = _printable(("in consequence: " if finding.status == "consequence" else "") + finding.detail)
    match finding.status:
        case "fail" | "consequence":
            failure = ET.SubElement(case, "failure", message=detail, type=finding.stage)
            failure.text = f"{detail}\nmeasured {finding.measured}, bound {finding.bound}"
        case "not judged":
            ET.SubElement(case, "error", message=detail, type="not judged")
        case "not run":
            ET.SubElement(case, "skipped", message=detail)
        case _:
            ET.SubElement(case, "system-out").text = f"{finding.status}: {detail}"
    return case


def _build_absence(absence: Absence) -> ET.Element:
    run = absence.run
    suffix = f" perturbed {run.perturbation}" if run.perturbation else ""
    case = ET.Element(
        "testcase", classname=run.experiment, name=f"{run.precision} {run.backend}{suffix} training", time="0"
    )
    ET.SubElement(case, "error", message=_printable(f"{absence.kind}: {absence.reason}"), type=absence.kind)
    return case


def _printable(text: str) -> str:
    """Without the control characters that XML 1.0 forbids, escapes included; a crash's last words may hold some."""
    return re.sub("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", text)
