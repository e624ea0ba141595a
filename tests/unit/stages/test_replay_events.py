"""The records of a run are read once, by planning; another process reads them again and refuses a set that changed."""

from __future__ import annotations

import shutil
from contextlib import nullcontext
from pathlib import Path

import pytest

from streamproof.fixtures import verify
from streamproof.model.errors import FixtureError
from streamproof.runs import context
from streamproof.runs.context import RunContext
from streamproof.stages import planned as planned_module
from streamproof.stages import replay_events
from streamproof.stages.planned import planned_replay
from streamproof.transport.base import Published


@pytest.fixture
def own_set(home, tmp_path) -> Path:
    """The manifest of a copy of the golden set."""
    return Path(shutil.copytree(home / "include/fixtures/livepeer/golden", tmp_path / "golden")) / "manifest.json"


def test_the_process_that_planned_a_run_reads_its_records_once(planned, own_set, monkeypatch):
    read = []
    for module in (verify, planned_module):
        plan_replay = module.plan_replay
        monkeypatch.setattr(
            module, "plan_replay", lambda *args, _read=plan_replay, **named: read.append(args) or _read(*args, **named)
        )
    ctx = planned(manifest=str(own_set))

    assert planned_replay(ctx) is planned_replay(ctx)
    assert len(planned_replay(ctx).events) == ctx.plan.fixture_events
    assert len(read) == 1


def test_another_process_has_the_same_records(planned, own_set):
    ctx = planned(manifest=str(own_set))
    again = planned_replay(RunContext.open(ctx.folder.root))

    assert [value for _, value in again.records()] == [value for _, value in planned_replay(ctx).records()]


def test_another_process_has_the_same_part_of_the_set_moved_by_the_same_span(planned, own_set):
    ctx = planned(manifest=str(own_set), events=100, shift_to="now")
    again = planned_replay(RunContext.open(ctx.folder.root))

    assert ctx.plan.shift_ms > 0
    assert len(again.events) == ctx.plan.fixture_events == 100
    assert list(again.records()) == list(planned_replay(ctx).records())


def test_another_process_refuses_a_set_that_has_changed(planned, own_set):
    ctx = planned(manifest=str(own_set))
    own_set.write_bytes(own_set.read_bytes() + b"\n")

    with pytest.raises(FixtureError, match="has changed since the run was planned"):
        planned_replay(RunContext.open(ctx.folder.root))


@pytest.mark.parametrize(("speed", "factor"), [("max", None), ("7200x", 7200.0)])
def test_the_speed_of_a_run_is_the_pace_of_its_replay(planned, own_set, monkeypatch, speed, factor):
    given: dict = {}

    class Kafka:
        def publish(self, _settings, topic, records, *, course, **_options):
            events = [event for event, _ in records]
            given["factor"] = course.pace and course.pace.factor
            if course.pace is not None:
                given["due"] = [course.pace.due_sec(event.publish_ms) for event in events]
                course.pace.errors.add(0.002)
            count = len(events)
            return Published(topic, count, [0] * count, range(count), {0: 0}, {0: count}, 2.0)

    class Ledger:
        value_kinds_read = ("bytes",)

        def write_ledger(self, published, *_more):
            return published.acknowledged

    monkeypatch.setattr(context, "transport_of", lambda _kind: Kafka())
    monkeypatch.setattr(RunContext, "kafka", lambda _self: None)
    monkeypatch.setattr(RunContext, "warehouse", lambda _self: nullcontext(Ledger()))
    outcome = replay_events.run(planned(manifest=str(own_set), speed=speed, events=100))

    assert given["factor"] == factor
    assert outcome.details.get("send_error") == (
        None if factor is None else {"median_ms": 2.0, "p99_ms": 2.0, "max_ms": 2.0}
    )
    if factor is not None:
        # 31 hours of events.
        assert given["due"][0] == 0
        assert 15.5 < given["due"][-1] < 15.6
