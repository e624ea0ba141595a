"""The values of a report page, shared by the HTML and the Markdown renderer."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from streamproof.model.results import LAYERS, StageResult
from streamproof.report.formatting import headline
from streamproof.report.sections import (
    checks,
    conservation,
    contracts,
    coverage,
    diagnostics,
    entities,
    files,
    layers,
    profiles,
    queries,
    scenarios,
    verdict,
)
from streamproof.report.sections.timeline import build_timeline
from streamproof.report.sections.verdict import facts

__all__ = ["facts", "page_values"]

# What a summary of an earlier version, or one that was cut, may not have.
_DEFAULTS: Mapping[str, Any] = {
    "title": "", "pack": "unknown", "mode": "unknown", "run_id": "unknown", "verdict": "error", "failures": (),
    "not_judged": (), "not_run": (), "notices": (), "injected": None, "error": None, "hint": None, "git_commit": "",
    "first_broken_layer": None, "rerun": "", "started_at": "", "ended_at": "", "duration_sec": None, "folder": "",
    "serving": None, "content": None,
}  # fmt: skip
_PARTS: Mapping[str, Mapping[str, Any]] = {
    "checks": {"total": 0, "passed": 0, "failed": 0, "errored": 0, "skipped": 0},
    "window": {"from_ts": "unknown", "to_ts": "unknown"},
    "fixture": {"manifest": "unknown", "sha256": "unknown", "events": None},
    "stack": {"name": "unknown", "kafka": "none", "processor": "unknown", "versions": {}},
}
_FAILURE: Mapping[str, Any] = {
    "suite": "unknown", "name": "unknown", "failed_rows": None, "diagnostics": {}, "sessions": (), "layer": "",
    "source_file": "", "meaning": "", "error": None,
}  # fmt: skip


def page_values(
    summary: Mapping[str, Any],
    results: Mapping[str, StageResult],
    documents: Mapping[str, Mapping[str, Any]],
    traces: Mapping[str, str],
    waiting: Collection[str],
    texts: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the values of the report templates.

    `documents` holds Great Expectations' result documents by table. `traces` holds the page or trace of each
    session that has one, relative to the run's folder. `waiting` are the stages that mostly wait for services. `texts`
    are the SQL texts or expectations of the checks by `suite.name`.
    """
    whole = _complete(summary)
    shown = list(results.values())
    of_layers, of_entities = layers.layers(results), entities.sessions(results)
    steps = verdict.ladder(summary)
    return {
        "summary": whole,
        "headline": headline(whole),
        "gaps": _gaps(summary, results, texts),
        "facts": facts(whole),
        "ladder": steps,
        "next_need": verdict.next_need(steps),
        "timeline": build_timeline(shown, waiting),
        "layers": of_layers,
        "funnel": layers.funnel(results, of_layers),
        "suites": checks.suites(shown),
        "texts": texts or {},
        "contracts": contracts.contracts(documents),
        "diagnostics": diagnostics.diagnostics(shown),
        "queries": queries.queries(results),
        "profiles": profiles.profiles(results),
        "dispositions": conservation.dispositions(results),
        "flow": conservation.flow(results),
        "scenarios": scenarios.scenarios(results),
        "sessions": of_entities,
        "coverage": coverage.coverage(results),
        "traces": traces,
        "broken_stages": [result for result in shown if result.error],
        "files": files.files(whole, results, traces, of_entities),
    }


def _complete(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return the summary with a value for everything that the templates name, the failures of the first layer first."""
    parts = {name: {**defaults, **(summary.get(name) or {})} for name, defaults in _PARTS.items()}
    lists = {key: [{**_FAILURE, **check} for check in summary.get(key) or ()] for key in ("failures", "not_judged")}
    lists["failures"].sort(key=lambda check: LAYERS.index(check["layer"]) if check["layer"] in LAYERS else len(LAYERS))
    return {**_DEFAULTS, **summary, **parts, **lists}


def _gaps(summary: Mapping[str, Any], results: Mapping[str, StageResult], texts: Mapping[str, str] | None) -> list[str]:
    """Return what the run's folder does not hold, one sentence each."""
    found = []
    if not results:
        found.append("The folder holds no results of stages: only what the summary says is shown.")
    if "rungs" not in summary:
        found.append("The summary does not say what the run proved: it is from an earlier version.")
    if any(result.checks for result in results.values()) and not texts:
        found.append("The SQL of the checks is not shown: file checks.json is missing or cannot be read.")
    return found
