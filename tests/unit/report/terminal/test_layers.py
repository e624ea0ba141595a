"""A session's trace in words."""

from __future__ import annotations

from typing import Any

from streamproof.report.terminal.layers import trace_text


def layer(name: str, rows: list[dict[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
    return {"layer": "raw", "name": name, "rows": rows or [], "error": None, "skipped": "", **changes}


TRACE = {
    "workflow_session_id": "strm-1|[bold]r1",
    "database": "sp_livepeer_run",
    "layers": [
        layer("01_raw_records", [{"at": f"2026-02-28T21:10:0{n}.000Z"} for n in range(3)]),
        layer("02_rejects"),
        layer("03_dispositions", skipped="record_dispositions, which only a run makes"),
        layer("09_samples", layer="silver", error="no such table [x]"),
    ],
}


def test_it_begins_with_the_rows_of_every_layer():
    lines = trace_text("Session strm-1|[bold]r1", TRACE, remarks=["Named by raw_typed.x"], max_rows=2).splitlines()
    assert lines[:4] == [
        "Named by raw_typed.x",
        "Session strm-1|[bold]r1  in sp_livepeer_run",
        "  raw       raw_records 3 · rejects 0 · dispositions skipped",
        "  silver    samples error",
    ]


def test_it_shows_rows_and_errors_and_passes_over_what_is_empty():
    text = trace_text("Session strm-1|[bold]r1", TRACE, max_rows=2)
    assert "01_raw_records  3 rows" in text
    assert "… the first 2 of 3 rows" in text
    assert "error no such table [x]" in text
    assert "02_rejects" not in text
