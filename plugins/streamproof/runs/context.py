"""What a stage gets: the plan, the names that isolate the run, and the connections to its services."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from streamproof.checks.check_files import CheckFiles
from streamproof.fixtures.ordering import ReplayPlan
from streamproof.model.correlation import Correlation
from streamproof.model.errors import StackError, UsageError
from streamproof.model.plan import NOTHING_PROMISED, RunPlan
from streamproof.model.results import CheckResult, Status
from streamproof.model.settings import Connections, FlinkSettings, KafkaSettings, WarehouseSettings
from streamproof.model.stack import StackState
from streamproof.model.window import Window
from streamproof.packs.flink_jobs import FlinkProcessor
from streamproof.packs.loading import read_pack
from streamproof.packs.pack import Pack
from streamproof.packs.processors import RunningProcessor
from streamproof.runs.folder import RunFolder
from streamproof.runs.names import RunNames
from streamproof.runtime.pack_packages import PackPackages
from streamproof.runtime.warehouses import warehouse_settings
from streamproof.transport.base import Transport
from streamproof.transport.registry import transport_of
from streamproof.transport.served import KEY_FILE
from streamproof.warehouse.base import Warehouse
from streamproof.warehouse.registry import open_warehouse

# What checks can know of each run of a pipeline that runs several times: parameter, and key of the replay's details.
_OF_REPETITIONS = {
    "requests_by_repetition": "requests",
    "seconds_by_repetition": "seconds",
    "peak_rss_bytes_by_repetition": "peak_rss_bytes",
}


def _by_repetition(repetitions: Sequence[Mapping[str, Any]]) -> dict[str, object]:
    """Return the facts of the runs of a pipeline as query parameters: lists in the order of the runs."""
    return {name: [facts[key] for facts in repetitions] for name, key in _OF_REPETITIONS.items()}


@dataclass(frozen=True, slots=True)
class StageOutcome:
    """What a stage function returns: `details` for later stages, and the results of its checks.

    `status` is needed only where it does not follow from the checks.
    """

    details: Mapping[str, Any] = field(default_factory=dict)
    checks: tuple[CheckResult, ...] = ()
    status: Status | None = None


def _quiet(_line: str) -> None:
    """Discard a log line. This is the default."""


@dataclass(frozen=True, slots=True)
class RunContext:
    """One run as its stages see it. Any process can open it from the run's folder.

    In the process that planned the run, `files` and `replay` hold what planning has read; another process reads it
    again. The folder holds no secrets. So the CLI or Airflow passes `connections`, which is called when a stage needs
    services that the run did not start.
    """

    plan: RunPlan
    pack: Pack
    names: RunNames
    folder: RunFolder
    files: CheckFiles = field(repr=False, compare=False)
    log: Callable[[str], None] = _quiet
    connections: Callable[[], Connections] | None = field(default=None, repr=False)
    replay: ReplayPlan | None = field(default=None, repr=False, compare=False)

    @classmethod
    def open(cls, folder: Path) -> RunContext:
        """Open a planned run from its folder. Raises UsageError when its pack no longer exists."""
        run_folder = RunFolder(folder)
        plan = run_folder.read_plan()
        pack = read_pack(Path(plan.pack_file), Path(plan.home), PackPackages(Path(plan.cache_dir)).folder)
        files = CheckFiles(pack, Path(plan.home))
        names = RunNames.of(pack, plan.run_id, pack.processors.get(plan.processor))
        return cls(plan=plan, pack=pack, names=names, folder=run_folder, files=files)

    def logging_to(self, log: Callable[[str], None]) -> RunContext:
        """Return the same run with log lines going to `log`."""
        return replace(self, log=log)

    def connected(self, connections: Callable[[], Connections]) -> RunContext:
        """Return the same run with `connections` to the services that it did not start."""
        return replace(self, connections=connections)

    def without_secrets(self, text: str) -> str:
        """Return the text with each secret of the run's connections, and the key of its source, replaced by `***`."""
        for secret in (*self._outside_secrets(), *self._source_keys()):
            text = text.replace(secret, "***")
        return text

    def _outside_secrets(self) -> Iterable[str]:
        if not self.plan.needs_connections:
            return ()
        try:
            return self.outside().secrets()
        except StackError:
            return ()

    def _source_keys(self) -> Iterable[str]:
        file = self.folder.source / KEY_FILE
        return (file.read_text(encoding="utf-8"),) if file.is_file() else ()

    def outside(self) -> Connections:
        """Return the connections to services that the run did not start. Raises StackError when there are none."""
        if self.connections is None:
            raise StackError(
                f"Run {self.plan.run_id} works on services that it did not start, and none are named.",
                hint="The CLI takes them from the environment, Airflow from its connections: see docs/stacks.md.",
            )
        return self.connections()

    @property
    def home(self) -> Path:
        """Return the project folder: the one that holds include/ and dags/."""
        return Path(self.plan.home)

    @property
    def sql_dir(self) -> Path:
        """Return the pack's SQL folder."""
        return self.pack.sql_dir

    @property
    def window(self) -> Window:
        """Return the window that the run judges."""
        return Window.parse(self.plan.window["from_ts"], self.plan.window["to_ts"])

    def stack_state(self) -> StackState:
        """Return the state of the run's stack. Raises StackError when there is none or a service has failed."""
        state = self.folder.read_stack_state()
        if state is None:
            raise StackError(f"Run {self.plan.run_id} has no stack.", hint="Stage stack_up comes first.")
        if state.status == "failed":
            raise StackError(
                state.error or "The stack failed.", hint=state.hint or f"Look at {self.folder.stack}/logs."
            )
        return state

    def stack_failure(self) -> str | None:
        """Return why the run's stack cannot be used, None while it is ready or when the run needs no stack."""
        if self.plan.observes:
            return None
        state = self.folder.read_stack_state()
        if state is None:
            return "there is no stack"
        return state.error or "a service failed" if state.status != "ready" else None

    def kafka(self) -> KafkaSettings:
        """Return how to reach the run's brokers. Raises StackError."""
        state = self.stack_state()
        return self.outside_kafka() if self.plan.needs_connections else state.kafka

    def outside_kafka(self) -> KafkaSettings:
        """Return how to reach brokers that the run did not start. Raises StackError when none are named."""
        kafka = self.outside().kafka
        if kafka is None:
            raise StackError("No Kafka is named.", hint=f"The connections come from {self.outside().source}.")
        return kafka

    @property
    def needs_kafka(self) -> bool:
        """Return whether the run publishes to brokers. One that observes or serves does not."""
        return not self.plan.observes and not self.pack.source

    @property
    def needs_flink(self) -> bool:
        """Return whether the run's processor is a job on Flink."""
        return isinstance(self.pack.processors.get(self.plan.processor), FlinkProcessor)

    def flink(self) -> FlinkSettings:
        """Return how to reach the run's Flink cluster. Raises StackError when there is none."""
        flink = self.outside().flink if self.plan.needs_connections else self.stack_state().flink
        if flink is None:
            source = self.outside().source if self.plan.needs_connections else f"stack {self.plan.stack}"
            raise StackError("No Flink is named.", hint=f"The connections come from {source}.")
        return flink

    @property
    def transport(self) -> Transport:
        """Return the transport of the pack. Raises UsageError for an unknown kind."""
        return transport_of(self.pack.transport)

    def server_settings(self) -> WarehouseSettings:
        """Return how to reach the run's warehouse server, without selecting the run's database. Raises StackError."""
        if self.plan.observes:
            return self.outside().warehouse
        state = self.stack_state()
        return (
            self.outside().warehouse if self.plan.needs_connections else warehouse_settings(state, self.pack.warehouse)
        )

    def database_settings(self) -> WarehouseSettings:
        """Return how to reach the run's own database; in mode observe, the observed warehouse. Raises StackError."""
        server = self.server_settings()
        return server if self.plan.observes else server.using(self.names.database)

    def shared_pipeline(self) -> RunningProcessor | None:
        """Return the pipeline that others use too, None for a run that has its pipeline to itself."""
        processor = self.pack.processors.get(self.plan.processor)
        return processor if isinstance(processor, RunningProcessor) else None

    def correlation_rules(self) -> Correlation:
        """Return how this run's events are told apart. Raises UsageError for a pack that does not say it."""
        if self.pack.correlation is None:
            raise UsageError(f"{self.pack.file}: `correlation` is missing.", hint="Say how a run's events are marked.")
        return self.pack.correlation

    @property
    def input_topic(self) -> str:
        """Return the topic that the warehouse reads; in mode observe, the one that `warehouse_check` found."""
        if not self.plan.observes:
            return self.names.input_topic
        return str(self.stage_details("warehouse_check")["input_topic"])

    @contextmanager
    def warehouse(self, *, cached: bool = False) -> Iterator[Warehouse]:
        """Connect to the run's database and close the connection afterwards. Raises WarehouseError.

        With `cached`, views are read from the cache of stage `query_pack`, so that all checks see the same rows.
        """
        warehouse = open_warehouse(self.pack.warehouse, self.database_settings())
        try:
            if cached and not self.plan.observes:
                warehouse.use_view_cache()
            yield warehouse
        finally:
            warehouse.close()

    def stage_details(self, stage: str) -> Mapping[str, Any]:
        """Return the details of an earlier stage. Raises StackError when it has not ended."""
        result = self.folder.read_stage(stage)
        if result is None:
            raise StackError(f"Stage {stage} has not ended in this run.", hint="Run the stages in their order.")
        return result.details

    def check_parameters(self) -> dict[str, object]:
        """Return every query parameter that a check may use (see docs/write-an-assertion.md).

        In mode observe, parameters that only a replay gives are missing.
        """
        if self.plan.observes:
            known = {**self.pack.query_parameters, **self.window.query_parameters(), "correlation": ""}
            return {**known, "input_topic": self.input_topic, **NOTHING_PROMISED}
        replay = self.stage_details("replay_events")
        expected = replay["expected"]
        return {
            **self.pack.query_parameters,
            **self.window.query_parameters(),
            "input_topic": self.names.input_topic,
            "correlation": self.plan.correlation,
            "published_records": replay["published"],
            "published_ids": replay["published_ids"],
            "published_by_scenario": replay["promised_by_scenario"],
            "published_in_window": replay["published_in_window"],
            **_by_repetition(replay.get("repetitions", ())),
            "expected_dlq": expected["dlq"],
            "expected_quarantine": expected["quarantine"],
            "expected_ignored": expected["ignored"],
        }
