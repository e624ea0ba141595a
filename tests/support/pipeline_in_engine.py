"""A whole run without a broker: a fixture set goes through the pipeline's core into a real ClickHouse, and is judged.

What a broker and two consumers do in a run is done here by hand: every record gets an offset, the raw rows are made by
the schema's own materialized view, typed rows and dispositions by the processor's core, and the ledger by the replay's
own code. Then the run's own stages judge the database. A small set takes two to three seconds, the first one more.

    engine = PipelineInEngine(settings, home, folder)
    run = engine.load(manifest)                 # verify, plan, publish, process: nothing is judged yet
    execute(run.client, "ALTER TABLE ...")      # break something, if that is what the test is about
    outcome = engine.judge(run)                 # every suite, contract, rule and oracle of the pack
    assert outcome.verdict is Verdict.PASSED, outcome.explain()
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines.livepeer.batches import Batch, Span, process_batch, requests
from pipelines.livepeer.config import from_environment
from pipelines.livepeer.core import Processor
from pipelines.livepeer.event import Record
from pipelines.livepeer.local import build_processor
from pipelines.livepeer.sink import ClickHouseSink
from pipelines.livepeer.tables import DISPOSITIONS
from streamproof.checks.service_logs import read_logs, write_log_lines
from streamproof.fixtures.ordering import ReplayPlan
from streamproof.model.plan import CONTRACTS
from streamproof.model.results import CheckResult, StageResult, Status, Verdict
from streamproof.model.settings import WarehouseSettings
from streamproof.model.stack import ProcessIdentity, StackState
from streamproof.model.verdict import judge, unjudged
from streamproof.runs.context import RunContext, StageOutcome
from streamproof.runs.execute import execute as execute_stage
from streamproof.runs.planning import plan_run
from streamproof.runs.request import HostSettings, RunRequest
from streamproof.runs.runner import run_stage
from streamproof.runtime.files import write_json
from streamproof.runtime.stack import StackSpec, own_identity, start_stack, stop_stack
from streamproof.sql.lexing import statements
from streamproof.sql.templating import render
from streamproof.stages.judging.query_pack import cache_views
from streamproof.stages.planned import id_function, planned_replay
from streamproof.stages.registry import STAGES
from streamproof.stages.replay_events import replay_details
from streamproof.transport.base import Published
from streamproof.warehouse.clickhouse.client import connect, execute, rows
from streamproof.warehouse.clickhouse.drain import RAW_VALUE_KINDS
from streamproof.warehouse.clickhouse.ledger import write_ledger
from streamproof.warehouse.clickhouse.migrations import apply_migrations
from streamproof.warehouse.common.migrations import read_migrations

SCHEMA = "include/sql/livepeer/schema"
# What ClickHouse's Kafka engine gives besides the value, as columns of a table that hands rows on and keeps none.
FEED = """
CREATE TABLE streaming_events_kafka
(
    `payload` String, `_topic` LowCardinality(String), `_partition` UInt64, `_offset` UInt64, `_key` String,
    `_timestamp_ms` Nullable(DateTime64(3)), `_headers.name` Array(String), `_headers.value` Array(String),
    `_error` String
)
ENGINE = Null
"""
FEED_COLUMNS = (
    "payload", "_topic", "_partition", "_offset", "_key", "_timestamp_ms", "_headers.name", "_headers.value",
)  # fmt: skip
TABLES = "SELECT name FROM system.tables WHERE database = currentDatabase() AND endsWith(engine, 'MergeTree')"
KEPT = frozenset({"schema_migrations", "streamproof_owner"})
# When the records are processed: later than all of them, and the same in every test.
NOW_MS = 1_900_000_000_000
BATCH = 500


@dataclass
class EngineRun:
    """One loaded set: the run as its stages see it, what it published, and a client on its database."""

    ctx: RunContext
    plan: ReplayPlan
    client: Any

    def query(self, statement: str, **parameters: object) -> list[dict[str, Any]]:
        return rows(self.client, statement, parameters)


@dataclass(frozen=True)
class Outcome:
    """What the stages of a run found. `reasons` say why the run could not be judged."""

    results: Mapping[str, StageResult]
    verdict: Verdict
    reasons: Sequence[str]

    @property
    def checks(self) -> dict[str, CheckResult]:
        """Every check by its name."""
        return {check.name: check for result in self.results.values() for check in result.checks}

    def named(self, *statuses: Status) -> list[str]:
        """The names of the checks of these statuses, in order."""
        return [check.name for check in self.checks.values() if check.status in statuses]

    def explain(self) -> str:
        """What a reader of a failed test wants to know."""
        wrong = [check for check in self.checks.values() if check.status in (Status.FAILED, Status.ERRORED)]
        lines = [f"{check.status} {check.name}: {check.error or check.diagnostics}" for check in wrong]
        return "\n".join([f"verdict: {self.verdict}", *self.reasons, *lines])


@dataclass
class PipelineInEngine:
    """Loads fixture sets into databases of one ClickHouse, and judges them. Databases are used again: one at a time.

    `settings` is a ClickHouse; `folder` takes the runs' folders. `change` may put another core in the place of the
    processor's.
    """

    settings: WarehouseSettings
    home: Path
    folder: Path
    change: Callable[[Processor], Any] = lambda processor: processor
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _client: Any = None

    def load(self, manifest: Path, *, batch: int = BATCH, **asked: Any) -> EngineRun:
        """Plan a run of a fixture set and put into its database what a real run would have there before the checks.

        `asked` are more fields of the request. The database of the run before is emptied for it. Raises what planning
        raises: FixtureError, UsageError.
        """
        # One run id, so that there is one database: to make its schema takes longer than everything else.
        root = self.folder / f"run{next(self._numbers)}"
        request = RunRequest(run_id="engine", manifest=str(manifest), artifacts_root=root, **asked)
        ctx = plan_run(request, STAGES, home=self.home, host=HostSettings(cache_dir=self.folder), now=datetime.now(UTC))
        write_json(ctx.folder.stack / "state.json", self._state().as_json())
        run = EngineRun(ctx, planned_replay(ctx), self._database(ctx))
        published = _published(ctx, run.plan)
        self._publish(run, published)
        self._process(run, batch)
        _keep(ctx, run.plan, published)
        return run

    def judge(self, run: EngineRun, *, contracts: bool = True) -> Outcome:
        """Run the stages that judge, and what they need of `query_pack`. Without contracts it takes half the time."""
        judging = [stage for stage in run.ctx.plan.judging_stages if contracts or stage != CONTRACTS]
        results = {"query_pack": execute_stage(run.ctx, "query_pack", _prepare)}
        results |= {stage: run_stage(run.ctx, STAGES[stage]) for stage in judging}
        return Outcome(results, judge(list(results), judging, results), unjudged(list(results), judging, results))

    def _state(self) -> StackState:
        return StackState(
            "engine",
            "ready",
            own_identity() or ProcessIdentity(0, 0.0),
            "none",
            "",
            self.settings.host,
            self.settings.port,
            0,
            self.settings.user,
        )

    def _database(self, ctx: RunContext) -> Any:
        """Return a client on the run's database: made with the schema at first, emptied from then on."""
        if self._client is None:
            server = connect(self.settings)
            execute(server, "CREATE DATABASE {name:Identifier}", {"name": ctx.names.database})
            server.close()
            self._client = connect(self.settings.using(ctx.names.database))
            apply_migrations(self._client, self.home / SCHEMA, {"kafka": False, "retention": False})
            self._client.command(FEED)
            self._client.command(_raw_view(self.home))
        for table in rows(self._client, TABLES):
            if table["name"] not in KEPT:
                execute(self._client, "TRUNCATE TABLE {name:Identifier}", {"name": table["name"]})
        return self._client

    def _publish(self, run: EngineRun, published: Published) -> None:
        """Write the raw rows and the ledger. A value without bytes leaves no raw row, as in Kafka's engine."""
        rows_ = [
            [
                value,
                published.topic,
                published.partitions[sequence],
                published.offsets[sequence],
                (event.key or b"").decode(),
                datetime.fromtimestamp(event.publish_ms / 1000, UTC),
                ["sp-run-id", "sp-sequence"],
                [run.ctx.plan.run_id, str(sequence)],
            ]
            for sequence, (event, value) in enumerate(run.plan.records())
            if value
        ]
        _insert_raw(run.client, rows_)
        write_ledger(run.client, published, run.plan.records(), run.plan.unstated, id_function(run.ctx.pack))

    def _process(self, run: EngineRun, size: int) -> None:
        settings = from_environment(
            {
                "CLICKHOUSE_URL": self.settings.url,
                "CLICKHOUSE_USER": self.settings.user,
                "CLICKHOUSE_DATABASE": run.ctx.names.database,
            }
        )
        processor, sink = self.change(build_processor(settings)), ClickHouseSink(settings.sink)
        limits = settings.sink.max_batch_rows, settings.sink.max_batch_bytes
        for span, records in _batches(run.ctx.names.input_topic, run.plan.records(), size):
            work = process_batch(processor, Batch(span, records))
            for table, lines in {**work.rows, DISPOSITIONS: work.dispositions}.items():
                for request in requests(span, table, lines, *limits):
                    sink.insert(request)
        sink.close()


