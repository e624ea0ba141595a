"""Every transition, through the whole lifecycle, from a table of cases."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.livepeer.fields import moment
from pipelines.livepeer.lifecycle import tables

from . import builders

SESSION_CASES = builders.cases("sessions")
STATEFUL = {
    "sessions": tables.SESSIONS,
    "segments": tables.SEGMENTS,
    "latency": tables.LATENCY,
    "updates": tables.PARAM_UPDATES,
    "coverage": tables.EDGE_COVERAGE,
}
SILVER = {"samples": tables.STATUS_SAMPLES, "edges": tables.TRACE_EDGES, "ingest": tables.INGEST_SAMPLES}


def observed(warehouse: builders.Warehouse, short_name: str) -> list[dict[str, Any]]:
    if short_name in STATEFUL:
        return warehouse.latest(STATEFUL[short_name])
    columns = tables.COLUMNS[SILVER[short_name]]
    rows = [dict(zip(columns, row, strict=True)) for table, row in warehouse.silver if table == SILVER[short_name]]
    return sorted(rows, key=lambda row: row["source_event_uid"])


def wanted(row: dict[str, Any]) -> dict[str, Any]:
    """Return an expected row with its times in the warehouse's form."""
    return {
        name: moment(builders.ms(value)) if name.endswith("_ts") and value is not None else value
        for name, value in row.items()
    }


@pytest.mark.parametrize("case", SESSION_CASES, ids=[case["name"] for case in SESSION_CASES])
def test_session(case: dict[str, Any]) -> None:
    snapshots, signals = builders.inputs(case)
    runs = {
        "in order": builders.run([*snapshots, *signals]),
        "reversed": builders.run(snapshots, reversed(signals)),
        "one by one": builders.run(snapshots, *([signal] for signal in signals)),
        "one by one, reversed": builders.run(snapshots, *([signal] for signal in reversed(signals))),
    }
    for name, warehouse in runs.items():
        for table, rows in case["expect"].items():
            found = observed(warehouse, table)
            seen = [{column: row[column] for column in want} for want, row in zip(rows, found, strict=True)]
            assert seen == [wanted(row) for row in rows], (name, table)
