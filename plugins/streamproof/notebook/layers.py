"""The sections of the notebook that follow the data: trace, contracts, scenarios, and the pack's own sections."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from streamproof.model.entities.scenarios import is_mislabelled
from streamproof.notebook.opening import OpenedRun
from streamproof.notebook.shown import COMPACT_ROWS, Part, Table
from streamproof.report.formatting import count, duration

NOTHING = "This pack has none."


def ordered_trace(run: OpenedRun, *, debug: bool) -> tuple[Part, ...]:
    """Return the pack's trace queries in the order of the data flow, from raw records to what is served."""
    return tuple(_query(entry, debug=debug) for entry in run.rows.trace()) or (Part(text=(NOTHING,)),)


def pack_sections(run: OpenedRun, *, debug: bool) -> tuple[Part, ...]:
    """Return the sections that the pack adds, in its order: one part for each title."""
    grouped = groupby(run.rows.sections(), key=lambda entry: str(entry["title"]))
    parts = [
        Part(title, parts=tuple(_query(entry, debug=debug, always_open=True) for entry in entries))
        for title, entries in grouped
    ]
    return tuple(parts) or (Part(text=(NOTHING,)),)


def contracts(run: OpenedRun) -> tuple[Part, ...]:
    """Return how many expectations each table's contract has, and how many rows they were judged on."""
    result = run.results.get("contracts")
    tables: Mapping[str, Mapping[str, Any]] = result.details.get("tables") or {} if result else {}
    if not tables:
        return (Part(text=(NOTHING,)),)
    rows = [{"table": name, **facts} for name, facts in tables.items()]
    uncovered = [
        f"{layer}: {', '.join(without)}"
        for layer, names in run.ctx.pack.layers.items()
        if (without := [name for name in names if name not in tables])
    ]
    text = ["A contract that was judged on 0 rows says nothing about the data."]
    if uncovered:
        text.append("Tables and views without a contract are judged by the other suites only. " + "; ".join(uncovered))
    return (Part(text=tuple(text), tables=(Table.of("Contracts by table", rows),)),)


def scenarios(run: OpenedRun, *, debug: bool) -> tuple[Part, ...]:
    """Return expected and observed scenarios of the entities, those outside all scenarios, and what discovery found."""
    found = [_query(entry, debug=debug) for entry in run.rows.scenarios()]
    parts = [*_expected_and_observed(run), *found]
    return tuple(parts) or (Part(text=(NOTHING,)),)


def _expected_and_observed(run: OpenedRun) -> list[Part]:
    entities = run.ctx.pack.entities
    labelled = [entry for entry in run.entities if entry.get("scenario_expected") or entry.get("scenario_observed")]
    if entities is None or not labelled:
        return []
    pairs = Counter((entry["scenario_expected"] or "", entry["scenario_observed"] or "") for entry in labelled)
    rows = [
        {"expected": expected or "(none)", "observed": observed or "(none)", entities.plural: times}
        for (expected, observed), times in sorted(pairs.items())
    ]
    outside = [entry for entry in run.entities if not entry.get("scenario_observed")]
    others = [entry for entry in labelled if entry["scenario_observed"] and _is_mislabelled(entry)]
    lost = [entry for entry in outside if _is_mislabelled(entry)]
    text = [
        f"{count(len(others), entities.name)} in another scenario than expected, "
        f"{len(outside):,} outside all scenarios{f', {len(lost):,} of them expected in one' if lost else ''}."
    ]
    tables = [Table.of("Expected and observed", rows)]
    for caption, entries in (("In another scenario than expected", others), ("Fallout: outside all", outside)):
        if entries:
            shown = [_brief(entry, entities.id) for entry in entries]
            tables.append(Table.of(caption, shown).cut(COMPACT_ROWS))
    return [Part(text=tuple(text), tables=tuple(tables), tone="bad" if others or lost else "")]


def _is_mislabelled(entry: Mapping[str, Any]) -> bool:
    return is_mislabelled(entry.get("scenario_expected"), entry.get("scenario_observed"))


def _brief(entry: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: entry.get(name) for name in (key, "scenario_expected", "scenario_observed")}


def _query(entry: Mapping[str, Any], *, debug: bool, always_open: bool = False) -> Part:
    """Return one query's rows. In compact mode a query without an error is folded, and shows its first rows."""
    text = [str(entry["guidance"])] if entry.get("guidance") else []
    if entry["error"]:
        text.append(f"The query cannot be run: {entry['error']}")
    if entry["skipped"]:
        text.append(f"Skipped: it needs {entry['skipped']}.")
    rows: Sequence[Mapping[str, Any]] = entry["rows"]
    table = Table.of(str(entry["name"]), rows, total=entry.get("total_rows") or 0, bars=entry.get("bars") or ())
    if debug:
        text.append(f"{entry.get('source_file', '')}, {duration(entry.get('duration_sec', 0.0))}")
    is_open = debug or always_open or bool(entry["error"])
    return Part(
        "" if always_open else f"{entry['name']}: {table.note}",
        tuple(text),
        () if entry["error"] or entry["skipped"] else (table.cut(None if debug else COMPACT_ROWS),),
        folded=None if always_open else not is_open,
        tone="poor" if entry["error"] else "",
    )
