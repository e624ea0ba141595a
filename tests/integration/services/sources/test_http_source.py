"""A source as a service of a stack, and a pipeline that fetches from it, through faults, with nothing else running."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from streamproof.model.content import ContentDifference
from streamproof.model.errors import StackError
from streamproof.model.settings import Connections, WarehouseSettings
from streamproof.model.stack import StackState
from streamproof.runs.context import RunContext
from streamproof.runs.planning import plan_run
from streamproof.runs.request import HostSettings, RunRequest
from streamproof.runtime.process import own_identity
from streamproof.services.sources.http_source import HttpSource
from streamproof.stages import external_stack, replay_events
from streamproof.stages.registry import STAGES
from streamproof.stages.serving.source import answered
from streamproof.stages.stack_up import stack_spec
from tests.support.served_pack import LOADER, MODULE, PACK, write_pack

FAULTS = """
faults:
  busy: {path: /a.txt, do: {kind: answer, status: 429, headers: {Retry-After: "1"}}}
  broken: {path: /a.txt, calls: [2], do: {kind: cut}}
  short: {path: /b.txt, always: true, do: {kind: cut_clean, share: 0.7}}
"""
# Prints what it has fetched instead of storing it.
PRINTING = LOADER.partition("stored = set(")[0] + "for name in JOB:\n    print(name, fetch(name).decode())\n"


class Warehouse:
    """Takes the ledger, and has no rows: each content is the same empty file."""

    def write_ledger(self, _positions, records, _unstated, _id_of):
        return len(list(records))

    def save_rows(self, _sql, file, *, source):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()

    def row_counts(self, tables):
        return dict.fromkeys(tables, 0)


@pytest.fixture
def served(home, tmp_path, monkeypatch):
    """The function that plans a run of the pack, without a stack."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    monkeypatch.setattr(RunContext, "warehouse", lambda _self: nullcontext(Warehouse()))
    equal = ContentDifference(("run 1", "run 2"), "letters", 1, (0, 0))
    monkeypatch.setattr("streamproof.stages.serving.repetitions.compare_contents", lambda *_args, **_named: equal)

    def plan(**request) -> RunContext:
        from datetime import UTC, datetime

        folder = write_pack(tmp_path, pack=PACK, loader=PRINTING)
        asked = RunRequest(run_id="r1", artifacts_root=tmp_path / "runs", pack=str(folder), **request)
        host = HostSettings(cache_dir=tmp_path / "cache")
        return plan_run(asked, STAGES, home=home, host=host, now=datetime.now(UTC))

    yield plan
    sys.modules.pop(MODULE, None)


async def with_source(ctx: RunContext, state: StackState, monkeypatch, use) -> None:
    """Start the source of a run, call `use` on a thread, and stop the source."""
    source = HttpSource.of(stack_spec(ctx), {}, dict(os.environ))
    try:
        (entry,) = await source.start(state, 30)
        up = replace(state, services=(entry,), **source.endpoints())
        monkeypatch.setattr(RunContext, "stack_state", lambda _self: up)
        await asyncio.to_thread(use)
    finally:
        await source.stop()
    assert not any(psutil.pid_exists(child.identity.pid) for child in source.children)


@pytest.fixture
def state():
    """The state of a stack that has nothing but a supervisor."""
    return StackState("r1", "starting", own_identity(), "none", "", "127.0.0.1", 0, 0, "u")


def test_a_pipeline_fetches_through_faults_and_what_it_never_got_is_named(served, state, monkeypatch, tmp_path):
    plan = tmp_path / "faults.yaml"
    plan.write_text(FAULTS)
    ctx = served(faults=str(plan))
    found = {}
    asyncio.run(with_source(ctx, state, monkeypatch, lambda: found.update(replay_events.run(ctx).details)))
    lines = (ctx.folder.stack / "logs" / "processor.log").read_text().splitlines()
    # The cut with a good end is silent: the pipeline prints two letters of three.
    assert [line for line in lines if "attempt" not in line] == ["a.txt abcdef", "b.txt xy"] * 2
    assert [line.partition(":")[0] for line in lines if "attempt" in line] == [
        "GET a.txt, attempt 1",
        "GET a.txt, attempt 2",
    ]
    assert found["faults"] == {"broken": 1, "busy": 1, "short": 2}
    assert found["by_status"] == {"200": 5, "429": 1}
    assert found["never_served"] == {"b.txt": 3}
    assert [one["requests"] for one in found["repetitions"]] == [4, 2]
    key = (ctx.folder.source / "key").read_text()
    for file in Path(ctx.folder.root).rglob("*"):
        if file.is_file() and file.parent != ctx.folder.source:
            assert key not in file.read_text(errors="replace"), f"{file} holds the key"


def test_a_pipeline_that_is_refused_ends_the_stage(served, state, monkeypatch, tmp_path):
    plan = tmp_path / "faults.yaml"
    plan.write_text("faults:\n  refused: {always: true, do: {kind: answer, status: 401}}\n")
    ctx = served(faults=str(plan))
    with pytest.raises(StackError, match=r"ended with code 1 in run 1 of 2, after 1 requests") as raised:
        asyncio.run(with_source(ctx, state, monkeypatch, lambda: replay_events.run(ctx)))
    assert "HTTP Error 401" in raised.value.hint
    assert [request.status for request in answered(ctx)] == [401]


def test_an_app_that_cannot_be_served_stops_the_start_and_says_why(served, state, monkeypatch):
    ctx = served()
    (Path(ctx.plan.pack_file).parent / "letters_of_support.py").write_text("import nothing_of_the_kind\n")
    with pytest.raises(StackError, match="Service source ended with code 1 while starting") as raised:
        asyncio.run(with_source(ctx, state, monkeypatch, lambda: None))
    assert "No module named 'nothing_of_the_kind'" in raised.value.hint


class Server:
    """A server on which the run has a database."""

    def release(self, database, run_id):
        return True

    def close(self):
        """Do nothing."""


def test_beside_services_that_run_already_the_stack_is_a_source_alone(served, monkeypatch):
    """The whole supervisor: no topic is made, no broker is asked, and nothing is left."""
    ctx = served(stack="external")
    settings = WarehouseSettings("warehouse.invalid", 8123, user="u", password="p1")
    ctx = ctx.connected(lambda: Connections(settings, source="the test"))
    monkeypatch.setattr(external_stack, "_check_warehouse", lambda _ctx, _outside: "26.9")
    monkeypatch.setattr(external_stack, "open_server", lambda _kind, _settings: Server())

    state = external_stack.bring_up(ctx, stack_spec(ctx), timeout=60)
    try:
        assert [service.name for service in state.services] == ["source"]
        assert (state.kafka_kind, state.outside, state.status) == ("external", {"clickhouse": "26.9"}, "ready")
        details = replay_events.run(ctx).details
        assert (details["never_served"], details["by_status"]) == ({}, {"200": 4})
    finally:
        assert external_stack.take_down(ctx, timeout=60)
    assert not ctx.folder.source.exists(), "the keys are removed with the stack"
    assert not psutil.pid_exists(state.services[0].process.pid)
    assert len(list(answered(ctx))) == 4
    log = (ctx.folder.stack / "logs" / "processor.log").read_text().splitlines()
    assert log == ["a.txt abcdef", "b.txt xyz"] * 2
