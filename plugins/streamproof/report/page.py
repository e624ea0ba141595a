"""The values of a report page, shared by the HTML and the Markdown renderer."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from streamproof.model.results import StageResult
from streamproof.model.rungs import Rung
from streamproof.report import contract_section, sections
from streamproof.report.coverage_matrix import coverage_tables
from streamproof.report.formatting import headline, number
from streamproof.report.timeline import build_timeline

# Files that every report links to, relative to the report.
_FILES = (
    ("harness.log", "log of the run"),
    ("summary.json", "verdict, machine-readable"),
    ("report.md", "this report as Markdown"),
    ("junit.xml", "checks as JUnit"),
    ("plan.json", "what was asked"),
)


def page_values(
    summary: Mapping[str, Any],
    results: Mapping[str, StageResult],
    contracts: Mapping[str, Mapping[str, Any]],
    traces: Mapping[str, str],
    waiting: Collection[str],
) -> dict[str, Any]:
    """Return the values of the report templates.

    `contracts` holds Great Expectations' result documents by table. `traces` holds the files of traced sessions by
    session, relative to the run's folder. `waiting` are the stages that mostly wait for services.
    """
    return {
        "summary": summary,
        "headline": headline(summary),
        "facts": facts(summary),
        "timeline": build_timeline(results.values(), waiting),
        "suites": sections.suites(results.values()),
        "contracts": contract_section.contracts(contracts),
        "diagnostics": sections.diagnostics(results.values()),
        "queries": sections.queries(results),
        "dispositions": sections.dispositions(results),
        "sessions": sections.sessions(results),
        "coverage": _coverage(results),
        "traces": traces,
        "broken_stages": [result for result in results.values() if result.error],
        "files": _files(summary, results, traces),
    }


def facts(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the key facts of a run as (name, value) pairs. The summary's `title` is the pack's title."""
    window, fixture, stack = summary["window"], summary["fixture"], summary["stack"]
    return [
        ("Run", str(summary["run_id"])),
        ("Pipeline", str(summary.get("title") or summary["pack"])),
        ("Pack and mode", f"{summary['pack']} · {summary['mode']}"),
        ("Window (UTC)", f"{_short(window['from_ts'])} to {_short(window['to_ts'])}"),
        ("Stack", _stack(stack)),
        *_job(stack.get("flink")),
        *_serving(summary.get("serving")),
        ("Fixture events", number(fixture["events"])),
        ("Started (UTC)", _short(str(summary["started_at"]))),
        ("Commit", str(summary["git_commit"])[:12] or "unknown"),
        ("First broken layer", str(summary["first_broken_layer"] or "none")),
        *_rungs(summary),
    ]


def _stack(stack: Mapping[str, Any]) -> str:
    kafka = [] if stack["kafka"] == "none" else [f"Kafka {stack['kafka']}"]
    return " · ".join([stack["name"], *kafka, f"processor {stack['processor']}"])


def _serving(serving: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Return what a pipeline that fetches asked for and how its runs went; nothing for a run that publishes."""
    if serving is None:
        return []
    by_status = ", ".join(f"{status}: {number(times)}" for status, times in serving["by_status"].items())
    runs = [
        f"{facts['seconds']:,.1f} s, {facts['peak_rss_bytes'] / 1e6:,.0f} MB, {number(facts['requests'])} requests"
        for facts in serving["repetitions"]
    ]
    found = [("Runs of the pipeline", "; ".join(runs)), ("Answers of the source", by_status or "none")]
    if serving["faults"]:
        faults = ", ".join(f"{name}: {number(times)}" for name, times in serving["faults"].items())
        found.append(("Planned faults", faults))
    if serving["never_served"]:
        missing = ", ".join(f"{number(records)} of {file}" for file, records in serving["never_served"].items())
        found.append(("Records in no whole answer", missing))
    return found


def _job(job: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Return what is told of a job on Flink; nothing for a run with another processor."""
    if job is None:
        return []
    counts, last = job["checkpoints"], job["checkpoints"]["last"]
    checkpoints = f"{number(counts['completed'])} checkpoints, {number(counts['failed'])} failed"
    if last:
        checkpoints += f", the last one of {number(last['bytes'])} bytes in {number(last['duration_ms'])} ms"
    return [
        ("Job on Flink", f"{job['job']} · Flink {job['version']} · parallelism {job['parallelism']} · {job['state']}"),
        ("Checkpoints", checkpoints),
        ("Restarts of the job", number(job["restarts"]) + (f": {job['root_cause']}" if job["restarts"] else "")),
    ]


def _rungs(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what the run proved, and what the pack would have to say to prove more. Old summaries have no rungs."""
    if "rungs" not in summary:
        return []
    proved, missing = summary["rungs"], summary["rungs_missing"]
    unproved = [rung.value for rung in Rung if rung not in proved and rung not in missing]
    found = [("Proved", ", ".join(proved) or "nothing")]
    if unproved:
        found.append(("Not proved in this run", ", ".join(unproved)))
    if missing:
        found.append(("Not offered by the pack", " ".join(f"{rung}: {needs}" for rung, needs in missing.items())))
    return found


def _coverage(results: Mapping[str, StageResult]) -> dict[str, Any] | None:
    """Return column coverage with its matrix as tables; None if the run did not include it."""
    proof = results.get("prove")
    found = proof.details.get("coverage") if proof else None
    return {**found, "tables": coverage_tables(found["matrix"])} if found else None


def _short(moment: str) -> str:
    return moment.replace("T", " ").removesuffix("Z").removesuffix(".000")


def _started(summary: Mapping[str, Any]) -> Sequence[str]:
    """Return the services that the run itself started. Only these have logs in its folder."""
    stack = summary["stack"]
    return list(stack.get("started", stack["versions"]))


def _files(
    summary: Mapping[str, Any], results: Mapping[str, StageResult], traces: Mapping[str, str]
) -> list[tuple[str, str]]:
    files = list(_FILES)
    files += [(f"stack/logs/{service}.log", f"log of {service}") for service in _started(summary)]
    files += [(f"stages/{stage}.log", f"log of stage {stage}") for stage in results]
    if results.get("contracts"):
        files.append(("contracts/", "contract results as JSON"))
    if sections.sessions(results):
        files.append(("sessions.json", "final facts of every session, and what differs from the oracle"))
    proof = results.get("prove")
    if proof and "mutations_applied" in proof.details:
        files.append(("prove.json", "every mutation and what it showed"))
    if proof and "coverage" in proof.details:
        files.append(("coverage.json", "every damage of a column, and which check saw it"))
    if summary["verdict"] != "passed":
        files.append(("diagnostics/", "what the run left to look at"))
    if traces:
        files.append(("diagnostics/sessions/index.json", "sessions that were traced, and those that were not"))
    return files
