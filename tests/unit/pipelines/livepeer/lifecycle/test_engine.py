"""What a runner relies on: rows that fit the tables, versions, expiry, state, bounds, and the real parsers' rows."""

from __future__ import annotations

import orjson
import pytest

from pipelines.livepeer.event import Event, Record
from pipelines.livepeer.fields import moment
from pipelines.livepeer.gate import QualityGate
from pipelines.livepeer.identity import event_uid
from pipelines.livepeer.lifecycle import tables
from pipelines.livepeer.lifecycle.engine import Lifecycle
from pipelines.livepeer.lifecycle.outcome import Outcome
from pipelines.livepeer.lifecycle.rules import Rules
from pipelines.livepeer.lifecycle.state import StateError
from pipelines.livepeer.parsers import FAMILIES

from . import builders

HOUR = 3_600_000
CAPABILITY = builders.capability(-9, proxy="p", wallet="A", url="u", model="X", gpu="g")


def status(at: float, uid: str, **values: object) -> builders.Typed:
    return builders.signal(at, uid, status="ONLINE", model="X", wallet="p", url="u", **values)


def test_tables_without_sessions_are_passed_over() -> None:
    lifecycle = Lifecycle()
    assert lifecycle.apply("payment_events", ("anything",), "gw") is None
    assert lifecycle.flush(0) == {}
    assert lifecycle.session_count == 0


def test_one_flush_writes_a_session_once_and_the_next_nothing() -> None:
    lifecycle = Lifecycle()
    for number in range(5):
        lifecycle.apply(*status(number, f"e{number}"))
    written = lifecycle.flush(0)
    assert {table: len(rows) for table, rows in written.items()} == {
        tables.SESSIONS: 1,
        tables.SEGMENTS: 1,
        tables.LATENCY: 1,
        tables.EDGE_COVERAGE: 5,
    }
    assert lifecycle.flush(1) == {}


def test_a_late_signal_rewrites_only_what_comes_after_it() -> None:
    lifecycle = Lifecycle()
    for number in range(10):
        lifecycle.apply(*status(number, f"e{number}"))
    lifecycle.flush(0)
    lifecycle.apply(*status(7.5, "late"))
    coverage = lifecycle.flush(0)[tables.EDGE_COVERAGE]
    uid = tables.COLUMNS[tables.EDGE_COVERAGE].index("source_event_uid")
    assert [row[uid] for row in coverage] == ["late", "e8", "e9"]


def test_a_signal_that_is_taken_back_leaves_no_trace() -> None:
    lifecycle, other = Lifecycle(keep_changes=True), Lifecycle(keep_changes=True)
    for one in (lifecycle, other):
        builders.feed(one, builders.Warehouse(), [CAPABILITY, status(0, "a")])
    for item in (status(1, "b"), status(2, "new", stream="t"), builders.signal(3, "c", ingest="x")):
        lifecycle.apply(*item)
        lifecycle.retract()
    lifecycle.retract()
    for one in (lifecycle, other):
        one.apply(*status(4, "d"))
    assert lifecycle.session_count == 1
    assert lifecycle.flush(0) == other.flush(0)
    assert lifecycle.snapshot() == other.snapshot()


def test_versions_are_numbers_of_signals_over_a_base() -> None:
    assert builders.run([status(0, "a")], [status(1, "b"), status(2, "c")]).versions == {"s|r": [1, 3]}
    later = builders.run([status(0, "a")], lifecycle=Lifecycle(base_version=1_000))
    assert later.versions == {"s|r": [1_001]}


