"""The machine-readable summary of a run: the content of `summary.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from streamproof.model.content import SavedContent
from streamproof.model.plan import RunPlan
from streamproof.model.results import LAYERS, CheckResult, StageResult, Status, Verdict
from streamproof.model.rungs import missing_rungs, proved_rungs
from streamproof.model.stack import StackState
from streamproof.model.verdict import failed_checks, judge, skipped_for_a_run, unjudged
from streamproof.report.compact import compact_summary

__all__ = ["build_summary", "compact_summary", "first_broken_layer"]

_NOT_RUN = " did not run"


def build_summary(
    plan: RunPlan,
    results: Mapping[str, StageResult],
    stack: StackState | None,
    *,
    ended_at: str,
    content: SavedContent | None = None,
) -> dict[str, Any]:
    """Return the content of `summary.json` as plain JSON data, with its keys in the order of the design.

    `results` are the stages that have ended, in order; `ended_at` is ISO-8601 UTC; `content` is what was saved. In the
    summary, `checks.total` does not include skipped checks. `not_judged` lists the checks that could not be judged, and
    `not_run` the planned stages that never ended. `dag_run` is the DAG run that made the run, null for none.
    """
    verdict = _verdict(plan, results, stack)
    failed = failed_checks(results)
    started_at = min((result.started_at for result in results.values()), default=plan.created_at)
    notices = [*plan.notices, *_left_out(results), *_unanswered(results), *([content.notice] if content else [])]
    return {
        "run_id": plan.run_id,
        "pack": plan.pack,
        "mode": plan.mode,
        "verdict": verdict.value,
        "window": dict(plan.window),
        "stack": _stack(plan, stack, results),
        "git_commit": plan.git_commit,
        "fixture": {"manifest": plan.manifest, "sha256": plan.fixture_sha256, "events": plan.fixture_events},
        "replay": None if plan.observes else _replay(plan, results),
        "serving": _serving(results),
        "results": [_stage(result) for result in results.values()],
        "checks": _counts(results),
        "failures": [_failure(check) for check in failed],
        "not_judged": _not_judged(results),
        "not_run": [stage for stage in plan.planned_stages if stage not in results],
        "first_broken_layer": first_broken_layer(failed),
        "rungs": proved_rungs(plan, results),
        "rungs_missing": missing_rungs(plan.rungs),
        "rerun": plan.rerun,
        "notices": [notice for notice in notices if notice],
        "content": content.in_brief() if content else None,
        "injected": _injected(plan, results),
        "error": None if verdict is Verdict.PASSED else _error(plan, results, stack),
        "hint": None if verdict is Verdict.PASSED else next((r.hint for r in results.values() if r.hint), None),
        "started_at": started_at,
        "ended_at": ended_at,
        "duration_sec": _seconds_between(started_at, ended_at),
        "dag_run": {"dag_id": plan.dag_id, "run_id": plan.dag_run_id} if plan.dag_id else None,
        "folder": plan.folder,
    }


def _verdict(plan: RunPlan, results: Mapping[str, StageResult], stack: StackState | None) -> Verdict:
    """Return the verdict. A run whose processor had to be killed has not passed: it may have lost what it held."""
    verdict = judge(plan.planned_stages, plan.judging_stages, results)
    return Verdict.ERROR if verdict is Verdict.PASSED and stack and stack.killed else verdict


def first_broken_layer(failed: Sequence[CheckResult]) -> str | None:
    """Return the first layer, in the order of the data flow, that a failed check names; None when none does."""
    return next((layer for layer in LAYERS if any(check.layer == layer for check in failed)), None)


def _stack(plan: RunPlan, stack: StackState | None, results: Mapping[str, StageResult]) -> dict[str, Any]:
    """Describe the services. `started` are those that the run started; the others already ran."""
    checked = results["warehouse_check"].details if "warehouse_check" in results else {}
    started = {service.name: service.version for service in stack.services} if stack else {}
    return {
        "name": plan.stack,
        "kafka": plan.kafka,
        "clickhouse": stack.clickhouse_url if stack else checked.get("clickhouse"),
        "warehouse": stack.warehouse_url if stack else checked.get("warehouse"),
        "processor": plan.processor,
        "versions": {**(stack.outside if stack else checked.get("versions", {})), **started},
        "started": list(started),
        "bootstrap_servers": stack.bootstrap_servers if stack else None,
        **_flink(results),
    }


def _replay(plan: RunPlan, results: Mapping[str, StageResult]) -> dict[str, Any]:
    """Return what was asked of the replay, and its rate. `send_error` is null unless the replay had a pace."""
    details = results["replay_events"].details if "replay_events" in results else {}
    return {
        "speed": plan.speed,
        "shift_to": plan.shift_to,
        "shift_ms": plan.shift_ms,
        "first_events": plan.first_events,
        **{name: details.get(name) for name in ("rate_per_sec", "duration_sec", "send_error")},
    }


def _serving(results: Mapping[str, StageResult]) -> dict[str, Any] | None:
    """Return what a pipeline asked for and how its runs went, None for a run that publishes.

    Each repetition has its seconds, its greatest memory in bytes, its requests and the rows after it.
    """
    details = results["replay_events"].details if "replay_events" in results else {}
    if "repetitions" not in details:
        return None
    return {name: details[name] for name in ("repetitions", "requests", "by_status", "bytes", "faults", "never_served")}


def _flink(results: Mapping[str, StageResult]) -> dict[str, Any]:
    """Return the latest facts of a job on Flink as `flink`; nothing for a run with another processor."""
    found = [result.details["flink"] for result in results.values() if "flink" in result.details]
    return {"flink": found[-1]} if found else {}


def _stage(result: StageResult) -> dict[str, Any]:
    return {
        "stage": result.stage,
        "status": result.status.value,
        "started_at": result.started_at,
        "ended_at": result.ended_at,
        "duration_sec": round(result.duration_sec, 3),
        "error": result.error,
    }


def _counts(results: Mapping[str, StageResult]) -> dict[str, int]:
    checks = [check for result in results.values() for check in result.checks]
    count = {status: sum(check.status is status for check in checks) for status in Status}
    return {
        "total": count[Status.PASSED] + count[Status.FAILED] + count[Status.ERRORED],
        "passed": count[Status.PASSED],
        "failed": count[Status.FAILED],
        "errored": count[Status.ERRORED],
        "skipped": count[Status.SKIPPED],
    }


def _failure(check: CheckResult) -> dict[str, Any]:
    return {
        "suite": check.suite,
        "name": check.name,
        "failed_rows": check.failed_rows,
        "diagnostics": dict(check.diagnostics),
        "sessions": list(check.sessions),
        "layer": check.layer,
        "source_file": check.source_file,
        "line": check.line,
        "meaning": check.meaning,
    }


def _left_out(results: Mapping[str, StageResult]) -> list[str]:
    """Return a sentence for each suite of which mode observe could judge no check."""
    return [
        f"Suite {result.checks[0].suite} is left out: all of its {len(result.checks)} checks need what only a run of "
        "its own has. The report says of each what that is."
        for result in results.values()
        if result.error is None and skipped_for_a_run(result.checks)
    ]


def _unanswered(results: Mapping[str, StageResult]) -> list[str]:
    """Return a sentence for each trace query that could not be run. It judges nothing, so the verdict stands."""
    traced = results["query_pack"].details if "query_pack" in results else {}
    return [
        f"Trace query {query['name']} could not be run: {query['error']}"
        for query in traced.get("queries", ())
        if query.get("error")
    ]


def _not_judged(results: Mapping[str, StageResult]) -> list[dict[str, Any]]:
    return [
        {
            "suite": check.suite,
            "name": check.name,
            "error": check.error,
            "source_file": check.source_file,
            "line": check.line,
        }
        for result in results.values()
        for check in result.checks
        if check.status is Status.ERRORED
    ]


def _injected(plan: RunPlan, results: Mapping[str, StageResult]) -> dict[str, Any] | None:
    if plan.inject is None:
        return None
    result = results.get("inject")
    statements = result.details.get("statements", []) if result else []
    return {"file": plan.inject, "statements": list(statements), "done": bool(result and result.error is None)}


def _error(plan: RunPlan, results: Mapping[str, StageResult], stack: StackState | None) -> str | None:
    reasons = unjudged(plan.planned_stages, plan.judging_stages, results)
    reasons += [stack.killed] if stack and stack.killed else []
    # Stages usually do not run because an earlier one broke. They are named only if there is no other reason.
    causes = [reason for reason in reasons if not reason.endswith(_NOT_RUN)]
    missing = ", ".join(reason.removesuffix(_NOT_RUN) for reason in reasons)
    return "; ".join(causes) or (f"The run ended before these stages: {missing}" if missing else None)


def _seconds_between(started_at: str, ended_at: str) -> float:
    try:
        seconds = (datetime.fromisoformat(ended_at) - datetime.fromisoformat(started_at)).total_seconds()
    except (TypeError, ValueError):
        return 0.0
    return round(max(seconds, 0.0), 3)
