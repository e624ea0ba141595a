"""Random sessions: neither order nor batches nor restarts nor duplicates change a result, and the invariants hold."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.livepeer.lifecycle import rules, segments, tables
from pipelines.livepeer.lifecycle.engine import Lifecycle

from . import builders

TRACES = (
    rules.STREAM_REQUEST,
    rules.FIRST_PROCESSED,
    rules.FEW_PROCESSED,
    rules.NO_ORCHESTRATORS,
    rules.SWAP,
    rules.CLOSED,
    "runner_send_first_processed_segment",
)
SECONDS = st.integers(0, 30)
MODELS = st.sampled_from(["", "X", "x", "Y"])
PLACES = st.sampled_from([("", ""), ("p", "u"), ("p", "v"), ("p", ""), ("q", "w"), ("A", "u"), ("z", "u")])


@st.composite
def capabilities(draw: st.DrawFn) -> list[builders.Typed]:
    """Draw snapshots; p serves A and B from two hosts, q serves B or C."""
    owners = st.sampled_from([("p", "A", "u"), ("p", "B", "v"), ("q", "B", "w"), ("q", "C", "w"), ("", "A", "u")])
    found = []
    for _ in range(draw(st.integers(0, 6))):
        proxy, wallet, url = draw(owners)
        at = draw(st.sampled_from([-90_000, -60, -5, 0, 3, 20]))
        details = {"model": draw(MODELS), "gpu": draw(st.sampled_from([None, "g", "h"]))}
        pipeline = draw(st.sampled_from(["live", "", "X"]))
        found.append(builders.capability(at, proxy=proxy, wallet=wallet, url=url, pipeline=pipeline, **details))
    return found


@st.composite
def signals(draw: st.DrawFn, most: int = 14) -> list[builders.Typed]:
    """Draw the signals of up to three sessions, each with a lineage id of its own."""
    found = []
    for number in range(draw(st.integers(1, most))):
        wallet, url = draw(PLACES)
        values: dict[str, Any] = {
            "gateway": draw(st.sampled_from(["", "gw", "gx"])),
            "request": draw(st.sampled_from("rrrst")),
        }
        kind = draw(st.sampled_from(["trace", "trace", "status", "status", "notice", "ingest"]))
        if kind == "trace":
            values |= {"trace": draw(st.sampled_from(TRACES)), "wallet": wallet, "url": url}
        elif kind == "status":
            values |= {
                "status": draw(st.sampled_from(["ONLINE", "LOADING"])),
                "model": draw(MODELS),
                "wallet": wallet,
                "url": url,
                "fps": draw(st.sampled_from([0, 7.5])),
                "start": draw(st.none() | st.integers(-50, 50)),
                "last_error": draw(st.sampled_from([None, "", "bad"])),
            }
        elif kind == "notice":
            values |= {
                "notice": draw(st.sampled_from(["error", "params_update", "other"])),
                "model": draw(MODELS),
                "message": draw(st.sampled_from(["", "boom", "user disconnected"])),
            }
        else:
            values["ingest"] = "good"
        found.append(builders.signal(draw(SECONDS), f"e{number:02d}", offset=number, **values))
    return found


def cut(draw: st.DrawFn, items: list[builders.Typed]) -> list[list[builders.Typed]]:
    """Cut a list into batches at random places; a batch may be empty."""
    places = sorted(draw(st.lists(st.integers(0, len(items)), max_size=6)))
    return [items[start:stop] for start, stop in zip([0, *places], [*places, len(items)], strict=True)]


@settings(max_examples=150, deadline=None)
@given(capabilities(), signals(), st.data())
def test_order_batches_restarts_and_duplicates_do_not_matter(snapshots, session, data) -> None:
    expected = builders.run([*snapshots, *session])
    most_open = data.draw(st.sampled_from([0, 4_000]))
    warehouse, lifecycle = builders.Warehouse(), Lifecycle(keep_changes=True, most_open=most_open)
    builders.feed(lifecycle, warehouse, data.draw(st.permutations(snapshots)))
    saved, parts = lifecycle.snapshot(), []
    for batch in cut(data.draw, data.draw(st.permutations(session))):
        builders.feed(lifecycle, warehouse, batch)
        step = data.draw(st.sampled_from(["go on", "save", "note", "restart", "lose a batch", "deliver again"]))
        if step == "save":
            saved, parts = lifecycle.snapshot(), []
        elif step != "go on":
            parts.append(lifecycle.changes())
        if step == "restart":
            before = lifecycle.snapshot()
            lifecycle = Lifecycle.restore(saved, parts, keep_changes=True)
            assert lifecycle.snapshot() == before
            saved, parts = before, []
        elif step == "lose a batch":
            # The rows were written, the state was not: the batch comes again, and its insert tokens drop its rows.
            lifecycle = Lifecycle.restore(saved, parts, keep_changes=True)
            builders.feed(lifecycle, builders.Warehouse(), batch)
        elif step == "deliver again":
            builders.feed(lifecycle, again := builders.Warehouse(), batch)
            assert all(not rows for name, rows in again.content().items() if name != "silver")
    assert warehouse.content() == expected.content()
    for versions in warehouse.versions.values():
        assert versions == sorted(set(versions))


@settings(max_examples=150, deadline=None)
@given(capabilities(), signals())
def test_invariants(snapshots, session) -> None:
    warehouse = builders.run(snapshots, session)
    sessions = {row["workflow_session_id"]: row for row in warehouse.latest(tables.SESSIONS)}
    for found in sessions.values():
        outcomes = found["startup_success"] + found["startup_excused"] + found["startup_unexcused"]
        assert outcomes == 1 if found["known_stream"] else found["startup_excused"] + found["startup_unexcused"] == 0
        assert found["session_start_ts"] <= found["session_end_ts"]
        assert found["excusable_error_count"] <= found["error_count"]
        assert found["swap_count"] == found["confirmed_swap_count"]
        assert 0 <= found["health_completeness_ratio"] <= 1
        assert found["orchestrator_address"] in {"", "A", "B", "C"}
        assert not found["pipeline"] or found["pipeline"].lower() != (found["model_id"] or "").lower()
    for row in warehouse.latest(tables.LATENCY):
        assert row["workflow_session_id"] in sessions
        for name in ("prompt_to_first_frame", "startup_time", "e2e_latency"):
            value = row[f"{name}_ms"]
            assert row[f"has_{name}"] == (value is not None)
            assert value is None or value >= 0
    for row in warehouse.latest(tables.PARAM_UPDATES):
        assert row["workflow_session_id"] in sessions
    check_segments(warehouse, sessions)


def check_segments(warehouse: builders.Warehouse, sessions: dict[str, builders.Named]) -> None:
    """Segments follow one another without a gap, and tell the same as their session."""
    by_session: dict[str, list[builders.Named]] = {}
    for row in warehouse.latest(tables.SEGMENTS):
        by_session.setdefault(row["workflow_session_id"], []).append(row)
    assert by_session.keys() == sessions.keys()
    for key, rows in by_session.items():
        assert [row["segment_index"] for row in rows] == list(range(len(rows)))
        for row, following in pairwise(rows):
            assert row["segment_end_ts"] == following["segment_start_ts"]
            assert row["orchestrator_address"] != following["orchestrator_address"]
            assert row["orchestrator_address"]
        assert all(row["segment_end_ts"] is None or row["segment_start_ts"] <= row["segment_end_ts"] for row in rows)
        distinct = {row["orchestrator_address"] for row in rows} - {""}
        last, found = rows[-1], sessions[key]
        assert found["inferred_orchestrator_change_count"] == max(0, len(distinct) - 1)
        for column in ("orchestrator_address", "gpu_id", "pipeline", "gpu_attribution_method"):
            assert last[column] == found[column]


@settings(max_examples=60, deadline=None)
@given(signals(most=40), st.data())
def test_going_back_in_a_long_session(session, data) -> None:
    """The same with copies of the fold so close together that late signals need them."""
    snapshots = [
        builders.capability(-9, proxy=proxy, wallet=wallet, url=url, model="X")
        for proxy, wallet, url in (("p", "A", "u"), ("p", "B", "v"), ("q", "C", "w"))
    ]
    expected = builders.run([*snapshots, *session])
    usual = segments.RewindableFold.STRIDE
    segments.RewindableFold.STRIDE = 3
    try:
        warehouse = builders.run(snapshots, *cut(data.draw, data.draw(st.permutations(session))))
    finally:
        segments.RewindableFold.STRIDE = usual
    assert warehouse.content() == expected.content()


@settings(max_examples=100, deadline=None)
@given(capabilities(), signals())
def test_event_time_order_and_capabilities_first_agree(snapshots, session) -> None:
    """A replay in event-time order sees what one with all capabilities first sees, but for the skew between clocks."""
    strict = rules.Rules(future_skew_ms=0)
    first = builders.run([*snapshots, *session], lifecycle=Lifecycle(strict))
    # Python's sort is stable: capability events stay first at equal times.
    in_order = sorted([*snapshots, *session], key=lambda item: item[1][0])
    assert builders.run(in_order, lifecycle=Lifecycle(strict)).content() == first.content()
