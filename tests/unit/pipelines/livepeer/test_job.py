"""The running job on a broker and a warehouse in memory: nothing lost, nothing twice, wherever it is cut off."""

from __future__ import annotations

import itertools
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.livepeer import kafka_input
from pipelines.livepeer.checkpointer import Checkpointer
from pipelines.livepeer.config import Settings
from pipelines.livepeer.errors import ProcessorError, SinkError, SourceError
from pipelines.livepeer.job import Clocks, Job, Memory
from pipelines.livepeer.kafka_input import KafkaInput
from pipelines.livepeer.lifecycle import tables
from pipelines.livepeer.lifecycle.state import StateError
from pipelines.livepeer.local import build_processor
from pipelines.livepeer.metrics import Metrics
from pipelines.livepeer.state_files import Partition, StateFiles
from pipelines.livepeer.status_file import StatusFile
from pipelines.livepeer.writer import Writer

from . import fakes, samples


class Rejects:
    """A reject topic that keeps what it gets."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []

    def publish(self, rejects: list[tuple[str, bytes]]) -> None:
        self.sent += rejects


# Rows of these are of single events; the latest of the others are those of the session's latest version.
EVENT_KEYS = {tables.PARAM_UPDATES: "source_event_uid", tables.EDGE_COVERAGE: "source_event_uid"}


class FailingFiles(StateFiles):
    """Saves that fail: the one number `fail_at`, when it is `half` or `whole` on the disk."""

    fail_at: int | None = None
    half = False

    def begin(self, positions: Mapping[Partition, int], snapshot: bytes) -> None:
        super().begin(positions, snapshot)
        self._fail()

    def append(self, positions: Mapping[Partition, int], changes: bytes) -> None:
        super().append(positions, changes)
        self._fail()

    def _fail(self) -> None:
        if self.fail_at is None:
            return
        self.fail_at -= 1
        if self.fail_at < 0:
            self.fail_at = None
            if self.half:
                assert self._file is not None
                self._file.truncate(self._file.tell() - 3)
            raise StateError("the disk is full", hint="")


class Stage:
    """A broker, a warehouse, and as many lives of the job as it takes."""

    def __init__(self, values: list[bytes | None], settings: Settings, sizes: Iterator[int] | None = None) -> None:
        self.broker = fakes.FakeBroker(values)
        self.warehouse = fakes.FakeWarehouse()
        self.rejects = Rejects()
        self.settings = settings
        self.sizes = sizes or itertools.repeat(1000)
        self.ticks = itertools.count(samples.NOW_MS)
        self.consumer: fakes.FakeConsumer | None = None
        self.state_dir: Path | None = None
        self.fail_saving: tuple[int, bool] | None = None

    def files(self) -> StateFiles | None:
        if self.state_dir is None:
            return None
        files = FailingFiles(self.state_dir, small_bytes=2000)
        if self.fail_saving is not None:
            files.fail_at, files.half = self.fail_saving
            self.fail_saving = None
        return files

    def live(self, *, until: Callable[[], bool] | None = None) -> Job:
        """Run one life of the job, by default until everything is read and committed. Raises what it dies of."""
        writer = Writer(self.warehouse, self.rejects, self.settings.sink)  # type: ignore[arg-type]
        clocks = Clocks(lambda: next(self.ticks), lambda: next(self.ticks) / 1000)
        files = self.files()
        job = Job(
            build_processor(self.settings),
            writer,
            Memory(self.warehouse.accepted_keys, Checkpointer(files)),
            Metrics(60),
            StatusFile(self.settings.status_file),
            clocks,
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(kafka_input, "Consumer", self._consumer)
            source = KafkaInput(self.settings, job.flush, clocks.now_ms)
            try:
                job.run(source, until or self.drained)
            except ProcessorError as error:
                job.fail(error.message)
                raise
            finally:
                writer.close()
                source.close()
                if files is not None:
                    files.close()
        return job

    def drained(self) -> bool:
        return self.broker.committed > max(self.broker.values, default=-1)

    def _consumer(self, configuration: dict[str, object]) -> fakes.FakeConsumer:
        assert configuration["enable.auto.commit"] is False
        self.consumer = fakes.FakeConsumer(self.broker, self.sizes)
        return self.consumer

    def fail(self, kind: str, at: int) -> None:
        """Let the next life end by a failure: of an insert, its answer, a commit, or a save; that one may be torn."""
        if kind == "commit":
            self.broker.refuse_commits_after = len(self.broker.commits) + at
        elif kind in {"save", "torn save"}:
            self.fail_saving = at, kind == "torn save"
        else:
            self.warehouse.fail_at, self.warehouse.applied = at, kind == "answer"

    def heal(self) -> None:
        """Let the next life go to its end."""
        self.warehouse.fail_at = self.broker.refuse_commits_after = self.fail_saving = None

    def content(self) -> dict[str, list[dict[str, Any]]]:
        """What a reader sees: silver rows without their places, of the stateful ones the latest, without versions."""
        found = {}
        for table in tables.SILVER_TABLES:
            rows = self.warehouse.tables.get(table, [])
            found[table] = sorted(({**row, "source_offset": None} for row in rows), key=repr)
        for table in tables.STATEFUL_TABLES:
            rows = self.warehouse.tables.get(table, [])
            key = EVENT_KEYS.get(table, "stream_id")
            newest: dict[tuple[str, str], int] = {}
            for row in rows:
                where = row["workflow_session_id"], row[key]
                newest[where] = max(newest.get(where, 0), row["version"])
            latest = [row for row in rows if row["version"] == newest[row["workflow_session_id"], row[key]]]
            distinct = {repr(row): {**row, "version": None} for row in latest}
            found[table] = sorted(distinct.values(), key=repr)
        return found

    def versions_are_counts(self) -> bool:
        """Whether all versions have one base: no life had to begin anew."""
        bases = {row["version"] - row["event_count"] for row in self.warehouse.tables.get(tables.SESSIONS, [])}
        return len(bases) <= 1

    def assert_exact(self) -> None:
        """Every record has one disposition, every row one record that names it, and every id was accepted once."""
        dispositions = self.warehouse.tables.get("record_dispositions", [])
        assert sorted(row["source_offset"] for row in dispositions) == sorted(self.broker.values)
        for table in {name for row in dispositions for name in row["rows_written"]} | self.warehouse.tables.keys():
            if table == "record_dispositions" or table in tables.STATEFUL_TABLES:
                continue
            named = {row["source_offset"]: row["rows_written"].get(table, 0) for row in dispositions}
            found = dict.fromkeys(named, 0)
            for row in self.warehouse.tables.get(table, []):
                found[row["source_offset"]] += 1
            assert found == named, table
        accepted = [row["dedup_key"] for row in dispositions if row["disposition"] == "accepted"]
        assert len(accepted) == len(set(accepted))


def trace(number: int) -> bytes:
    return orjson.dumps(samples.event("stream_trace", {"id": f"id-{number}"}))


def signal(family: str, number: int, stream: str, **data: object) -> bytes:
    """An event of a session; number makes id and time."""
    changes = {
        "id": f"{family}-{number}",
        "timestamp": str(1_781_000_000_000 + number * 1000),
        "data.stream_id": stream,
        "data.request_id": "r",
        **{f"data.{key}": value for key, value in data.items()},
    }
    return orjson.dumps(samples.event(family, changes))


def status(number: int, stream: str, wallet: str) -> bytes:
    where = {"address": wallet, "url": f"https://{wallet}"}
    return signal("ai_stream_status", number, stream, orchestrator_info=where)


def notice(number: int) -> bytes:
    return signal("ai_stream_events", number, "s1", type="params_update" if number % 2 else "error")


MILESTONES = (
    "gateway_receive_stream_request",
    "gateway_receive_first_processed_segment",
    "gateway_receive_few_processed_segments",
    "orchestrator_swap",
    "gateway_ingest_stream_closed",
)


def milestone(number: int, kind: str) -> bytes:
    return signal("stream_trace", number, "s1", type=kind, timestamp=1_781_000_000_000 + number * 1000)


def capabilities(number: int, wallet: str) -> bytes:
    """A snapshot from before all signals: wallet is canonical and proxy."""
    changes = {"id": f"capabilities-{number}", "timestamp": str(1_780_999_990_000 + number)}
    event = samples.event("network_capabilities", changes)
    event["data"] = event["data"][:1]
    event["data"][0].update(address=f"canonical-{wallet}", local_address=wallet, orch_uri=f"https://{wallet}")
    return orjson.dumps(event)


VALUES = st.lists(
    st.sampled_from(
        [
            *(trace(number) for number in range(4)),
            orjson.dumps(samples.event("network_capabilities")),
            orjson.dumps(samples.event("ai_stream_status", {"data.inference_status.fps": "x"})),
            b"no json",
            None,
            b'{"type":"job_auth","timestamp":1,"data":{}}',
        ]
    ),
    min_size=1,
    max_size=25,
)
# What a trace becomes.
STREAM_TABLES = (
    "stream_trace_events",
    tables.TRACE_EDGES,
    tables.SESSIONS,
    tables.SEGMENTS,
    tables.LATENCY,
    tables.EDGE_COVERAGE,
)
CRASHES = st.lists(st.tuples(st.sampled_from(["insert", "answer", "commit"]), st.integers(0, 8)), max_size=5)


@settings(deadline=None)
@given(VALUES, CRASHES, st.lists(st.integers(1, 9), min_size=1), st.integers(2, 10))
def test_any_number_of_crashes_loses_nothing_and_doubles_nothing(
    values: list[bytes | None], crashes: list[tuple[str, int]], sizes: list[int], limit: int
) -> None:
    stage = Stage(values, fakes.settings(CLICKHOUSE_SINK_MAX_BUFFERED=str(limit)), itertools.cycle(sizes))
    for kind, at in crashes:
        if kind == "commit":
            stage.broker.refuse_commits_after = len(stage.broker.commits) + at
        else:
            stage.warehouse.fail_at, stage.warehouse.applied = at, kind == "answer"
        try:
            stage.live()
        except ProcessorError:
            continue
    stage.warehouse.fail_at = stage.broker.refuse_commits_after = None
    stage.live()

    stage.assert_exact()
    assert stage.broker.note is None


def test_a_batch_that_was_cut_off_is_done_again_as_it_was(tmp_path: Path) -> None:
    stage = Stage(
        [trace(number) for number in range(5)], fakes.settings(), itertools.chain([1, 2, 0], itertools.repeat(9))
    )
    stage.state_dir = tmp_path
    stage.warehouse.fail_at = len(STREAM_TABLES)  # the dispositions, after everything else
    with pytest.raises(SinkError):
        stage.live()
    assert stage.broker.committed == 0
    assert orjson.loads(stage.broker.note or "")["in_flight"] == [0, 2]

    stage.live()

    stage.assert_exact()
    # The sessions are the same for each of the two batches: one session, one trace after another.
    batch = Counter([*STREAM_TABLES, "record_dispositions"])
    assert Counter(stage.warehouse.order) == batch + batch
    assert stage.warehouse.order.index("record_dispositions") >= len(STREAM_TABLES)


SIGNALS = st.lists(
    st.sampled_from(
        [
            *(capabilities(number, address) for number, address in enumerate(("0xaa", "0xbb"))),
            *(status(number, "s1", "0xaa") for number in (5, 6, 40, 50)),
            *(status(number, "s1", "0xbb") for number in (7, 41, 51)),
            *(status(number, "s2", "0xbb") for number in (8, 9, 60, 61)),
            *(notice(number) for number in (10, 11)),
            *(milestone(number, kind) for number, kind in enumerate(MILESTONES, 12)),
            trace(0),
            b"no json",
        ]
    ),
    min_size=6,
    max_size=25,
    unique=True,
)
FAILURES = st.lists(
    st.tuples(st.sampled_from(["insert", "answer", "commit", "save", "torn save"]), st.integers(0, 30)), max_size=6
)


@settings(deadline=None)
@given(SIGNALS, FAILURES, st.lists(st.integers(0, 3)))
def test_with_saved_state_no_crash_shows_in_any_row(
    values: list[bytes | None], failures: list[tuple[str, int]], sizes: list[int]
) -> None:
    undisturbed = Stage(values, fakes.settings())
    undisturbed.live()
    with tempfile.TemporaryDirectory() as folder:
        # A round takes one record, then as many as are at hand.
        stage = Stage(values, fakes.settings(), itertools.cycle([1, *sizes]))
        stage.state_dir = Path(folder)
        for kind, at in failures:
            stage.fail(kind, at)
            try:
                stage.live()
            except ProcessorError:
                continue
        stage.heal()
        stage.live()

        stage.assert_exact()
        assert stage.content() == undisturbed.content()
        assert stage.versions_are_counts()
        assert len(list(stage.state_dir.glob("sessions-*"))) <= 2


@settings(deadline=None)
@given(SIGNALS, st.integers(1, 5))
def test_the_whole_set_twice_is_the_set_once(values: list[bytes | None], size: int) -> None:
    once, twice = (Stage(values * times, fakes.settings()) for times in (1, 2))
    once.live()
    twice.sizes = itertools.repeat(size)

    twice.live()

    assert once.content() == twice.content()


def test_offsets_that_no_state_fits_begin_anew_above_all_versions(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage([status(1, "s1", "0xaa"), status(2, "s1", "0xaa")], fakes.settings())
    stage.state_dir = tmp_path
    stage.live()
    # Somebody moved the offsets of the group.
    stage.broker.committed, stage.broker.note = 1, None
    stage.warehouse = fakes.FakeWarehouse()

    stage.live()

    assert "no saved state fits" in caplog.text
    [session] = stage.warehouse.tables[tables.SESSIONS]
    assert session["event_count"] == 1
    assert session["version"] > samples.NOW_MS + 3


def test_partitions_that_come_back_find_the_sessions_where_they_were() -> None:
    sizes = itertools.chain([1, 0], itertools.repeat(1))
    stage = Stage([status(1, "s1", "0xaa"), status(2, "s1", "0xaa")], fakes.settings(), sizes)
    rebalanced: list[bool] = []

    def rebalance() -> bool:
        if stage.broker.committed == 1 and stage.consumer is not None and not rebalanced:
            rebalanced.append(True)
            place = [kafka_input.TopicPartition("events", 0)]
            stage.consumer.on_revoke(stage.consumer, place)
            stage.consumer.assign_again(place)
        return stage.drained()

    stage.live(until=rebalance)

    assert rebalanced
    assert [row["event_count"] for row in stage.warehouse.tables[tables.SESSIONS]] == [1, 2]


def test_a_batch_whose_end_was_deleted_meanwhile_is_done_with_what_is_left() -> None:
    stage = Stage([trace(number) for number in range(3)], fakes.settings())
    stage.broker.committed, stage.broker.note = 0, '{"in_flight":[0,9],"at":1790000000000}'

    stage.live(until=lambda: stage.broker.committed == 10)

    assert len(stage.warehouse.tables["record_dispositions"]) == 3


def test_the_note_of_another_program_is_not_heeded() -> None:
    stage = Stage([trace(0)], fakes.settings())
    stage.broker.committed, stage.broker.note = 0, "checkpoint 17"

    stage.live()

    stage.assert_exact()


def test_duplicates_are_known_after_a_restart() -> None:
    stage = Stage([trace(0)], fakes.settings())
    stage.live()
    stage.broker.values[1] = trace(0)

    stage.live()

    assert [row["disposition"] for row in stage.warehouse.tables["record_dispositions"]] == ["accepted", "quarantine"]
    assert [kind for kind, _ in stage.rejects.sent] == ["quarantine"]


def test_rows_come_before_dispositions_and_both_before_the_offset() -> None:
    stage = Stage([trace(0), None], fakes.settings())

    stage.live()

    assert sorted(stage.warehouse.order[:-1]) == sorted([*STREAM_TABLES, "streaming_events_dlq"])
    assert stage.warehouse.order[-1:] == ["record_dispositions"]
    assert [(offset, note is None) for offset, note in stage.broker.commits] == [(0, False), (2, True)]


def test_a_reject_topic_that_fails_stops_the_job_before_the_offset_moves() -> None:
    stage = Stage([None], fakes.settings())

    def refuse(rejects: list[tuple[str, bytes]]) -> None:
        raise SinkError("no broker", hint="")

    stage.rejects.publish = refuse  # type: ignore[method-assign]
    with pytest.raises(SinkError):
        stage.live()

    assert stage.broker.committed == 0
    assert "record_dispositions" not in stage.warehouse.tables


def test_the_status_file_reports_the_end(tmp_path: Path) -> None:
    stage = Stage([trace(0), None], fakes.settings(tmp_path))
    stage.live()

    status = orjson.loads((tmp_path / "status.json").read_bytes())
    assert (status["state"], status["processed"], status["error"]) == ("stopped", 2, None)
    assert status["assigned"] == {"events": [0]}
    assert status["metrics"]["quality_gate.dlq"] == 1
    assert list(tmp_path.iterdir()) == [tmp_path / "status.json"]


def test_the_status_file_reports_a_failure(tmp_path: Path) -> None:
    stage = Stage([trace(0)], fakes.settings(tmp_path))
    stage.warehouse.fail_at = 0
    with pytest.raises(SinkError):
        stage.live()

    status = orjson.loads((tmp_path / "status.json").read_bytes())
    assert (status["state"], status["processed"], status["error"]) == ("failed", 0, "the insert was refused")


def test_partitions_that_are_taken_away_end_the_job() -> None:
    stage = Stage([trace(0)], fakes.settings())

    def lose() -> bool:
        if stage.consumer is not None and stage.drained():
            stage.consumer.on_lost(stage.consumer, [object()])
        return False

    with pytest.raises(SourceError):
        stage.live(until=lose)


def test_partitions_that_are_given_away_are_finished_first() -> None:
    stage = Stage([trace(0)], fakes.settings())
    given_away: list[int] = []

    def give_away() -> bool:
        if stage.drained() and stage.consumer is not None:
            stage.consumer.on_revoke(stage.consumer, [kafka_input.TopicPartition("events", 0)])
            given_away.append(stage.broker.committed)
        return bool(given_away)

    stage.live(until=give_away)

    assert given_away == [1]
    assert stage.broker.note is None
