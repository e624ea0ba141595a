"""The oracle's rows and the processor's, which share nothing, column by column: on fixture sets and made-up events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from packs.livepeer.generator import generate_load
from streamproof.fixtures.ordering import plan_replay
from streamproof.packs.loading import load_pack

DAY = 86_400_000


@pytest.fixture(scope="session")
def read_set(home):
    """The function that reads a fixture set as its records in the order of publishing."""
    rules = load_pack(home, "livepeer").replay

    def read(manifest: Path) -> list[tuple[int, bytes | None]]:
        return [(sequence, value) for sequence, (_, value) in enumerate(plan_replay(manifest, rules).records())]

    return read


@pytest.mark.parametrize("flush_after", [7, 1 << 62])
@pytest.mark.parametrize("name", ["golden", "hostile"])
def test_they_agree_on_the_committed_sets(name, flush_after, home, read_set, find_differences):
    records = read_set(home / "include/fixtures/livepeer" / name / "manifest.json")
    assert find_differences(records, flush_after) == []


def test_a_row_has_every_column_of_its_table(home, read_set, rows_of):
    columns = json.loads((home / "include/sql/livepeer/expected_columns.json").read_text(encoding="utf-8"))
    rows = rows_of(read_set(home / "include/fixtures/livepeer/golden/manifest.json"))
    assert len({table for table, *_ in rows}) == 8
    for (table, *_), row in rows.items():
        assert set(row) == columns[table].keys() - {"ingestion_timestamp", "version"}


@pytest.mark.parametrize("seed", [1, 2])
def test_they_agree_on_a_generated_set(seed, tmp_path, read_set, rows_of, find_differences):
    records = read_set(generate_load(3_000, tmp_path / "load", seed))
    assert len(rows_of(records)) > 3_000
    assert find_differences(records, 250) == []


# Around the edges of the skew and of a snapshot's lifetime, and often at equal times.
times = st.builds(
    lambda near, slack: near + slack, st.sampled_from([0, 0, 0, 1000, 1001, DAY, DAY + 1, 2 * DAY]), st.integers(0, 3)
)
urls = st.sampled_from(["https://a:1", "HTTPS://A:1/", "https://b:1", "https://B:1/", "https://c:1", ""])
wallets = st.sampled_from(["0xp1", "0xP1", "0xp2", "0xcanon2", ""])
models = st.sampled_from(["m1", "m2", "M1", " m1 ", "live-video"])
pipelines = st.sampled_from(["live-video", "other", "", "M1"])
common = {
    "t": times,
    "stream": st.sampled_from(["s1", "s1", "s2"]),
    "by": st.lists(wallets, min_size=1, max_size=1).flatmap(lambda by: urls.map(lambda url: [*by, url])),
    "envelope": st.sampled_from([{}, {"gateway": ""}, {"gateway": "gw-2"}, {"gateway": None}, {"gateway": 5}]),
}
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
                "orchestrator_swap",
                "runner_receive_first_ingest_segment",
                "app_x",
                "gateway",
                "runners_x",
            ]
        ),
        "own": times,
        **common,
    }
)
states: list[dict[str, Any]] = [
    {},
    {"state": "LOADING"},
    {"state": " loading "},
    {"state": "ONLINE", "start_time": 1_781_000_000_000 - 5000},
    {"inference_status": {"fps": 0.1, "last_error": "boom"}, "input_status": {"fps": 3}},
    {"inference_status": {"fps": 0, "last_error": " "}},
    {"inference_status": {"fps": -1.5, "last_error": {"code": [1, "ü"]}}},
]
statuses = st.fixed_dictionaries(
    {"status": st.integers(0, 2), "model": models, "data": st.sampled_from(states), **common}
)
notices = st.fixed_dictionaries(
    {
        "event": st.sampled_from(["error", "Error", "params_update", " Params_Update "]),
        "message": st.sampled_from(["boom", "Missing video", None, {"why": "missing video"}]),
        "model": models,
        **common,
    }
)
ingests = st.fixed_dictionaries(
    {
        "family": st.just("stream_ingest_metrics"),
        "t": times,
        "payload": st.fixed_dictionaries(
            {
                "stream_id": st.sampled_from(["s1", " s1 "]),
                "request_id": st.just("req-1"),
                "stats": st.fixed_dictionaries(
                    {
                        "conn_quality": st.sampled_from(["good", None]),
                        "peer_conn_stats": st.sampled_from([None, {"BytesReceived": 5, "BytesSent": 1 << 63}]),
                        "track_stats": st.lists(
                            st.fixed_dictionaries(
                                {
                                    "type": st.sampled_from(["video", "audio", "data"]),
                                    "jitter": st.sampled_from([1, 0.25, None]),
                                    "latency": st.sampled_from([2, 0.5]),
                                }
                            ),
                            max_size=3,
                        ),
                    }
                ),
            }
        ),
    }
)
gpus = st.sampled_from(
    [{}, {"0": {}}, {"0": {"id": "G1"}}, {"0": {"id": "G2"}}, {"0": {"id": "G1"}, "1": {"id": "G2"}}]
)
hardware = st.fixed_dictionaries(
    {"model_id": st.sampled_from(["m1", "m2", "M1", ""]), "pipeline": pipelines, "gpu_info": gpus}
)
offers = st.fixed_dictionaries(
    {
        "address": st.sampled_from(["0xcanon1", "0xCanon2", ""]),
        "local_address": st.sampled_from(["0xp1", "0xp2"]),
        "orch_uri": urls,
        "hardware": st.lists(hardware, max_size=2),
        "capabilities": st.lists(st.sampled_from(["m1", "m2"]), max_size=2).map(
            lambda names: {"constraints": {"PerCapability": {"35": {"models": {name: {} for name in names}}}}}
        ),
    }
)
capabilities = st.fixed_dictionaries(
    {"family": st.just("network_capabilities"), "t": times, "payload": st.lists(offers, min_size=1, max_size=3)}
)


@settings(max_examples=400)
@given(
    events=st.lists(st.one_of(capabilities, traces, statuses, notices, ingests), max_size=16),
    order=st.sampled_from(["event time", "capabilities first", "as it comes"]),
    flush_after=st.sampled_from([1, 3, 100]),
)
def test_they_agree_on_any_events_in_any_order_written_in_any_batches(
    events, order, flush_after, build_records, find_differences
):
    if order != "as it comes":
        in_time = order == "event time"
        events = sorted(
            events, key=lambda spec: (spec["t"] if in_time else 0, spec.get("family") != "network_capabilities")
        )
    assert find_differences(build_records(events), flush_after) == []
