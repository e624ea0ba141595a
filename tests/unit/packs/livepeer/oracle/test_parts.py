"""Records that are judged part by part have the rows and sessions of all records judged at once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import orjson
import pytest

from packs.livepeer import oracle
from packs.livepeer.generator import generate_load
from streamproof.checks.oracle_parts import is_parted
from streamproof.checks.partitions import Links, divided
from streamproof.fixtures.ordering import plan_replay
from streamproof.packs.loading import load_pack

INCLUDE = Path(__file__).resolve().parents[5] / "include"


def records_of(manifest):
    plan = plan_replay(manifest, load_pack(INCLUDE.parent, "livepeer").replay)
    for sequence, (event, value) in enumerate(plan.records()):
        yield sequence, value, "input", sequence % 2, sequence // 2, event.publish_ms, "key", {}


@pytest.fixture(params=["golden", "hostile", "load"])
def records(request, tmp_path):
    if request.param == "load":
        return list(records_of(generate_load(400, tmp_path / "load")))
    return list(records_of(INCLUDE / "fixtures/livepeer" / request.param / "manifest.json"))


def counted(rows):
    return Counter((table, orjson.dumps(row, default=repr, option=orjson.OPT_SORT_KEYS)) for table, row in rows)


def test_parts_give_the_rows_and_sessions_of_the_whole(records):
    whole = oracle.Expectation(records)
    rows, sessions = counted(whole.rows()), whole.sessions()

    parts = divided((Links(*oracle.links(record[1])) for record in records), part_records=40)
    found, facts = Counter(), []
    for part in parts:
        expectation = oracle.PartExpectation([records[place] for place in part.records], part.context)
        found += counted(expectation.rows())
        facts += expectation.sessions()

    assert is_parted(oracle)
    assert len(parts) > 2
    assert found == rows
    assert oracle.joined(facts) == sessions


def test_copies_of_one_event_in_several_sessions_are_judged_together():
    value = b'{"id": "%s", "type": "stream_trace", "data": {"stream_id": "%s", "request_id": " r", "type": "x"}}'
    first, copy = oracle.links(value % (b"1", b"a")), oracle.links(value % (b"1", b"b"))
    sibling = oracle.links(value % (b"2", b" a "))

    assert set(first[0]) & set(copy[0]) == {"event 1"}
    assert set(first[0]) & set(sibling[0]) == {"session a|r"}


def test_an_event_without_an_id_has_the_key_of_its_content():
    one = oracle.links(b'{"type": "create_new_payment", "timestamp": 1, "data": {"a": 1}}')
    same = oracle.links(b'{"timestamp": 1, "type": "create_new_payment",  "data": {"a": 1}, "__replay": true}')

    assert one == same
    assert oracle.links(b"\xff") == oracle.links(None) == ((), False)
