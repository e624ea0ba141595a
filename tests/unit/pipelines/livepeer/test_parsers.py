"""The parsers as a table of cases, through the whole core."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from pipelines.livepeer.catalogue import CATALOGUE_VERSION, describe
from pipelines.livepeer.lifecycle.tables import SILVER_TABLES
from pipelines.livepeer.parsers import FAMILIES
from pipelines.livepeer.tables import COLUMNS

from . import samples


@pytest.mark.parametrize("case", samples.cases("parsers"), ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    event = samples.event(case["family"], case.get("set"), case.get("without"))

    outcome = samples.processor().process(samples.record(event), samples.NOW_MS)

    if "fails" in case:
        assert outcome.disposition == "dlq"
        reject = samples.rows(outcome, "streaming_events_dlq")[0]
        assert (reject["failure_class"], reject["failure_stage"], reject["failure_reason"]) == (
            "PARSING_FAILED",
            "PARSE",
            "parse_exception",
        )
        assert case["fails"] in reject["failure_details"]
        return
    assert outcome.disposition == "accepted"
    rows = samples.rows(outcome, case["table"])
    seen = [{name: row[name] for name in expected} for row, expected in zip(rows, case["rows"], strict=True)]
    assert seen == case["rows"]


@pytest.mark.parametrize("family", FAMILIES)
def test_raw_json_is_the_received_text(family: str) -> None:
    text = orjson.dumps(samples.event(family)).decode().replace('":', '" :\t') + "\n"

    outcome = samples.processor().process(samples.record(text), samples.NOW_MS)

    assert outcome.disposition == "accepted"
    for table, line in outcome.rows:
        row = dict(zip(COLUMNS[table], orjson.loads(line), strict=True))
        if table in SILVER_TABLES:
            assert row["source_event_uid"] == samples.EVENTS[family]["id"]
            continue
        assert row["raw_event_uid"] == samples.EVENTS[family]["id"]
        if family not in ("network_capabilities", "discovery_results"):
            assert row["raw_json"] == text


def test_a_failing_capability_parser_leaves_the_other_three_alone() -> None:
    event = samples.event("network_capabilities", {"data.0.capabilities_prices.0.capability": 2**31})

    outcome = samples.processor().process(samples.record(event), samples.NOW_MS)

    written = samples.disposition(outcome)["rows_written"]
    assert outcome.disposition == "dlq"
    # The snapshots take the capability of their model, not the price's; the price table has a column for it.
    assert written == {
        "network_capabilities": 4,
        "network_capabilities_advertised": 3,
        "network_capabilities_model_constraints": 4,
        "streaming_events_dlq": 1,
    }


def test_each_failing_capability_parser_leaves_its_own_reject() -> None:
    event = samples.event("network_capabilities", {"data.0.capabilities": "none", "data.0.capabilities_prices": 5})

    outcome = samples.processor().process(samples.record(event), samples.NOW_MS)

    assert samples.disposition(outcome)["rows_written"] == {"streaming_events_dlq": 4}
    assert len(outcome.rejects) == 4


def test_the_catalogue_has_37_entries_in_the_groups_of_the_contract() -> None:
    groups = [describe(number).group for number in range(37)]

    assert groups == (
        ["transcoding"] * 4
        + ["storage"] * 3
        + ["transcoding"] * 5
        + ["auth", "deprecated"]
        + ["transcoding"] * 13
        + ["inference"] * 8
        + ["live-video", "inference"]
    )
    assert describe(37) == (37, "unknown", "unknown", CATALOGUE_VERSION)
    assert describe(None) == (None, "unknown", "unknown", CATALOGUE_VERSION)
