"""The pack's contracts on a real ClickHouse: they hold on both fixture sets. That each can fail: test_prove.py."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from streamproof.checks.contracts.files import load_contract, load_contracts
from streamproof.checks.contracts.validation import table_read, validate
from streamproof.model.errors import UsageError, WarehouseError
from streamproof.model.results import Status
from streamproof.warehouse.clickhouse.client import execute
from tests.support.databases import opened

pytestmark = pytest.mark.engine

INCLUDE = Path(__file__).resolve().parents[4] / "include"
FOLDER = INCLUDE / "contracts/livepeer"
CONTRACTS = load_contracts(FOLDER)
PARAMETERS = {
    "input_topics": ["run.streaming_events"],
    "from_ts": "2026-01-01 00:00:00.000",
    "to_ts": "2027-01-01 00:00:00.000",
}


def read_frame(client, contract, parameters):
    """The rows that a contract reads."""
    return opened(client).read_table(table_read(contract), parameters).frame


def contract_of(table):
    return next(contract for contract in CONTRACTS if contract.table == table)


@pytest.mark.parametrize("fixture_set", ["golden", "hostile"])
@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.table)
def test_holds_on_the_fixture_sets(contract, fixture_set, warehouse, request):
    client = warehouse.client(request.getfixturevalue(fixture_set))

    result = validate(opened(client), contract, PARAMETERS)

    assert result.rows > 0
    not_passed = {check.name: (check.status, check.diagnostics, check.error) for check in result.checks}
    assert {name: told for name, told in not_passed.items() if told[0] is not Status.PASSED} == {}
    assert result.document["success"] is True


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.table)
def test_batches_of_a_table_give_the_outcomes_of_the_whole(contract, warehouse, hostile):
    database = opened(warehouse.client(hostile))

    whole = validate(database, contract, PARAMETERS)
    parts = validate(database, contract, PARAMETERS, batch_rows=max(1, whole.rows // 3))

    assert parts.rows == whole.rows > 1
    assert [(check.name, check.status) for check in parts.checks] == [
        (check.name, check.status) for check in whole.checks
    ]
    assert parts.document == whole.document


def test_batches_have_the_rows_and_types_of_the_whole_table(warehouse, golden):
    contract = contract_of("ai_stream_status")
    database, read = opened(warehouse.client(golden)), table_read(contract)

    batches = [reading.frame for reading in database.read_batches(read, PARAMETERS, rows=11)]

    whole = database.read_table(read, PARAMETERS).frame
    assert [len(frame) for frame in batches[:-1]] == [11] * (len(batches) - 1)
    assert {tuple(frame.dtypes) for frame in batches} == {tuple(whole.dtypes)}
    joined = pd.concat(batches)
    assert list(joined.index) == list(range(len(whole)))
    # A query without an order may give its rows in any.
    first, second = (frame.sort_values("raw_event_uid", ignore_index=True) for frame in (joined, whole))
    pd.testing.assert_frame_equal(first, second)


def test_a_failed_check_names_rows_and_sessions(clone):
    contract = contract_of("ai_stream_status")
    client = clone.client
    execute(
        client,
        "ALTER TABLE ai_stream_status UPDATE output_fps = -5"
        " WHERE stream_id = (SELECT min(stream_id) FROM ai_stream_status)",
    )

    check = next(c for c in validate(opened(client), contract, PARAMETERS).checks if c.status is Status.FAILED)

    assert check.name == "ai_stream_status.column_values_to_be_between.output_fps"
    expected = client.query(
        "SELECT count(), groupUniqArray(concat(stream_id, '|', request_id)) FROM ai_stream_status WHERE output_fps < 0"
    ).result_rows[0]
    assert check.failed_rows == expected[0]
    assert sorted(check.sessions) == sorted(expected[1])
    assert check.diagnostics["rows"][0]["output_fps"] == -5.0
    assert check.diagnostics["expected"].keys() >= {"column"}
    assert "batch_id" not in check.diagnostics["expected"]
    [why] = [each.why for each in contract.checks if each.name == check.name]
    assert check.diagnostics["why"] == why
    assert check.meaning == " ".join(why.split())
    assert check.source_file.endswith("ai_stream_status.yaml")


def test_an_empty_table_is_skipped_and_says_what_it_needs(warehouse):
    client = warehouse.client(warehouse.create("empty"))

    result = validate(opened(client), CONTRACTS[0], PARAMETERS)

    assert {check.status for check in result.checks} == {Status.SKIPPED}
    assert result.checks[0].diagnostics == {"needs": "a fixture set with at least one accepted ai_stream_status event"}


def test_times_come_without_a_zone(warehouse, golden):
    frame = read_frame(warehouse.client(golden), CONTRACTS[0], PARAMETERS)

    assert frame["event_timestamp"].dt.tz is None
    assert "raw_json" not in frame.columns
    assert "event_date" not in frame.columns


def test_only_the_window_is_read(warehouse, golden):
    client, contract = warehouse.client(golden), contract_of("ai_stream_status")
    times = sorted(read_frame(client, contract, PARAMETERS)["event_timestamp"])

    window = {"from_ts": str(times[3]), "to_ts": str(times[-2])}

    assert sorted(read_frame(client, contract, window)["event_timestamp"]) == times[3:-2]


def test_every_hour_that_the_window_touches_is_read(warehouse, golden):
    client, contract = warehouse.client(golden), contract_of("v_api_network_demand")
    hours = sorted(set(read_frame(client, contract, PARAMETERS)["window_start"]))
    start, end = hours[0], hours[1]

    def read(from_minutes, to_minutes):
        window = {
            "from_ts": str(start + timedelta(minutes=from_minutes)),
            "to_ts": str(end + timedelta(minutes=to_minutes)),
        }
        return sorted(set(read_frame(client, contract, window)["window_start"]))

    assert read(30, 0) == [start]
    assert read(0, 1) == [start, end]
    assert read(60 + 59, 59) == [end]


def test_computed_columns_stand_behind_the_others(warehouse, golden):
    contract = contract_of("v_latest_sessions")

    frame = read_frame(warehouse.client(golden), contract, PARAMETERS)

    assert tuple(frame.columns[-len(contract.computed) :]) == tuple(contract.computed)
    [columns] = [check for check in contract.checks if "column_list" in check.kwargs and "columns" in check.name]
    assert list(frame.columns[: -len(contract.computed)]) == columns.kwargs["column_list"]


def test_a_check_that_finds_no_value_is_skipped(clone):
    contract = contract_of("network_capabilities")
    execute(clone.client, "ALTER TABLE network_capabilities UPDATE capacity = NULL WHERE 1")

    checks = {check.name: check for check in validate(opened(clone.client), contract, PARAMETERS).checks}

    check = checks.pop("network_capabilities.column_values_to_be_between.capacity")
    assert (check.status, dict(check.diagnostics)) == (Status.SKIPPED, {"needs": "a value in capacity"})
    assert {other.status for other in checks.values()} == {Status.PASSED}


def test_a_view_that_is_broken_is_a_warehouse_error(clone):
    execute(clone.client, "DROP VIEW v_current_gpus")

    with pytest.raises(WarehouseError, match="v_api_gpu_metrics cannot be read"):
        validate(opened(clone.client), contract_of("v_api_gpu_metrics"), PARAMETERS)


def test_a_column_that_is_gone_is_errored_where_it_is_judged(clone):
    contract = contract_of("ai_stream_status")
    client = clone.client
    execute(client, "ALTER TABLE ai_stream_status DROP COLUMN state")

    checks = {check.name: check for check in validate(opened(client), contract, PARAMETERS).checks}

    assert checks["ai_stream_status.table_columns_to_match_ordered_list"].status is Status.FAILED
    judged = checks["ai_stream_status.column_values_to_match_regex.state"]
    assert judged.status is Status.ERRORED
    assert "state" in (judged.error or "")


def test_a_table_that_is_gone_is_a_warehouse_error(clone):
    client = clone.client
    execute(client, "DROP TABLE ai_stream_status")

    with pytest.raises(WarehouseError, match="no table ai_stream_status"):
        validate(opened(client), CONTRACTS[0], PARAMETERS)


@pytest.mark.parametrize(
    ("expect", "kwargs"),
    [("expect_the_moon", "{}"), ("expect_column_values_to_be_in_set", "{column: state, sets: [1]}")],
)
def test_an_expectation_that_does_not_exist_names_the_file(expect, kwargs, warehouse, golden, tmp_path):
    file = tmp_path / "broken.yaml"
    file.write_text(
        f"table: ai_stream_status\nneeds: rows\nidentify: [raw_event_uid]\nexpectations:\n"
        f"  - {{expect: {expect}, why: a test, kwargs: {kwargs}, mutations: [SELECT 1]}}\n"
    )

    with pytest.raises(UsageError, match=r"broken\.yaml"):
        validate(opened(warehouse.client(golden)), load_contract(file), PARAMETERS)
