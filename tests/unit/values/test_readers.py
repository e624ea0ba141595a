"""How the processor, the oracle, the ledger and the reader of fixture lines read a value: all by one table.

The fifth reader, ClickHouse's raw layer, needs an engine: tests/integration/sql/test_raw_ingest.py.
"""

from __future__ import annotations

import base64
import json

import pytest

from packs.livepeer.oracle.acceptance import accept
from pipelines.livepeer.core import Processor
from pipelines.livepeer.dedup import DedupState
from pipelines.livepeer.event import Record
from pipelines.livepeer.gate import QualityGate
from pipelines.livepeer.parsers.discovery import latency_ms
from pipelines.livepeer.reading import read_value
from pipelines.livepeer.tables import COLUMNS
from streamproof.fixtures.lines import BadLineError, parse_line
from streamproof.model.fixture import ReplayRules

from .table import CASES, LATENCIES, Case

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)


def millis(moment: str | None) -> int | None:
    """Return the warehouse's form of a time as Unix milliseconds."""
    return None if moment is None else int(moment.replace(".", ""))


@each_case
def test_the_processor(case: Case) -> None:
    processor = Processor(QualityGate(frozenset({"1"})), DedupState(1000), 1_000_000)
    outcome = processor.process(Record("t", 0, 0, 5, case.value), 1)
    row = dict(zip(COLUMNS["record_dispositions"], json.loads(outcome.disposition_row), strict=True))
    assert (row["event_id"], row["event_type"], millis(row["event_timestamp"])) == (case.id, case.type, case.time)
    assert (row["disposition"], row["reason"]) == (case.disposition, case.reason)


@each_case
def test_the_oracle(case: Case) -> None:
    event = accept(case.value)
    assert (event is not None) == (case.disposition == "accepted")
    if event is not None:
        assert (event.event_id, event.type, event.time) == (case.id, case.type, case.time)


@each_case
def test_the_ledger(case: Case) -> None:
    raw = None if case.value is None else {"base64": base64.b64encode(case.value).decode()}
    line = parse_line(json.dumps({"__raw": raw}).encode(), ReplayRules())
    assert (line.event_id, line.event_type, line.event_ms) == (case.id, case.type, case.time)
    assert line.value == case.value


@pytest.mark.parametrize("case", [case for case in CASES if case.data is not None], ids=lambda case: case.what)
def test_data_of_a_fixture_line_goes_out_byte_for_byte_or_is_refused(case: Case) -> None:
    row = {"id": "c1", "type": "stream_trace", "timestamp": 1781000000123, "gateway": "g", "data": case.data}
    if case.readable:
        assert parse_line(json.dumps(row).encode(), ReplayRules()).value == case.value
    else:
        with pytest.raises(BadLineError, match=r"data is not JSON that can be published as it stands .*__raw"):
            parse_line(json.dumps(row).encode(), ReplayRules())


@pytest.mark.parametrize("case", LATENCIES, ids=lambda case: case["json"])
def test_the_latency_of_a_discovery_result(case: dict) -> None:
    assert latency_ms(read_value(case["json"].encode())) == case["ms"]
