"""Expected rows of the silver and session tables, one hand-made case for each rule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from packs.livepeer.oracle import expected_sessions


class _PlainLoader(yaml.SafeLoader):
    """Leaves times and dates as the text that the rows hold."""


_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


CASES = yaml.load((Path(__file__).parent / "rows.yaml").read_text(encoding="utf-8"), _PlainLoader)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_rows_are_those_of_the_table(case, build_records, rows_of):
    found: dict[str, list[dict[str, Any]]] = {}
    for (table, *_), row in rows_of(build_records(case["events"])).items():
        found.setdefault(table, []).append(row)
    for table, wanted in case["expect"].items():
        rows = found.get(table, [])
        seen = rows if case.get("whole") else [_of(row, facts) for row, facts in zip(rows, wanted, strict=True)]
        assert seen == wanted


def _of(row: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in facts}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_processor_writes_the_same(case, build_records, find_differences):
    assert find_differences(build_records(case["events"]), flush_after=2) == []


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_session_rows_say_what_the_session_facts_say(case, build_records, rows_of):
    records = build_records(case["events"])
    facts = {row["workflow_session_id"]: row for row in expected_sessions(records)}
    rows = {key[1]: row for key, row in rows_of(records).items() if key[0] == "fact_workflow_sessions"}
    assert rows.keys() == facts.keys()
    for session, row in rows.items():
        shared = row.keys() & facts[session].keys()
        assert {name: row[name] or "" for name in shared} == {name: facts[session][name] or "" for name in shared}
