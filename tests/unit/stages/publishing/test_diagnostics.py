"""What a failed run leaves: offending records are found by name, and what cannot be had is said."""

from __future__ import annotations

import json
from typing import Any

import pytest

from streamproof.model.results import CheckResult, StageResult, Status
from streamproof.stages.publishing.diagnostics import collect_diagnostics, offending_places


def check(**diagnostics: Any) -> CheckResult:
    return CheckResult("conservation", "x", Status.FAILED, diagnostics=diagnostics)


@pytest.mark.parametrize(
    ("diagnostics", "places"),
    [
        ({"partition_offset_id": [[0, 17, "ab"], [2, 5, "cd"]]}, [(0, 17), (2, 5)]),
        ({"table_partition_offset_named_existing": [["t", 1, 9, 2, 0]]}, [(1, 9)]),
        ({"partition_offset_id": [[0, 17, "ab"], [0, 17, "ab"]], "offset_partition": [[17, 0]]}, [(0, 17)]),
        ({"partition_offset_id": [], "lost": 3, "offset": [[1, 2]], "partition_offset_rows": "none"}, []),
        ({"partition_offset_id": [[0], "ab", None, ["x", "y"]]}, []),
    ],
)
def test_offending_records_are_found_by_the_name_of_their_examples(diagnostics, places):
    assert offending_places([check(**diagnostics)]) == places


def test_what_cannot_be_had_is_named(planned):
    ctx = planned()
    failed = CheckResult("raw_typed", "lost", Status.FAILED, failed_rows=1, sessions=("a|1",))
    ctx.folder.write_stage(StageResult("assert_raw_typed", Status.FAILED, "", "", 0.1, checks=(failed,)))
    collect_diagnostics(ctx)
    kept = {path.name: json.loads(path.read_text()) for path in ctx.folder.diagnostics.rglob("*.json")}
    assert [check["name"] for check in kept["failing_checks.json"]] == ["lost"]
    assert "has not ended" in kept["offsets.json"]["not_collected"]
    assert "has no stack" in kept["rejected_records.json"]["not_collected"]
    assert kept["offending_records.json"] == {"records": 0, "shown": 0, "tables": {}}
    assert "has no stack" in kept["index.json"]["not_traced"]["a|1"]
