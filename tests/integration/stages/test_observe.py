"""Mode `observe` on a real engine: which warehouses it takes, what it judges there, and that SELECT is enough."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from streamproof.model.results import StageResult, Status, Verdict
from streamproof.model.settings import Connections
from streamproof.model.verdict import judge, unjudged
from streamproof.model.window import from_epoch_ms, iso_ms
from streamproof.runs.context import RunContext
from streamproof.runs.planning import plan_run
from streamproof.runs.request import HostSettings, RunRequest
from streamproof.runs.runner import run_stage
from streamproof.stages.registry import STAGES
from streamproof.warehouse.clickhouse.client import execute
from tests.integration.conftest import Warehouse, insert
from tests.integration.sql.consistent import START_MS, TOPIC, consistent_replay
from tests.outside.services import PASSWORDS, outside_services

pytestmark = pytest.mark.engine

CASES = yaml.safe_load(Path(__file__).with_name("observe_cases.yaml").read_text())
START = from_epoch_ms(START_MS)
NOW = datetime(2026, 3, 2, tzinfo=UTC)

Observe = Callable[..., RunContext]


@pytest.fixture(scope="module")
def warehouse(home: Path, cache_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A ClickHouse whose users have the rights of tests/outside/users.xml."""
    with outside_services(home, tmp_path_factory.mktemp("outside"), cache_dir, kafka_kind="mock") as outside:
        yield Warehouse(outside.state.clickhouse, home, outside.state.kafka)


@pytest.fixture(scope="module")
def filled(warehouse: Warehouse) -> Any:
    """A client on a database with a small replay in it."""
    client = warehouse.with_schema()
    for table, records in consistent_replay().rows.items():
        insert(client, table, records)
    return client


@pytest.fixture
def observe(warehouse: Warehouse, home: Path, tmp_path: Path) -> Observe:
    """The function that plans an observation of a database by a user."""
    numbers = itertools.count()

    def plan(database: str, user: str = "reader", start: datetime = START - timedelta(hours=1)) -> RunContext:
        request = RunRequest(
            run_id=f"o{next(numbers)}",
            mode="observe",
            suites=("raw_typed",),
            from_ts=iso_ms(start),
            to_ts=iso_ms(start + timedelta(hours=6)),
            input_topic=TOPIC,
            artifacts_root=tmp_path,
        )
        ctx = plan_run(request, STAGES, home=home, host=HostSettings(cache_dir=tmp_path), now=NOW)
        settings = replace(warehouse.settings, user=user, password=PASSWORDS[0], database=database)
        return ctx.connected(lambda: Connections(settings, source="this test"))

    return plan


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_which_warehouses_can_be_observed(case, warehouse, observe):
    client = warehouse.empty() if case.get("empty") else warehouse.with_schema()
    for statement in case.get("sql", ()):
        execute(client, statement)
    result = run_stage(
        observe(case.get("database", client.database), case.get("user", "reader")), STAGES["warehouse_check"]
    )
    if "error" in case:
        assert result.status is Status.ERRORED
        assert result.hint
        assert result.error is not None
        assert re.search(case["error"], result.error)
        return
    assert result.error is None
    details = {name: result.details[name] for name in case["details"]}
    if "absent_run_only_tables" in details:
        details["absent_run_only_tables"] = [
            name for name in details["absent_run_only_tables"] if name != "service_log_lines"
        ]
    assert details == case["details"]


def judged(ctx: RunContext) -> tuple[Verdict, list[str], StageResult]:
    """Check the warehouse and run the suite; return the verdict, why the run could not be judged, and the suite."""
    results = {stage: run_stage(ctx, STAGES[stage]) for stage in ("warehouse_check", "assert_raw_typed")}
    planned, judging = tuple(results), ("assert_raw_typed",)
    return judge(planned, judging, results), unjudged(planned, judging, results), results["assert_raw_typed"]


def test_what_only_a_replay_gives_is_skipped_and_the_rest_is_judged(filled, observe):
    verdict, _, suite = judged(observe(filled.database))
    by_status = {check.name: check for check in suite.checks}
    assert verdict is Verdict.PASSED
    skipped = {name for name, check in by_status.items() if check.status is Status.SKIPPED}
    assert "raw_typed_published_equals_ingested" in skipped
    assert "which only a replay gives" in by_status["raw_typed_published_equals_ingested"].diagnostics["skip_reason"]
    assert by_status["raw_typed_rows_trace_to_raw"].status is Status.PASSED


def test_a_user_with_fixed_settings_is_not_given_wrong_answers(filled, observe):
    _, _, suite = judged(observe(filled.database, "frozen"))
    by_name = {check.name: check for check in suite.checks}
    outer_join = by_name["raw_typed_rows_trace_to_raw"]
    assert outer_join.status is Status.SKIPPED
    assert "join_use_nulls" in outer_join.diagnostics["skip_reason"]
    assert Status.PASSED in {check.status for check in suite.checks}
    assert Status.ERRORED not in {check.status for check in suite.checks}


def test_a_user_that_may_choose_is_answered_in_full(filled, observe):
    full, chosen = (judged(observe(filled.database, user))[2].checks for user in ("reader", "choosing"))
    assert [(check.name, check.status) for check in chosen] == [(check.name, check.status) for check in full]


def test_a_window_without_data_is_never_passed(filled, observe):
    verdict, why, suite = judged(observe(filled.database, start=START + timedelta(days=900)))
    assert verdict is Verdict.ERROR
    assert "assert_raw_typed judged nothing" in why
    assert {check.status for check in suite.checks} == {Status.SKIPPED}


def test_what_it_finds_broken_it_calls_failed(warehouse, observe):
    client = warehouse.with_schema()
    for table, records in consistent_replay().rows.items():
        insert(client, table, records)
    execute(client, "DELETE FROM streaming_events WHERE type = 'stream_trace'")
    verdict, _, suite = judged(observe(client.database))
    assert verdict is Verdict.FAILED
    assert "raw_typed_rows_trace_to_raw" in {c.name for c in suite.checks if c.status is Status.FAILED}
