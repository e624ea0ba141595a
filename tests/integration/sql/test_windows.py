"""A window works at both of its limits: checks, contracts and trace queries find what they find today."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from streamproof.checks.assertions import run_checks
from streamproof.checks.contracts.files import load_contracts
from streamproof.checks.contracts.validation import validate
from streamproof.checks.query_pack import run_queries
from streamproof.model.window import EARLIEST, LATEST, Window, from_epoch_ms
from streamproof.sql.blocks import read_blocks
from streamproof.sql.suites import read_suite
from streamproof.warehouse.clickhouse.client import rows
from tests.integration.conftest import Warehouse, insert
from tests.integration.sql import consistent
from tests.support.databases import opened

pytestmark = pytest.mark.engine

YEAR_2000_MS = 946_684_800_000

HOME = Path(__file__).resolve().parents[3]
SQL = HOME / "include/sql/livepeer"
TRACE = [query for path in sorted((SQL / "trace").glob("*.sql")) for query in read_blocks(path)]
HOUR_MS = 3_600_000
EARLIEST_MS, LATEST_MS = (int(end.timestamp() * 1000) for end in (EARLIEST, LATEST))

Found = dict[str, tuple[str, int]]


def judged(client: Any, parameters: dict[str, object]) -> Found:
    found: Found = {}
    for folder in sorted((SQL / "assertions").iterdir()):
        for result in run_checks(opened(client), read_suite(folder), parameters, suite=folder.name):
            found[result.name] = (result.status.value, result.failed_rows)
    for contract in load_contracts(HOME / "include/contracts/livepeer"):
        for result in validate(opened(client), contract, {**parameters, "input_topics": [consistent.TOPIC]}).checks:
            found[result.name] = (result.status.value, result.failed_rows)
    return found


def world(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, start_ms: int, window: Window) -> tuple[Found, list]:
    """What is found of a replay that begins at a time, in a window, and the numbers of rows that the trace shows."""
    monkeypatch.setattr(consistent, "START_MS", start_ms)
    replay = consistent.consistent_replay()
    parameters = {**replay.parameters(), **window.query_parameters()}
    client = warehouse.with_schema()
    try:
        for table, records in replay.rows.items():
            insert(client, table, records)
        traced = run_queries(opened(client), TRACE, parameters)
        assert [result.error for result in traced if result.error] == []
        return judged(client, parameters), [(result.name, len(result.rows)) for result in traced]
    finally:
        client.close()


@pytest.fixture(scope="module")
def today(warehouse: Warehouse) -> tuple[Found, list]:
    start = consistent.START_MS
    window = Window(from_epoch_ms(start), from_epoch_ms(start + HOUR_MS))
    with pytest.MonkeyPatch.context() as monkeypatch:
        found = world(warehouse, monkeypatch, start, window)
    assert {status for status, _ in found[0].values()} >= {"passed"}
    return found


@pytest.mark.parametrize(
    ("start_ms", "window"),
    [
        (EARLIEST_MS, Window(EARLIEST, from_epoch_ms(EARLIEST_MS + HOUR_MS))),
        (LATEST_MS - HOUR_MS, Window(from_epoch_ms(LATEST_MS - HOUR_MS), LATEST)),
        (consistent.START_MS, Window(EARLIEST, LATEST)),
    ],
    ids=["earliest", "latest", "all of time"],
)
def test_a_window_at_the_limits_finds_what_one_of_today_finds(warehouse, monkeypatch, today, start_ms, window):
    found, traced = world(warehouse, monkeypatch, start_ms, window)
    differ = {name: (today[0][name], found[name]) for name in found if found[name] != today[0][name]}
    # This one says that events of before 2000 are not to be believed; it says so of these, and only of these.
    told = differ.pop("raw_typed_event_times_are_plausible", None)
    assert (told is not None and told[1][0] == "failed") == (start_ms < YEAR_2000_MS)
    assert differ == {}
    assert traced == today[1]


@pytest.mark.parametrize("moment", [EARLIEST, LATEST])
@pytest.mark.parametrize(
    "expression",
    [
        "toDate({t:DateTime64(3, 'UTC')}) - 1 < toDate({t:DateTime64(3, 'UTC')})",
        "toDate({t:DateTime64(3, 'UTC')}) + 1 > toDate({t:DateTime64(3, 'UTC')})",
        "{t:DateTime64(3, 'UTC')} - INTERVAL 24 HOUR < {t:DateTime64(3, 'UTC')}",
        "{t:DateTime64(3, 'UTC')} + INTERVAL 24 HOUR > {t:DateTime64(3, 'UTC')}",
        "toDateTime({t:DateTime64(3, 'UTC')} - INTERVAL 24 HOUR) = {t:DateTime64(3, 'UTC')} - INTERVAL 24 HOUR",
        "toDateTime({t:DateTime64(3, 'UTC')} + INTERVAL 24 HOUR) = {t:DateTime64(3, 'UTC')} + INTERVAL 24 HOUR",
        "toStartOfHour({t:DateTime64(3, 'UTC')} + INTERVAL 24 HOUR) = {t:DateTime64(3, 'UTC')} + INTERVAL 24 HOUR",
        "dateTrunc('hour', {t:DateTime64(3, 'UTC')} + INTERVAL 3599999 MILLISECOND) = {t:DateTime64(3, 'UTC')}",
    ],
)
def test_the_arithmetic_of_a_day_around_the_limits_does_not_wrap(warehouse, moment, expression):
    client = warehouse.empty()
    text = moment.strftime("%Y-%m-%d %H:%M:%S.000")
    assert rows(client, f"SELECT {expression} AS holds", {"t": text}) == [{"holds": 1}]
    client.close()