def test_a_session_that_expired_comes_back_with_a_greater_version() -> None:
    lifecycle, warehouse = Lifecycle(Rules(session_ttl_ms=HOUR), keep_changes=True), builders.Warehouse()
    saved = lifecycle.snapshot()
    builders.feed(lifecycle, warehouse, [status(number, f"e{number}") for number in range(5)], now_ms=0)
    builders.feed(lifecycle, warehouse, [status(0, "other", stream="t")], now_ms=HOUR // 2)
    assert lifecycle.expire(HOUR - 1) == 0
    assert lifecycle.expire(HOUR) == 1
    assert lifecycle.session_count == 1
    lifecycle = Lifecycle.restore(saved, [lifecycle.changes()], Rules(session_ttl_ms=HOUR))
    assert lifecycle.session_count == 1
    builders.feed(lifecycle, warehouse, [status(9, "e9")], now_ms=HOUR)
    assert warehouse.versions["s|r"] == [5, 6]


def test_expiry_goes_by_the_latest_signal() -> None:
    lifecycle = Lifecycle(Rules(session_ttl_ms=HOUR))
    for stream, now_ms in (("a", 0), ("b", 1), ("a", 2)):
        builders.feed(lifecycle, builders.Warehouse(), [status(now_ms, f"e{now_ms}", stream=stream)], now_ms=now_ms)
    restored = Lifecycle.restore(lifecycle.snapshot(), (), Rules(session_ttl_ms=HOUR))
    for one in (lifecycle, restored):
        assert [one.expire(HOUR), one.expire(HOUR + 1), one.expire(HOUR + 2)] == [0, 1, 1]


def test_state_is_not_taken_while_rows_are_pending() -> None:
    lifecycle = Lifecycle()
    lifecycle.apply(*status(0, "a"))
    for take in (lifecycle.snapshot, lifecycle.changes, lambda: lifecycle.expire(0)):
        with pytest.raises(StateError, match="1 sessions have signals") as caught:
            take()
        assert "flush" in caught.value.hint


def test_changes_that_were_not_collected_are_no_empty_changes() -> None:
    with pytest.raises(StateError, match="not collected"):
        Lifecycle().changes()


def test_changes_are_small_and_taken_once() -> None:
    lifecycle = Lifecycle(keep_changes=True)
    builders.feed(
        lifecycle, builders.Warehouse(), [CAPABILITY, *(status(number, f"e{number}") for number in range(99))]
    )
    everything = lifecycle.changes()
    whole, nothing = lifecycle.snapshot(), lifecycle.changes()
    builders.feed(lifecycle, builders.Warehouse(), [status(100, "e100")])
    change = lifecycle.changes()
    assert len(nothing) < len(change) < len(everything) / 5
    assert Lifecycle.restore(whole, [nothing, change]).snapshot() == lifecycle.snapshot()


def damaged() -> list[bytes]:
    state = builders_state()
    header, _, body = state.partition(b"\n")
    other = orjson.loads(header)
    return [
        b"",
        b"\xff",
        state[:-1],
        header + b"\n" + body[:-1] + bytes([body[-1] ^ 1]),
        orjson.dumps({**other, "version": 1}) + b"\n" + body,
        orjson.dumps({**other, "kind": "changes"}) + b"\n" + body,
    ]


def builders_state() -> bytes:
    lifecycle = Lifecycle()
    builders.feed(lifecycle, builders.Warehouse(), [CAPABILITY, status(0, "e0")])
    return lifecycle.snapshot()


@pytest.mark.parametrize("state", damaged(), ids=["empty", "no JSON", "cut", "altered", "other version", "other kind"])
def test_damaged_state_is_refused(state: bytes) -> None:
    with pytest.raises(StateError, match="cannot be used") as caught:
        Lifecycle.restore(state)
    assert "base version" in caught.value.hint


def test_attribution_coverage_can_be_observed() -> None:
    lifecycle = Lifecycle()
    beyond = builders.capability(-90_000, proxy="o", wallet="O", url="o", model="X")
    clash = [builders.capability(-9, proxy="m", wallet=wallet, url=f"u{wallet}", model="X") for wallet in "MN"]
    wallets = ["p", "p", "z", "", "o", "m"]
    found = [
        builders.signal(1, f"e{place}", status="ONLINE", model="X", wallet=wallet)
        for place, wallet in enumerate(wallets)
    ]
    builders.feed(lifecycle, builders.Warehouse(), [CAPABILITY, beyond, *clash, *found])
    assert lifecycle.reasons == {
        "matched": 2,
        "missing_candidate": 1,
        "no_wallet": 1,
        "stale_candidate": 1,
        "ambiguous_candidates": 1,
    }


def test_a_flapping_session_has_a_bounded_number_of_segments() -> None:
    other = builders.capability(-9, proxy="q", wallet="B", url="v", model="X")
    flapping = [
        builders.signal(number, f"e{number:03d}", status="ONLINE", model="X", wallet=wallet, url=url)
        for number, (wallet, url) in enumerate([("p", "u"), ("q", "v")] * 20)
    ]
    warehouse = builders.run([CAPABILITY, other, *flapping], lifecycle=Lifecycle(Rules(most_segments=5)))
    segments = warehouse.latest(tables.SEGMENTS)
    assert [row["segment_index"] for row in segments] == [0, 1, 2, 3, 4]
    assert segments[-1]["orchestrator_address"] == "A"
    assert segments[-1]["source_event_uid"] == "e039"
    assert warehouse.latest(tables.SESSIONS)[0]["inferred_orchestrator_change_count"] == 1


def test_counters_never_exceed_their_columns() -> None:
    outcome = Outcome()
    outcome.abandoned = 65_536
    assert outcome.confirmed_swaps == 65_535


def parsed(offset: int, family: str, time_ms: int, data: object) -> list[builders.Typed]:
    """Return what gate and parsers make of an event, as a runner hands it on."""
    value = {"id": f"e{offset}", "type": family, "timestamp": str(time_ms), "gateway": "gw-north", "data": data}
    event = Event(Record("events", 0, offset, time_ms, orjson.dumps(value)))
    assert QualityGate(frozenset({"1"})).judge(event) is None
    event.uid, event.when = event_uid(event.event_id, event.text or ""), moment(time_ms)
    return [(table, row, "gw-north") for table, parse in FAMILIES[family] for row in parse(event)]


def test_rows_of_the_real_parsers() -> None:
    at = builders.T0
    ids = {"stream_id": "demo-17", "request_id": "c0ffee"}
    where = {"orchestrator_info": {"address": " 0xAbC1 ", "url": "https://orch-a.example:8935"}}
    orchestrator = {
        "address": "0xCaNoN1",
        "local_address": "0xABC1",
        "orch_uri": "https://orch-a.example:8935",
        "hardware": [{"pipeline": "live-video-to-video", "model_id": "imagine-xl", "gpu_info": {"0": {"id": "GPU-1"}}}],
    }
    items = [
        parsed(0, "network_capabilities", at - 1000, [orchestrator]),
        parsed(1, "stream_trace", at, {**ids, "type": "gateway_receive_stream_request", "timestamp": at - 2}),
        parsed(2, "ai_stream_status", at + 10, {**ids, **where, "pipeline": "imagine-xl", "state": "ONLINE"}),
        parsed(3, "ai_stream_events", at + 20, {**ids, "pipeline": "imagine-xl", "type": "params_update"}),
        parsed(4, "stream_ingest_metrics", at + 30, {**ids, "stats": {"conn_quality": "good"}}),
    ]
    warehouse = builders.run([item for found in items for item in found])
    session = warehouse.latest(tables.SESSIONS)[0]
    assert session["workflow_session_id"] == "demo-17|c0ffee"
    assert session["session_start_ts"] == moment(at - 2)
    assert (session["gateway"], session["orchestrator_address"]) == ("gw-north", "0xcanon1")
    assert (session["pipeline"], session["model_id"], session["gpu_id"]) == (
        "live-video-to-video",
        "imagine-xl",
        "GPU-1",
    )
    assert warehouse.latest(tables.PARAM_UPDATES)[0]["gpu_id"] == "GPU-1"
    assert [(table, row[-4:]) for table, row in warehouse.silver] == [
        (tables.TRACE_EDGES, ("e1", "events", 0, 1)),
        (tables.STATUS_SAMPLES, ("e2", "events", 0, 2)),
        (tables.INGEST_SAMPLES, ("e4", "events", 0, 4)),
    ]


def test_every_row_has_the_columns_of_its_table() -> None:
    warehouse, lifecycle = builders.Warehouse(), Lifecycle()
    builders.feed(
        lifecycle, warehouse, [status(0, "a"), builders.signal(1, "b", trace="t"), builders.signal(2, "c", ingest="x")]
    )
    builders.feed(lifecycle, warehouse, [builders.signal(3, "d", notice="params_update")])
    for table, row in warehouse.silver:
        assert len(row) == len(tables.COLUMNS[table])
    # `Warehouse.write` compares the widths of the others.
    assert all(warehouse.latest(table) for table in tables.STATEFUL_TABLES)
    assert tables.COLUMNS.keys() == {*tables.SILVER_TABLES, *tables.STATEFUL_TABLES}
