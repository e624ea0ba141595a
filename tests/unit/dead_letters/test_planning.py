"""Every record of the dead-letter topic that was read is counted in exactly one place, and sent in its old order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from streamproof.dead_letters import pipeline as pipeline_module
from streamproof.dead_letters.outgoing import outgoing_records
from streamproof.dead_letters.pipeline import Pipeline, processor_variables
from streamproof.dead_letters.planning import plan_replay, preview
from streamproof.dead_letters.replaying import replay, replay_folder
from streamproof.dead_letters.request import ReplayRequest, edits_of
from streamproof.environment import DlqReplayVariables
from streamproof.model.errors import StackError, UsageError
from streamproof.model.settings import KafkaSettings
from streamproof.packs.loading import read_pack
from streamproof.transport.base import ReadRecord

START = 1_772_226_000_000
HOUR = 3_600_000


@dataclass
class Topics:
    """A transport with dead letters in memory, which keeps what is published."""

    letters: list[ReadRecord] = field(default_factory=list)
    published: list[Any] = field(default_factory=list)
    reads: int = 0
    holds_all: bool = True

    def retained(self, _settings: KafkaSettings, topic: str) -> Mapping[int, tuple[int, int]]:
        if topic.startswith("events.dlq"):
            return {0: (0, len(self.letters))}
        return {0: (0, 40), 1: (0, 2)}

    def read(self, _settings: KafkaSettings, _topic: str, _span: Any = None) -> Iterator[ReadRecord]:
        self.reads += 1
        yield from self.letters

    def publish_once(self, _settings: KafkaSettings, series: Any, records: Any, *, watch: Any) -> list[tuple[int, int]]:
        watch(0)
        self.published = list(records)
        return [(0, number) for number in range(len(self.published) - (not self.holds_all))]

    def add(self, event_id: str = "a", *, time: int | None = START, offset: int | None = None, **more: Any) -> None:
        """Add a dead letter."""
        number = len(self.letters)
        body = {"id": event_id, "data": {"stream_id": "s", **more.pop("data", {})}, **more.pop("body", {})}
        envelope = {
            "source": {"topic": "streaming_events", "partition": 1, "offset": number if offset is None else offset,
                       "recordTimestamp": time},
            "failure": {"failureClass": more.pop("failure_class", "SCHEMA_INVALID"),
                        "reason": more.pop("reason", "missing_field")},
            "identity": {"eventId": event_id},
            "payload": {"encoding": more.pop("encoding", "json"), "body": json.dumps(body)},
            "eventTimestamp": time,
        }  # fmt: skip
        self.letters.append(ReadRecord(0, number, json.dumps(envelope).encode(), milliseconds=time))


@pytest.fixture
def topics(monkeypatch) -> Topics:
    found = Topics()
    monkeypatch.setattr(pipeline_module, "transport_of", lambda _kind: found)
    return found


@pytest.fixture
def pipeline(home) -> Pipeline:
    return Pipeline.of(read_pack(home / "include/packs/livepeer/pack.yaml", home), KafkaSettings("nowhere"))


def planned(pipeline: Pipeline, folder: Path, request: ReplayRequest, name: str = "r1") -> dict[str, Any]:
    """Plan, and require that every record is in one place: in the plan's counts, and in its files."""
    files = replay_folder(folder, name)
    plan = plan_replay(pipeline, request, name, files)
    assert plan["read"] == plan["selected"] + sum(plan["skipped"].values())
    assert sum(entry["letters"] for entry in plan["histogram"]) == plan["selected"]
    sent = [dict(record.headers)["sp-dead-letter"].decode() for record in outgoing_records(files.letters)]
    skipped = [f"{line['partition']}:{line['offset']}" for line in map(json.loads, files.skipped.open())]
    assert sorted(sent + skipped) == sorted(set(sent + skipped))
    assert len(sent) + len(skipped) == plan["read"]
    return plan


def test_the_window_the_filters_and_what_is_no_letter(topics, pipeline, tmp_path):
    topics.add("before", time=START - 1)
    topics.add("first", time=START)
    topics.add("last", time=START + HOUR - 1)
    topics.add("end", time=START + HOUR)
    topics.add("timeless", time=None)
    topics.add("other", reason="missing_data")
    topics.add("bytes", encoding="base64")
    topics.add("bytes-before", encoding="base64", time=START - 1)
    topics.letters.append(ReadRecord(0, 8, b"?"))
    plan = planned(pipeline, tmp_path, ReplayRequest(START, START + HOUR, reasons=("missing_field",)))
    assert plan["selected"] == 2
    assert plan["skipped"] == {"outside_window": 3, "no_time": 1, "filtered": 1, "not_text": 1, "unparsable": 1}
    assert plan["span"] == {"from_ms": START, "to_ms": START + HOUR}
    assert plan["histogram"] == [
        {"failure_class": "SCHEMA_INVALID", "reason": "missing_field", "hour": "2026-02-27T21:00:00.000Z", "letters": 2}
    ]


