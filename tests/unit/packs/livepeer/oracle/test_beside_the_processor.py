"""The oracle and the processor's core, which share nothing, on the same made-up events: the same sessions."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from packs.livepeer.oracle import FIELDS, compare, expected_sessions
from packs.livepeer.oracle.values import iso
from pipelines.livepeer.core import Processor
from pipelines.livepeer.dedup import DedupState
from pipelines.livepeer.event import Record
from pipelines.livepeer.gate import QualityGate
from pipelines.livepeer.lifecycle import tables

COLUMNS = tables.COLUMNS[tables.SESSIONS]
SHARED = tuple(name for name in FIELDS if name in COLUMNS)
DAY = 86_400_000

# Around the edges of the skew and of a snapshot's lifetime, and often at equal times.
times = st.builds(
    lambda near, slack: near + slack, st.sampled_from([0, 0, 1000, 1001, DAY, DAY + 1, 2 * DAY]), st.integers(0, 3)
)
who = st.sampled_from(
    (
        ["", ""],
        ["0xp1", "https://a:1"],
        ["0xP1", "https://b:1/"],
        ["0xp2", ""],
        ["0xcanon2", "https://b:1"],
        ["0xp1", ""],
    )
)
models = st.sampled_from(["m1", "m2", "M1"])
common = {"t": times, "stream": st.sampled_from(["s1", "s2"]), "by": who}
traces = st.fixed_dictionaries(
    {
        "trace": st.sampled_from(
            [
                "gateway_receive_stream_request",
                "gateway_receive_first_processed_segment",
                "gateway_receive_few_processed_segments",
                "gateway_no_orchestrators_available",
                "gateway_ingest_stream_closed",
                "orchestrator_swap",
                "runner_receive_first_ingest_segment",
            ]
        ),
        "own": times,
        **common,
    }
)
statuses = st.fixed_dictionaries(
    {
        "status": st.integers(0, 30),
        "model": models,
        "data": st.sampled_from([{}, {"start_time": "1781000000000"}, {"start_time": 5}, {"input_status": 5}]),
        **common,
    }
)
notices = st.fixed_dictionaries(
    {
        "event": st.sampled_from(["error", "Error", "params_update"]),
        "message": st.sampled_from(["boom", "Missing video"]),
        "model": models,
        **common,
    }
)
offers = st.fixed_dictionaries(
    {
        "wallet": st.sampled_from(["0xcanon1", "0xCanon2", ""]),
        "proxy": st.sampled_from(["0xp1", "0xp2"]),
        "url": st.sampled_from(["https://a:1", "https://B:1/", ""]),
        "hardware": st.lists(st.sampled_from(["m1", "m2", "M1", ""]), max_size=2),
        "models": st.lists(models, max_size=2),
    }
)
capabilities = st.fixed_dictionaries({"offers": st.lists(offers, min_size=1, max_size=3), "t": times})


def processed(records: list[tuple[int, bytes | None]]) -> list[dict[str, Any]]:
    """Return the session rows that the processor makes of records, times as the oracle writes them."""
    processor = Processor(QualityGate(frozenset({"1", "v1"})), DedupState(DAY), 1_000_000)
    for sequence, value in records:
        processor.process(Record("events", 0, sequence, 0, value), 0)
    rows = processor.lifecycle.flush(0).get(tables.SESSIONS, [])
    return [
        {name: _readable(value) if name.endswith("_ts") else value for name, value in zip(COLUMNS, row, strict=True)}
        for row in rows
    ]


def _readable(moment: str | None) -> str | None:
    return None if moment is None else iso(int(moment.replace(".", "")))


@settings(max_examples=300, deadline=None)
@given(
    events=st.lists(st.one_of(traces, statuses, notices, capabilities), max_size=14),
    order=st.sampled_from(["event time", "capabilities first", "as it comes"]),
)
def test_they_agree_on_every_session_whatever_the_order_of_publishing(events, order, build_records):
    if order != "as it comes":
        in_time = order == "event time"
        events = sorted(events, key=lambda spec: (spec["t"] if in_time else 0, "offers" not in spec))
    records = build_records(events)
    assert compare(expected_sessions(records), processed(records), fields=SHARED) == []
