"""The head of the report: the facts of the run, and what it proved, as a ladder of rungs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streamproof.model.rungs import PROVES, Rung
from streamproof.report.formatting import commit, number


@dataclass(frozen=True, slots=True)
class Step:
    """One rung of the ladder. `state` is proved, unproved or missing.

    `says` is what a run proves on it, or for a missing one what the pack would have to say.
    """

    name: str
    state: str
    says: str


def ladder(summary: Mapping[str, Any]) -> tuple[Step, ...]:
    """Return the rungs in their order, the first first; empty for a summary that does not name them."""
    if "rungs" not in summary:
        return ()
    proved, missing = summary["rungs"] or (), summary.get("rungs_missing") or {}
    return tuple(_step(rung, rung.value in proved, missing.get(rung.value)) for rung in Rung)


def _step(rung: Rung, is_proved: bool, needs: str | None) -> Step:
    name = rung.value.replace("_", " ")
    if is_proved:
        return Step(name, "proved", PROVES[rung])
    return Step(name, "missing", str(needs)) if needs else Step(name, "unproved", PROVES[rung])


def next_need(steps: tuple[Step, ...]) -> Step | None:
    """Return the first rung that the pack does not offer; its text says what the pack would need."""
    return next((step for step in steps if step.state == "missing"), None)


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
        ("Commit", commit(summary["git_commit"]) or "unknown"),
        ("First broken layer", str(summary["first_broken_layer"] or "none")),
        *_rungs(summary),
    ]


def _rungs(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what the run proved, and what the pack would have to say to prove more. Old summaries have no rungs."""
    steps = ladder(summary)
    if not steps:
        return []
    proved = ", ".join(step.name for step in steps if step.state == "proved")
    unproved = ", ".join(step.name for step in steps if step.state == "unproved")
    missing = " ".join(f"{step.name}: {step.says}" for step in steps if step.state == "missing")
    found = [
        ("Proved", proved or "nothing"),
        ("Not proved in this run", unproved),
        ("Not offered by the pack", missing),
    ]
    return [(name, said) for name, said in found if said]


def _stack(stack: Mapping[str, Any]) -> str:
    kafka = [] if stack["kafka"] == "none" else [f"Kafka {stack['kafka']}"]
    return " · ".join([str(stack["name"]), *kafka, f"processor {stack['processor']}"])


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


def _short(moment: Any) -> str:
    return str(moment).replace("T", " ").removesuffix("Z").removesuffix(".000")
