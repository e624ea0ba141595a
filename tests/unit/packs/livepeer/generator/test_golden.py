"""Every golden session is what its scenario says, read from its raw events."""

from __future__ import annotations

import pytest

FAMILIES = {
    "stream_trace", "ai_stream_status", "ai_stream_events", "stream_ingest_metrics",
    "network_capabilities", "discovery_results", "create_new_payment",
}  # fmt: skip
PLAYABLE, KNOWN = "gateway_receive_few_processed_segments", "gateway_receive_stream_request"


def mean_fps(session):
    fps = [status["inference_status"]["fps"] for status in session.of("ai_stream_status")]
    return sum(fps) / len(fps) if fps else 0.0


def wallets(session):
    """(proxy, url) -> canonical wallets, of every capability event in the session's file."""
    found = {}
    for payload in session.of("network_capabilities"):
        for one in payload if isinstance(payload, list) else [payload]:
            found.setdefault((one["local_address"].lower(), one["orch_uri"]), set()).add(one["address"].lower())
    return found


def orchestrators(session):
    """The canonical wallets that the session's signals lead to, each unambiguous by proxy and URL."""
    known, seen = wallets(session), set()
    for family in ("stream_trace", "ai_stream_status"):
        for data in session.of(family):
            info = data["orchestrator_info"]
            if info["address"]:
                (wallet,) = known[info["address"].lower(), info["url"]]
                seen.add(wallet)
    return seen


def updates(session):
    return [data for data in session.of("ai_stream_events") if data["type"] == "params_update"]


def test_there_are_at_least_two_sessions_of_each_scenario_and_all_families(golden):
    assert len(golden.sessions) >= 12
    assert all(len(golden.of(str(number))) >= 2 for number in range(1, 6))
    assert {row["type"] for session in golden.sessions for row, _ in session.events} == FAMILIES


def test_only_the_planted_dead_letter_and_duplicate_are_expected_to_be_rejected(golden):
    expected = {"dlq": {"create_new_payment": 1}, "quarantine": {"ai_stream_status": 1}, "ignored": {}}
    assert golden.manifest["expected"] == expected
    stated = [line for session in golden.sessions for line in session.lines if "__expect" in line]
    assert sorted(line["__expect"]["disposition"] for line in stated) == ["dlq", "quarantine"]
    assert not any("__raw" in line for session in golden.sessions for line in session.lines)


def test_capability_events_precede_every_session(golden):
    for session in golden.sessions:
        assert session.lines[0]["type"] == "network_capabilities"
        first_signal = min(int(row["timestamp"]) for row, _ in session.events if row["type"] == "stream_trace")
        assert int(session.lines[0]["timestamp"]) < first_signal


def test_clean_successes(golden):
    for session in golden.of("1"):
        assert {KNOWN, PLAYABLE} <= set(session.traces())
        assert "orchestrator_swap" not in session.traces()
        assert mean_fps(session) > 12
        assert len(orchestrators(session)) == 1
        assert not updates(session)


def test_failures_without_orchestrator(golden):
    for session in golden.of("2"):
        assert session.traces() == [KNOWN, "gateway_no_orchestrators_available", "gateway_ingest_stream_closed"]
        assert not session.of("ai_stream_status")


def test_swaps_with_and_without_a_swap_event(golden):
    with_event = 0
    for session in golden.of("3"):
        assert PLAYABLE in session.traces()
        assert len(orchestrators(session)) == 2
        assert not updates(session)
        with_event += "orchestrator_swap" in session.traces()
    assert 0 < with_event < len(golden.of("3"))


def test_parameter_updates(golden):
    for session in golden.of("4"):
        assert PLAYABLE in session.traces()
        assert "orchestrator_swap" not in session.traces()
        assert len(orchestrators(session)) == 1
        assert updates(session)
        assert all("message" not in update for update in updates(session))
        assert mean_fps(session) < 12


def test_everything_else_is_of_no_other_scenario(golden):
    for session in golden.of("5"):
        assert not {"orchestrator_swap", "gateway_no_orchestrators_available"} & set(session.traces())
        assert len(orchestrators(session)) <= 1
        assert not updates(session)
        assert not (PLAYABLE in session.traces() and mean_fps(session) > 12)


@pytest.mark.parametrize(("scenario", "milestones"), [("1", 7), ("2", 3), ("3", 9)])
def test_sessions_have_the_milestones_of_real_traffic(golden, scenario, milestones):
    assert milestones in {len(session.traces()) for session in golden.of(scenario)}


def test_the_quirks_of_real_traffic_are_there(golden):
    rows = [(row, data) for session in golden.sessions for row, data in session.events]
    skews = {
        None
        if "timestamp" not in data
        else (data["timestamp"] > row["timestamp"]) - (data["timestamp"] < row["timestamp"])
        for row, data in rows
        if row["type"] == "stream_trace"
    }
    assert skews == {None, -1, 0, 1}
    assert {type(row["timestamp"]) for row, _ in rows} == {int, str}
    assert {type(row["data"]) for row, _ in rows} == {str, dict}
    payments = [data["requestID"] for row, data in rows if row["type"] == "create_new_payment"]
    assert "" in payments
    assert any(payments)
    statuses = [data for row, data in rows if row["type"] == "ai_stream_status"]
    assert any(status["start_time"] is None for status in statuses)
    assert any(not session.of("ai_stream_status") for session in golden.of("5"))
    hosts = [
        one
        for row, data in rows
        if row["type"] == "network_capabilities"
        for one in (data if isinstance(data, list) else [data])
    ]
    assert any("hardware" not in one for one in hosts)
    assert any(len(one.get("hardware", ())) > 2 for one in hosts)
    assert any(one["address"] == one["local_address"] for one in hosts)


def test_one_proxy_serves_two_wallets_that_only_the_url_distinguishes(golden):
    by_proxy = {}
    for (proxy, _), found in wallets(golden.sessions[0]).items():
        by_proxy.setdefault(proxy, set()).update(found)
    assert max(map(len, by_proxy.values())) == 2
