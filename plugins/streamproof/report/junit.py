"""The run's checks and stages as JUnit XML for CI servers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from streamproof.model.results import CheckResult, StageResult, Status
from streamproof.report.formatting import diagnostics, number, seen, writable


def render_junit(summary: Mapping[str, Any], results: Mapping[str, StageResult]) -> str:
    """Return the XML: a suite for each judging stage, and one for the stages themselves. Times are in seconds.

    The readers of Jenkins, GitLab and GitHub know all that is in it (tests/unit/report/junit.xsd). The last case of the
    stages is the verdict: it is an error when the run could not be judged, also when no single stage or check says so.
    """
    root = ET.Element("testsuites", name=writable(f"streamproof {summary['pack']}"))
    stages = [*(_stage_case(result) for result in results.values()), _verdict_case(summary)]
    _suite(root, "stages", stages, str(summary["started_at"]))
    for result in results.values():
        if result.checks:
            cases = [_check_case(check) for check in result.checks]
            _suite(root, result.stage, cases, result.started_at)
    _properties(root[0], summary)
    # Jenkins' schema knows no count of skipped cases here.
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("time", _seconds(summary["duration_sec"]))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(root: ET.Element, name: str, cases: list[ET.Element], started_at: str) -> None:
    suite = ET.SubElement(root, "testsuite", name=writable(name), timestamp=writable(started_at.removesuffix("Z")))
    suite.extend(cases)
    suite.set("tests", str(len(cases)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(case.find(tag) is not None for case in cases)))
    suite.set("time", f"{sum(float(case.get('time', '0')) for case in cases):.3f}")


def _properties(suite: ET.Element, summary: Mapping[str, Any]) -> None:
    properties = ET.Element("properties")
    names = ("run_id", "mode", "verdict", "git_commit", "first_broken_layer", "rerun", "folder")
    values = {name: summary[name] for name in names} | {
        "window.from_ts": summary["window"]["from_ts"],
        "window.to_ts": summary["window"]["to_ts"],
        "fixture.sha256": summary["fixture"]["sha256"],
        **{f"version.{service}": version for service, version in summary["stack"]["versions"].items()},
        **{f"notice.{number}": notice for number, notice in enumerate(summary["notices"], start=1)},
    }
    for name, value in values.items():
        ET.SubElement(properties, "property", name=writable(name), value=writable("" if value is None else str(value)))
    suite.insert(0, properties)


def _stage_case(result: StageResult) -> ET.Element:
    case = _case(result.stage, "streamproof.stages", result.duration_sec)
    if result.error:
        _outcome(case, "error", result.error, f"{result.error}\nHint: {result.hint or 'see the log of the stage'}")
    elif result.status is Status.SKIPPED:
        _outcome(case, "skipped", "nothing to do", "")
    return case


def _verdict_case(summary: Mapping[str, Any]) -> ET.Element:
    case = _case("verdict", "streamproof.run", 0.0)
    if summary["verdict"] == "error":
        why = str(summary.get("error") or "the run could not be judged")
        _outcome(case, "error", why, f"{why}\nHint: {summary.get('hint') or 'see harness.log'}")
    return case


def _check_case(check: CheckResult) -> ET.Element:
    case = _case(check.name, f"streamproof.{check.suite}", check.duration_sec)
    if check.source_file:
        case.set("file", writable(check.source_file))
    if check.source_file and check.line:
        case.set("line", str(check.line))
    if check.status is Status.FAILED:
        rows = number(check.failed_rows)
        told = [check.meaning, f"failed_rows={rows}", diagnostics(check.diagnostics)]
        _outcome(case, "failure", f"{rows} failed rows", "\n".join(filter(None, told)))
    elif check.status is Status.ERRORED:
        told = [check.meaning, diagnostics(check.diagnostics)]
        _outcome(case, "error", check.error or "could not be judged", "\n".join(filter(None, told)))
    elif check.status is Status.SKIPPED:
        _outcome(case, "skipped", seen(check), "")
    return case


def _case(name: str, classname: str, seconds: float) -> ET.Element:
    return ET.Element("testcase", name=writable(name), classname=writable(classname), time=_seconds(seconds))


def _outcome(case: ET.Element, tag: str, message: str, body: str) -> None:
    element = ET.SubElement(case, tag, message=writable(message))
    if tag != "skipped":
        element.set("type", "check" if tag == "failure" else "not judged")
        element.text = writable(body)


def _seconds(found: float) -> str:
    """Render seconds with three decimals; a value that is not a finite number, or negative, becomes 0."""
    is_time = isinstance(found, int | float) and math.isfinite(found) and found >= 0
    return f"{found:.3f}" if is_time else "0.000"