def test_the_order_of_the_rejected_records_is_kept_and_where_they_go(topics, pipeline, tmp_path):
    for offset in (9, 3, 7):
        topics.add(f"e{offset}", offset=offset, time=START + offset)
    planned(pipeline, tmp_path, ReplayRequest())
    found = list(outgoing_records(replay_folder(tmp_path, "r1").letters))
    assert [json.loads(record.value)["id"] for record in found] == ["e3", "e7", "e9"]
    assert {(record.key, record.partition) for record in found} == {(b"s", 1)}
    assert [record.milliseconds for record in found] == [START + 3, START + 7, START + 9]
    marked = json.loads(found[0].value)
    assert {name: marked[name] for name in marked if name.startswith("__") and name != "__replay_ts"} == {
        "__replay": True, "__replay_source": "dlq", "__replay_failure_class": "SCHEMA_INVALID", "__replay_count": 1,
    }  # fmt: skip


def test_a_record_with_several_letters_is_sent_once(topics, pipeline, tmp_path):
    topics.add("a", offset=5)
    topics.add("a", offset=5, reason="parse_exception")
    topics.add("a", offset=6)
    assert planned(pipeline, tmp_path, ReplayRequest())["skipped"] == {"repeated": 2}


def test_two_events_that_share_an_id_are_both_sent(topics, pipeline, tmp_path):
    topics.add("a")
    topics.add("a", data={"x": 1})
    assert planned(pipeline, tmp_path, ReplayRequest())["selected"] == 2


def test_an_event_that_failed_again_is_sent_from_its_latest_letter(topics, pipeline, tmp_path):
    topics.add("a")
    topics.add("a", body={"__replay": True, "__replay_count": 1}, data={"fixed": 1})
    plan = planned(pipeline, tmp_path, ReplayRequest())
    assert (plan["selected"], plan["skipped"]) == (1, {"superseded": 1})
    [record] = outgoing_records(replay_folder(tmp_path, "r1").letters)
    assert json.loads(record.value)["__replay_count"] == 2


@pytest.mark.parametrize("reasons", [(), ("missing_field",)])
def test_no_event_is_sent_more_often_than_allowed(topics, pipeline, tmp_path, reasons):
    """Also when the filter leaves out the letter that says how often it was sent."""
    topics.add("a")
    topics.add("a", body={"__replay": True, "__replay_count": 1})
    topics.add("a", body={"__replay": True, "__replay_count": 2}, reason="parse_exception")
    topics.add("b")
    plan = planned(pipeline, tmp_path, ReplayRequest(reasons=reasons))
    assert plan["selected"] == 1
    assert plan["skipped"]["superseded"] == 2
    assert planned(pipeline, tmp_path, ReplayRequest(max_replays=3), "r2")["selected"] == 2


def test_corrections_are_counted(topics, pipeline, tmp_path):
    topics.add("a", data={"pipe": "x"})
    topics.add("b")
    plan = planned(pipeline, tmp_path, ReplayRequest(edits=edits_of(["data.pipe=data.pipeline"], None)))
    assert plan["edits"] == [{"edit": "data.pipe -> data.pipeline", "changed": 1}]


def test_nothing_to_send_is_an_error_that_says_what_was_read(topics, pipeline, tmp_path):
    topics.add("a", time=START - 1)
    with pytest.raises(UsageError, match=r"1 records were read from .*; 1 outside_window"):
        plan_replay(pipeline, ReplayRequest(START), "r1", replay_folder(tmp_path, "r1"))
    assert {path.name for path in replay_folder(tmp_path, "r1").path.iterdir()} == {"skipped.jsonl"}


def test_a_refused_or_broken_scan_leaves_no_body(topics, pipeline, tmp_path, monkeypatch):
    topics.add("a")
    monkeypatch.setattr(topics, "retained", lambda _settings, _topic: {0: (5, 6)})
    with pytest.raises(UsageError, match="may have dropped records"):
        plan_replay(pipeline, ReplayRequest(START - 1), "r1", replay_folder(tmp_path, "r1"))
    assert list(replay_folder(tmp_path, "r1").path.iterdir()) == []


def test_a_plan_is_made_once_and_for_one_request(topics, pipeline, tmp_path):
    topics.add("a")
    files = replay_folder(tmp_path, "r1")
    plan = plan_replay(pipeline, ReplayRequest(), "r1", files)
    topics.add("late")
    # How fast is no part of what.
    assert plan_replay(pipeline, ReplayRequest(rate=5.0), "r1", files) == plan
    assert topics.reads == 1
    with pytest.raises(UsageError, match="planned with another max_replays: 2, not 1"):
        plan_replay(pipeline, ReplayRequest(max_replays=1), "r1", files)
    with pytest.raises(UsageError, match="planned with another output_topic"):
        plan_replay(replace(pipeline, output_topic="elsewhere"), ReplayRequest(), "r1", files)


def test_a_dry_run_leaves_nothing_to_send(topics, pipeline, tmp_path):
    topics.add("a")
    files = replay_folder(tmp_path, "r1")
    assert preview(pipeline, ReplayRequest(), "r1", files)["selected"] == 1
    assert {path.name for path in files.path.iterdir()} == {"skipped.jsonl"}