def _batches(topic: str, records: Iterable[Any], size: int) -> Iterator[tuple[Span, list[Record]]]:
    """Cut the records of a replay into what a processor takes at a time."""
    numbered = enumerate(records)
    while part := list(itertools.islice(numbered, size)):
        found = [Record(topic, 0, offset, event.publish_ms, value) for offset, (event, value) in part]
        yield Span(topic, 0, part[0][0], part[-1][0], NOW_MS), found


def _prepare(ctx: RunContext) -> StageOutcome:
    """Do what `query_pack` does for the checks, without its queries: they tell a reader something and judge nothing."""
    with ctx.warehouse() as warehouse:
        write_log_lines(warehouse, read_logs(ctx.folder.stack / "logs"))
        cache_views(ctx, warehouse)
    return StageOutcome()


def _published(ctx: RunContext, plan: ReplayPlan) -> Published:
    """Return what a broker of one partition would have acknowledged."""
    count = len(plan.events)
    return Published(ctx.names.input_topic, count, [0] * count, range(count), {0: 0}, {0: count}, 1.0)


def _keep(ctx: RunContext, plan: ReplayPlan, published: Published) -> None:
    """Leave in the run's folder what its stages read: the replay's result, and the log of a service without errors."""
    logs = ctx.folder.stack / "logs"
    logs.mkdir(parents=True)
    (logs / "processor.log").write_text("2026-01-01 00:00:00,000 INFO started\n", encoding="utf-8")
    details = replay_details(ctx, plan, published, RAW_VALUE_KINDS)
    execute_stage(ctx, "replay_events", lambda _: StageOutcome(details=details))


def _insert_raw(client: Any, rows_: list[list[Any]]) -> None:
    if rows_:
        client.insert("streaming_events_kafka", rows_, column_names=FEED_COLUMNS)


def _raw_view(home: Path) -> str:
    """Return the statement of the schema that makes raw rows of what Kafka's engine gives."""
    raw = next(migration for migration in read_migrations(home / SCHEMA) if migration.name == "raw_events")
    script = render(
        raw.text,
        {"kafka": True, "retention": False, "kafka_bootstrap": "", "input_topic": "", "raw_group": ""},
        raw.path.name,
    )
    return next(found for found in statements(script, raw.path.name) if "CREATE MATERIALIZED VIEW" in found)


@contextmanager
def engine(home: Path, folder: Path, cache_dir: Path) -> Iterator[PipelineInEngine]:
    """Start a ClickHouse of its own for as long as it is needed."""
    spec = StackSpec(
        name="engine",
        folder=str(folder / "stack"),
        cache_dir=str(cache_dir),
        home=str(home),
        kafka_kind="mock",
        owner=own_identity(),
    )
    state = start_stack(spec, timeout=60)
    try:
        yield PipelineInEngine(state.clickhouse, home, folder)
    finally:
        stop_stack(folder / "stack", timeout=30)
