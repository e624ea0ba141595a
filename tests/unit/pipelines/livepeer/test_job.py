"""The running job on a broker and a warehouse in memory: nothing lost, nothing twice, wherever it is cut off."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.livepeer import kafka_input
from pipelines.livepeer.config import Settings
from pipelines.livepeer.errors import ProcessorError, SinkError, SourceError
from pipelines.livepeer.job import Clocks, Job
from pipelines.livepeer.kafka_input import KafkaInput
from pipelines.livepeer.local import build_processor
from pipelines.livepeer.metrics import Metrics
from pipelines.livepeer.status_file import StatusFile
from pipelines.livepeer.writer import Writer

from . import fakes, samples


class Rejects:
    """A reject topic that keeps what it gets."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []

    def publish(self, rejects: list[tuple[str, bytes]]) -> None:
        self.sent += rejects


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

    def live(self, *, until: Callable[[], bool] | None = None) -> Job:
        """Run one life of the job, by default until everything is read and committed. Raises what it dies of."""
        writer = Writer(self.warehouse, self.rejects, self.settings.sink)  # type: ignore[arg-type]
        clocks = Clocks(lambda: next(self.ticks), lambda: next(self.ticks) / 1000)
        job = Job(
            build_processor(self.settings),
            writer,
            self.warehouse.accepted_keys,
            Metrics(60),
            StatusFile(self.settings.status_file),
            clocks,
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(kafka_input, "Consumer", self._consumer)
            source = KafkaInput(self.settings, job.land, clocks.now_ms)
            try:
                job.run(source, until or self.drained)
            except ProcessorError as error:
                job.fail(error.message)
                raise
            finally:
                writer.close()
                source.close()
        return job

    def drained(self) -> bool:
        return self.broker.committed > max(self.broker.values, default=-1)

    def _consumer(self, configuration: dict[str, object]) -> fakes.FakeConsumer:
        assert configuration["enable.auto.commit"] is False
        self.consumer = fakes.FakeConsumer(self.broker, self.sizes)
        return self.consumer

    def assert_exact(self) -> None:
        """Every record has one disposition, every row one record that names it, and every id was accepted once."""
        dispositions = self.warehouse.tables.get("record_dispositions", [])
        assert sorted(row["source_offset"] for row in dispositions) == sorted(self.broker.values)
        for table in {name for row in dispositions for name in row["rows_written"]} | self.warehouse.tables.keys():
            if table == "record_dispositions":
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
CRASHES = st.lists(st.tuples(st.sampled_from(["insert", "answer", "commit"]), st.integers(0, 8)), max_size=5)


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


def test_a_batch_that_was_cut_off_is_done_again_as_it_was() -> None:
    stage = Stage(
        [trace(number) for number in range(5)], fakes.settings(), itertools.chain([1, 2, 0], itertools.repeat(9))
    )
    stage.warehouse.fail_at = 1  # the dispositions, after the typed rows
    with pytest.raises(SinkError):
        stage.live()
    assert stage.broker.committed == 0
    assert orjson.loads(stage.broker.note or "")["in_flight"] == [0, 2]

    stage.live()

    stage.assert_exact()
    assert stage.warehouse.order == [
        "stream_trace_events",
        "record_dispositions",
        "stream_trace_events",
        "record_dispositions",
    ]


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

    assert sorted(stage.warehouse.order[:2]) == ["stream_trace_events", "streaming_events_dlq"]
    assert stage.warehouse.order[2:] == ["record_dispositions"]
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


def test_the_status_file_tells_of_the_end(tmp_path: Path) -> None:
    stage = Stage([trace(0), None], fakes.settings(tmp_path))
    stage.live()

    status = orjson.loads((tmp_path / "status.json").read_bytes())
    assert (status["state"], status["processed"], status["error"]) == ("stopped", 2, None)
    assert status["assigned"] == {"events": [0]}
    assert status["metrics"]["quality_gate.dlq"] == 1
    assert list(tmp_path.iterdir()) == [tmp_path / "status.json"]


def test_the_status_file_tells_of_a_failure(tmp_path: Path) -> None:
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
