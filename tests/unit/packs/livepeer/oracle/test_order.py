"""No order of publishing changes an answer, as long as capabilities come first and equal ids at equal times have equal
bodies. Without capabilities first only the attribution may change: a decision uses what was published before."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from packs.livepeer.oracle import FIELDS, compare, expected_sessions

SUBTYPES = (
    "gateway_receive_stream_request",
    "gateway_receive_first_processed_segment",
    "gateway_receive_few_processed_segments",
    "gateway_no_orchestrators_available",
    "gateway_ingest_stream_closed",
    "orchestrator_swap",
)
WALLETS = ([], ["", ""], ["0xp1", "https://a:1"], ["0xP1", "https://b:1"], ["0xp2", ""], ["0xcanon2", "https://b:1"])
MODELS = ("m1", "m2")

times = st.integers(0, 12)
common = {"t": times, "stream": st.sampled_from(["s1", "s2"]), "by": st.sampled_from(WALLETS)}
traces = st.fixed_dictionaries({"trace": st.sampled_from(SUBTYPES), "own": times, **common})
statuses = st.fixed_dictionaries({"status": st.integers(0, 30), "model": st.sampled_from(MODELS), **common})
errors = st.fixed_dictionaries(
    {
        "event": st.sampled_from(["error", "params_update"]),
        "message": st.sampled_from(["boom", "missing video"]),
        **common,
    }
)
offer = st.fixed_dictionaries(
    {
        "wallet": st.sampled_from(["0xcanon1", "0xcanon2"]),
        "proxy": st.sampled_from(["0xp1", "0xp2"]),
        "url": st.sampled_from(["https://a:1", "https://b:1"]),
        "hardware": st.lists(st.sampled_from(MODELS), max_size=2, unique=True),
    }
)
capabilities = st.fixed_dictionaries({"offers": st.lists(offer, max_size=3), "t": times})
events = st.lists(st.one_of(traces, statuses, errors, capabilities), max_size=14)
ATTRIBUTION = {"orchestrator_address", "model_id", "pipeline", "inferred_orchestrator_change_count"}
# A swap that was only inferred decides the scenario.
UNATTRIBUTED = tuple(name for name in FIELDS if name not in {*ATTRIBUTION, "scenarios", "scenario_observed"})


def capabilities_first(values):
    return sorted(values, key=lambda value: b'"network_capabilities"' not in value)


@settings(deadline=None)  # no test here judges by the clock
@given(events=events, data=st.data())
def test_a_permutation_and_a_second_delivery_of_everything_give_the_same_answer(events, data, build_records):
    values = [value for _, value in build_records(events)]
    expected = expected_sessions(enumerate(capabilities_first(values)))
    shuffled = data.draw(st.permutations(values + values))
    assert expected_sessions(enumerate(capabilities_first(shuffled))) == expected
    assert compare(expected, expected_sessions(enumerate(shuffled)), fields=UNATTRIBUTED) == []


@settings(deadline=None)  # no test here judges by the clock
@given(events=events, other=events, shift=st.sampled_from([-3_600_000, 0, 3_600_000]), data=st.data())
def test_near_duplicates_published_later_change_nothing(events, other, shift, data, build_records):
    values = [value for _, value in build_records(events)]
    # The same ids with other bodies, also at earlier times: the processor lets the first that arrives pass.
    late = [value for _, value in build_records([spec | {"t": spec["t"] + shift} for spec in other[: len(events)]])]
    places = [data.draw(st.integers(place + 1, len(values)), label="published before") for place in range(len(late))]
    mixed = [((place, 0), value) for place, value in enumerate(values)]
    mixed += [((place, -1), value) for place, value in zip(places, late, strict=True)]
    mixed.sort(key=lambda pair: pair[0])
    assert expected_sessions(enumerate(value for _, value in mixed)) == expected_sessions(enumerate(values))


@settings(deadline=None)  # no test here judges by the clock
@given(events=events)
def test_every_session_keeps_the_rules_that_hold_for_all(events, build_records):
    rows = expected_sessions(build_records(events))
    assert compare(rows, rows) == []
    for row in rows:
        outcomes = row["startup_excused"] + row["startup_unexcused"]
        assert outcomes + row["startup_success"] == 1 if row["known_stream"] else outcomes == 0
        assert row["orchestrator_address"] in ("", "0xcanon1", "0xcanon2")
        assert row["session_start_ts"] <= row["session_end_ts"]
        assert row["excusable_error_count"] <= row["error_count"] <= row["event_count"]
        assert not row["pipeline"] or row["pipeline"] != row["model_id"]
        assert row["scenarios"]