def test_a_replay_that_has_ended_sends_nothing_again_and_keeps_no_body(topics, pipeline, tmp_path):
    topics.add("a")
    files = replay_folder(tmp_path, "r1")
    _, first = replay(pipeline, ReplayRequest(), files)
    assert len(topics.published) == 1
    topics.published = []
    _, again = replay(pipeline, ReplayRequest(), files)
    assert again == first
    assert topics.published == []
    assert not files.letters.exists()


def test_a_topic_that_does_not_hold_all_is_an_error(topics, pipeline, tmp_path):
    topics.add("a")
    topics.holds_all = False
    with pytest.raises(StackError, match="holds 0 records of replay r1, not 1"):
        replay(pipeline, ReplayRequest(), replay_folder(tmp_path, "r1"))
    files = replay_folder(tmp_path, "r1")
    files.letters.unlink()
    with pytest.raises(StackError, match="is gone"):
        replay(pipeline, ReplayRequest(), files)


def test_no_topic_is_replayed_into_itself(home):
    pack = read_pack(home / "include/packs/livepeer/pack.yaml", home)
    with pytest.raises(UsageError, match="into itself"):
        Pipeline.of(pack, KafkaSettings("nowhere"), output_topic=pack.topics["dlq"])
    with pytest.raises(UsageError, match="does not say how"):
        Pipeline.of(pack.model_copy(update={"dead_letters": None}), KafkaSettings("nowhere"))


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a" * 65])
def test_no_replay_id(name, tmp_path):
    with pytest.raises(UsageError, match="not a replay id"):
        replay_folder(tmp_path, name)


def test_the_variables_of_a_replay_fall_back_to_those_of_the_processor(home):
    names = processor_variables(read_pack(home / "include/packs/livepeer/pack.yaml", home))
    given = {"QUALITY_DLQ_TOPIC": "d", "QUALITY_INPUT_TOPIC": "i", "QUALITY_KAFKA_BOOTSTRAP": "b:1",
             "REPLAY_OUTPUT_TOPIC": "o", "REPLAY_START_EPOCH_MS": "12"}  # fmt: skip
    found = DlqReplayVariables.read_for(names, given)
    assert (found.bootstrap, found.dlq_topic, found.output_topic) == ("b:1", "d", "o")
    assert (found.start_ms, found.end_ms, found.group) == (12, None, "")
    with pytest.raises(UsageError, match="REPLAY_END_EPOCH_MS is 'soon'"):
        DlqReplayVariables.read_for(names, {"REPLAY_END_EPOCH_MS": "soon"})


class KilledError(BaseException):
    """The end of a process."""


@dataclass
class Mortal(Topics):
    """The same topics, whose user dies at a given step. What was published stays, as a transport promises."""

    dies_at: int = 0
    steps: int = 0
    topic: dict[int, Any] = field(default_factory=dict)

    def step(self) -> None:
        """Count a step, and die at it."""
        self.steps += 1
        if self.steps == self.dies_at:
            raise KilledError

    def retained(self, settings: KafkaSettings, topic: str) -> Mapping[int, tuple[int, int]]:
        self.step()
        return super().retained(settings, topic)

    def read(self, settings: KafkaSettings, topic: str, span: Any = None) -> Iterator[ReadRecord]:
        for record in super().read(settings, topic, span):
            self.step()
            yield record

    def publish_once(self, _settings: KafkaSettings, series: Any, records: Any, *, watch: Any) -> list[tuple[int, int]]:
        self.step()
        watch(len(self.topic))
        for number, record in enumerate(records):
            if number in self.topic:
                assert self.topic[number] == record
                continue
            self.step()
            self.topic[number] = record
            watch(len(self.topic))
        self.step()
        return [(0, number) for number in sorted(self.topic)]


def test_killed_at_any_step_it_sends_each_record_once_and_always_the_same(home, tmp_path, monkeypatch, pipeline):
    letters = Topics()
    for name in ("a", "b", "c"):
        letters.add(name)
    write, results, dies_at, survived = pipeline_module.ReplayFolder.write, [], 0, False
    while not survived:
        dies_at += 1
        topics = Mortal(list(letters.letters), dies_at=dies_at)
        monkeypatch.setattr(pipeline_module, "transport_of", lambda _kind, topics=topics: topics)

        def mortal_write(folder: Any, file: Path, document: Any, topics: Mortal = topics) -> None:
            topics.step()
            write(folder, file, document)
            topics.step()

        monkeypatch.setattr(pipeline_module.ReplayFolder, "write", mortal_write)
        files = replay_folder(tmp_path, f"r{dies_at}")
        try:
            replay(pipeline, ReplayRequest(), files)
            survived = True
        except KilledError:
            # What comes in meanwhile belongs to no plan that was made before.
            planned_before = files.plan.exists()
            topics.add("late")
            replay(pipeline, ReplayRequest(), files)
            assert len(topics.topic) == (3 if planned_before else 4)
        assert not files.letters.exists()
        results.append(len(topics.topic))
    # Two looks at offsets, three letters, the plan, five steps of publishing, the result: each was the last once.
    assert results[-1] == 3
    assert dies_at == 15
