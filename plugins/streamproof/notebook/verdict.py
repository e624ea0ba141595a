"""The first sections of the notebook: verdict, executive summary, and the checks that did not pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from streamproof.model.results import LAYERS, CheckResult, StageResult, Status
from streamproof.notebook.opening import OpenedRun
from streamproof.notebook.shown import Part, Table
from streamproof.report.formatting import count, duration, headline, seen, value
from streamproof.runs.context import RunContext
from streamproof.runs.folder import read_json

_TONES = {"passed": "good", "failed": "bad", "error": "poor"}
# A broken pipeline may break every check. The first ones show the cause; the report has all.
MOST_FAILURES = 30
_MOST_EXAMPLES = 20
_JOINING = ("and", "of", "or")


def verdict(run: OpenedRun) -> Part:
    """Return the verdict, the first broken layer, what was proved, and what the run was."""
    summary = run.summary
    text = [headline(summary), f"First broken layer: {summary['first_broken_layer'] or 'none'}."]
    if "rungs" in summary:
        text.append(f"Proved: {', '.join(summary['rungs']) or 'nothing'}.")
        text += [f"Not offered by the pack: {rung}. {needs}" for rung, needs in summary["rungs_missing"].items()]
    if summary["error"]:
        text.append(f"Error: {summary['error']}")
    if summary["hint"]:
        text.append(f"Hint: {summary['hint']}")
    if summary["injected"]:
        text.append(f"SQL was injected into this run's database: {value(summary['injected'])}")
    text += [f"Note: {notice}" for notice in summary.get("notices", ())]
    return Part(
        f"Verdict: {summary['verdict']}",
        text=tuple(text),
        tables=(Table.of("The run", _facts(run)),),
        tone=_TONES.get(summary["verdict"], "poor"),
    )


def executive_summary(run: OpenedRun) -> tuple[Part, ...]:
    """Return the checks by layer, in the order of the data flow, and by stage."""
    checks = _checks(run.results)
    layers = [*LAYERS, *sorted({check.layer for check in checks} - {*LAYERS, ""})]
    rows = [
        _layer_row(layer, [check for check in checks if check.layer == layer])
        for layer in layers
        if layer in run.ctx.pack.layers or any(check.layer == layer for check in checks)
    ]
    if whole := [check for check in checks if not check.layer]:
        rows.append(_layer_row("(the whole run)", whole))
    stages = [
        {
            "stage": result.stage,
            "status": result.status.value,
            "checks": len(result.checks),
            "not_passed": sum(check.status is not Status.PASSED for check in result.checks),
            "took": duration(result.duration_sec),
            "error": result.error or "",
        }
        for result in run.results.values()
    ]
    return (
        Part(
            text=("A layer that is failing while the ones before it pass is where to look first.",),
            tables=(Table.of("Checks by layer", rows),),
        ),
        Part("Stages of the run", tables=(Table.of("Stages in their order", stages),), folded=True),
    )


def failures(run: OpenedRun) -> tuple[Part, ...]:
    """Return each check that failed or could not be judged, open, with its meaning, rows and entities.

    One sentence when there is none.
    """
    found = [check for check in _checks(run.results) if check.status in (Status.FAILED, Status.ERRORED)]
    parts = [_failure(check) for check in found[:MOST_FAILURES]]
    broken = [result for result in run.results.values() if result.error]
    parts += [
        Part(f"Stage {it.stage} could not end", (it.error or "", it.hint or ""), tone="poor", folded=False)
        for it in broken
    ]
    if not parts:
        return (Part(text=("No check failed, and every stage ended.",), tone="good"),)
    if len(found) > MOST_FAILURES:
        parts.append(Part(text=(f"{len(found) - MOST_FAILURES:,} more checks failed: the report shows all.",)))
    return (*parts, *_offending_records(run.ctx))


def _failure(check: CheckResult) -> Part:
    layer = f" in layer {check.layer}" if check.layer else ""
    text = [f"{check.suite}: {check.status.value}{layer}, {count(check.failed_rows, 'failed row')}."]
    if check.meaning:
        text.append(check.meaning)
    if check.error:
        text.append(f"It could not be judged: {seen(check)}")
    facts = [{"diagnostic": name, "value": value(item)} for name, item in check.diagnostics.items() if _says(item)]
    tables = [Table.of("What the check found", facts)] if facts else []
    tables += [table for name, item in check.diagnostics.items() if (table := _examples(name, item))]
    if check.sessions:
        left_out = len(check.sessions) - _MOST_EXAMPLES
        more = f" and {left_out:,} more" if left_out > 0 else ""
        text.append(f"Named by it: {', '.join(check.sessions[:_MOST_EXAMPLES])}{more}.")
    if check.source_file:
        text.append(f"Source: {check.source_file}{f':{check.line}' if check.line else ''}")
    return Part(check.name, tuple(text), tuple(tables), folded=False, tone="bad")


def _says(item: Any) -> bool:
    """Return whether a diagnostic is shown on one line: it has a value, and is no list of rows."""
    return item not in ("", None, [], {}) and not isinstance(item, list)


def _examples(name: str, item: Any) -> Table | None:
    """Return a diagnostic that is a list of examples as a table, None for any other one."""
    if not isinstance(item, list) or not item:
        return None
    rows = [_row(name, each) for each in item[:_MOST_EXAMPLES]]
    return Table.of(f"Offending rows: {name}", rows, total=len(item))


def _row(name: str, example: Any) -> Mapping[str, Any]:
    """Return an example by column. The name of a diagnostic says its parts, as in `partition_offset_id`."""
    if isinstance(example, Mapping):
        return example
    cells = example if isinstance(example, list) else [example]
    parts = [part for part in name.split("_") if part not in _JOINING]
    if len(cells) == 1 or len(set(parts)) != len(cells):
        parts = [name] if len(cells) == 1 else [f"{number}" for number in range(1, len(cells) + 1)]
    return dict(zip(parts, cells, strict=True))


def _offending_records(ctx: RunContext) -> tuple[Part, ...]:
    """Return the records that the failing checks name, as the run has saved them."""
    path = ctx.folder.diagnostics / "offending_records.json"
    if not path.exists():
        return ()
    found: Mapping[str, Any] = read_json(path)
    tables = [
        Table.of(name, rows)
        for name, rows in (found.get("tables") or {}).items()
        if isinstance(rows, list) and rows and isinstance(rows[0], Mapping)
    ]
    if not tables:
        return ()
    return (Part("What the tables hold of the records that these checks name", tables=tuple(tables), folded=False),)


def _checks(results: Mapping[str, StageResult]) -> list[CheckResult]:
    return [check for result in results.values() for check in result.checks]


def _layer_row(layer: str, checks: Sequence[CheckResult]) -> dict[str, Any]:
    by_status = {status: [check.name for check in checks if check.status is status] for status in Status}
    wrong = [*by_status[Status.FAILED], *by_status[Status.ERRORED]]
    return {
        "layer": layer,
        "status": _status(by_status, checks),
        "checks": len(checks),
        "passed": len(by_status[Status.PASSED]),
        "failed": len(by_status[Status.FAILED]),
        "errored": len(by_status[Status.ERRORED]),
        "skipped": len(by_status[Status.SKIPPED]),
        "first_wrong": wrong[0] if wrong else "",
    }


def _status(by_status: Mapping[Status, Sequence[str]], checks: Sequence[CheckResult]) -> str:
    order: Iterable[Status] = (Status.FAILED, Status.ERRORED, Status.PASSED, Status.SKIPPED)
    return next((status.value for status in order if by_status[status]), "no check" if not checks else "")


def _facts(run: OpenedRun) -> list[dict[str, str]]:
    summary = run.summary
    window, stack = summary["window"], summary["stack"]
    facts = {
        "Run": summary["run_id"],
        "Pack and mode": f"{run.ctx.pack.title} ({summary['pack']}), {summary['mode']}",
        "Window (UTC)": f"{window['from_ts']} to {window['to_ts']}",
        "Stack": f"{stack['name']}, processor {stack['processor']}",
        "Started (UTC)": summary["started_at"],
        "Took": duration(summary["duration_sec"]),
        "Commit": summary["git_commit"] or "unknown",
        "Rows": run.rows.source,
    }
    return [{"fact": name, "value": str(found)} for name, found in facts.items()]
