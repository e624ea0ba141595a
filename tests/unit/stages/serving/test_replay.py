"""A set is served: the pipeline runs as often as its pack says, and the stage says what it asked for."""

from __future__ import annotations

import sys
from contextlib import nullcontext

import pytest

from streamproof.model.content import ContentDifference, TableDifference
from streamproof.model.errors import StackError, WarehouseError
from streamproof.model.results import Status
from streamproof.model.stack import StackState
from streamproof.runs.context import RunContext
from streamproof.runs.execute import execute
from streamproof.runtime.process import own_identity
from streamproof.stages import replay_events
from streamproof.stages.processor_ready import processor_unfinished
from streamproof.stages.publishing.diagnostics import requests
from streamproof.stages.schema_apply import feed_of
from streamproof.stages.serving.repetitions import repetition_check
from tests.support.served_pack import MODULE, PACK, write_pack

# Stands for the pipeline and its source: each start notes two answers, of which the second start's are all broken off.
LOADER = """
import json, os, pathlib, sys
start = int(sys.argv[1])
print("start", start, os.environ["SOURCE_URL"], os.environ["SOURCE_KEY"], *sys.argv[2:])
with open("requests.jsonl", "a") as ledger:
    for name, end in (("a.txt", 6), ("b.txt", 2)):
        request = {"at": 1.0, "method": "GET", "path": f"/{name}", "asked": "", "status": 200, "size": end}
        request |= {"whole": start == 1, "fault": "" if start == 1 else "broken"}
        ledger.write(json.dumps({**request, "spans": [{"file": name, "first": 0, "end": end}]}) + chr(10))
sys.exit(int(pathlib.Path("codes").read_text().split()[start - 1]))
"""
FAULTS = "faults:\n  broken: {do: {kind: cut}}\n"


class Warehouse:
    """Keeps the ledger. After each run of the pipeline there are so many rows more."""

    def __init__(self) -> None:
        self.ledger: list[tuple[str, int, int, str, bytes]] = []
        self.rows = 9
        self.added_by_each_run = 0

    def write_ledger(self, positions, records, unstated, id_of):
        places = zip(positions.partitions, positions.offsets, records, strict=True)
        self.ledger = [(positions.topic, part, at, id_of(event, value), value) for part, at, (event, value) in places]
        return len(self.ledger)

    def save_rows(self, sql, file, *, source):
        """Write what two contents are compared by: the number of rows."""
        assert "FROM letters" in sql
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(str(self.rows))

    def row_counts(self, tables):
        self.rows += self.added_by_each_run
        return dict.fromkeys(tables, self.rows)


def compared(kind, one, other, *, rows):
    """Compare the numbers of rows that stand in the files of two contents."""
    assert kind == "clickhouse"
    (table,) = one.content.tables
    before, after = (int((side.folder / table.file).read_text()) for side in (one, other))
    more = TableDifference(table.layer, table.name, (before, after), (0, after - before))
    return ContentDifference((one.name, other.name), "letters", 1, (before, after), (more,) if after > before else ())


@pytest.fixture
def served(planned, tmp_path, monkeypatch):
    """The function that plans a run whose program ends with these codes, and its warehouse."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    warehouse = Warehouse()
    state = StackState("r1", "ready", own_identity(), "none", "", "127.0.0.1", 1, 2, "u", source_url="https://s:1")
    monkeypatch.setattr(RunContext, "stack_state", lambda _self: state)
    monkeypatch.setattr(RunContext, "warehouse", lambda _self: nullcontext(warehouse))
    monkeypatch.setattr("streamproof.stages.serving.repetitions.compare_contents", compared)

    def plan(codes: str = "0 0", pack: str = PACK, **request) -> tuple[RunContext, Warehouse]:
        folder = write_pack(tmp_path, pack=pack, loader=LOADER)
        ctx = planned(pack=str(folder), **request)
        ctx.folder.source.mkdir(parents=True)
        (ctx.folder.source / "key").write_text("secret")
        (ctx.folder.stack / "codes").write_text(codes)
        return ctx, warehouse

    yield plan
    sys.modules.pop(MODULE, None)


def test_the_pipeline_runs_twice_and_the_ledger_has_every_record(served):
    ctx, warehouse = served()
    details = replay_events.run(ctx).details
    assert warehouse.ledger[0] == ("r1.source", 0, 0, "a.txt-0", b"a")
    assert sorted(warehouse.ledger)[-1] == ("r1.source", 1, 2, "b.txt-2", b"z")
    assert len(warehouse.ledger) == details["published"] == 9
    assert [(one["number"], one["requests"], one["rows"]) for one in details["repetitions"]] == [
        (1, 2, {"letters": 9}),
        (2, 2, {"letters": 9}),
    ]
    assert all(one["peak_rss_bytes"] > 1_000_000 and one["seconds"] > 0 for one in details["repetitions"])
    log = (ctx.folder.stack / "logs" / "processor.log").read_text()
    assert log.splitlines() == ["start 1 https://s:1 secret", "start 2 https://s:1 secret"]


def test_a_later_run_gets_the_arguments_that_the_pack_adds_to_it(served):
    ctx, _ = served(pack=PACK.replace("argv:", 'repeat_arguments: {2: ["{database}"]}\n    argv:'))
    replay_events.run(ctx)
    log = (ctx.folder.stack / "logs" / "processor.log").read_text()
    assert [line.split()[4:] for line in log.splitlines()] == [[], [ctx.names.database]]


def test_the_source_makes_the_job_that_asks_for_the_whole_set(served):
    ctx, _ = served()
    replay_events.run(ctx)
    assert (ctx.folder.source_files / "jobs" / "all.json").read_text() == '["a.txt", "b.txt"]'


def test_what_was_asked_for_is_counted_and_what_was_never_served_is_named(served):
    ctx, _ = served()
    details = replay_events.run(ctx).details
    assert (details["requests"], details["by_status"], details["faults"]) == (4, {"200": 4}, {"broken": 2})
    # Of b.txt, three letters: the last one was in no answer. What was broken off does not count.
    assert details["never_served"] == {"b.txt": 1}
    assert details["files"] == ["a.txt", "b.txt"]


def test_a_run_that_changes_nothing_passes_and_leaves_no_copy(served):
    ctx, _ = served()
    details = replay_events.run(ctx).details
    assert [(found["b"], found["equal"]) for found in details["changes"]] == [("run 2", True)]
    assert repetition_check(details, "conservation").status is Status.PASSED
    assert not (ctx.folder.root / "repetitions").exists()


def test_a_run_that_adds_a_row_fails_and_its_content_is_kept(served):
    ctx, warehouse = served()
    warehouse.added_by_each_run = 2
    check = repetition_check(replay_events.run(ctx).details, "conservation")
    assert (check.status, check.failed_rows, check.layer) == (Status.FAILED, 2, "typed")
    assert check.diagnostics["changes"]["run 2"][0]["only_in_b"] == 2
    assert {folder.name for folder in (ctx.folder.root / "repetitions").iterdir()} == {"1", "2"}


def test_a_content_that_cannot_be_saved_is_an_error(served, monkeypatch):
    ctx, _ = served()

    def refuse(*_args, **_named):
        raise WarehouseError("No space left.", hint="")

    monkeypatch.setattr(Warehouse, "save_rows", refuse)
    with pytest.raises(StackError, match=r"content of letters after run 1 .* No space left"):
        replay_events.run(ctx)


def test_a_pipeline_that_runs_once_is_compared_with_nothing(served):
    ctx, _ = served(pack=PACK.replace("repeat: 2\n", ""))
    details = replay_events.run(ctx).details
    assert (len(details["repetitions"]), details["changes"]) == (1, [])


def test_checks_get_the_parameters_that_they_get_of_a_published_set_and_those_of_the_runs(served):
    ctx, _ = served()
    execute(ctx, "replay_events", replay_events.run)
    known = ctx.check_parameters()
    assert known["published_by_scenario"] == {"words": 1, "ends": 1}
    assert known["published_in_window"] == {"letter": 9}
    assert (known["expected_dlq"], known["published_records"], known["input_topic"]) == ({}, 9, "r1.source")
    assert known["requests_by_repetition"] == [2, 2]
    assert len(known["seconds_by_repetition"]) == len(known["peak_rss_bytes_by_repetition"]) == 2


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        ("4 0", "The pipeline ended with code 4 in run 1 of 2, after 2 requests."),
        ("0 3", "The pipeline ended with code 3 in run 2 of 2, after 2 requests."),
    ],
)
def test_a_pipeline_that_fails_ends_the_stage_with_its_last_lines(served, codes, message):
    ctx, _ = served(codes)
    with pytest.raises(StackError) as raised:
        replay_events.run(ctx)
    assert raised.value.message == message
    assert "start 1" in raised.value.hint
    # The program has printed its key.
    assert "secret" in raised.value.hint
    assert "secret" not in execute(ctx, "replay_events", replay_events.run).hint
    # The diagnostics show what it asked for.
    assert {request["path"] for request in requests(ctx)} == {"/a.txt", "/b.txt"}


def test_a_planned_fault_that_never_happened_is_an_error(served, tmp_path):
    plan = tmp_path / "faults.yaml"
    plan.write_text(FAULTS)
    ctx, _ = served(faults=str(plan))
    assert replay_events.run(ctx).details["faults"] == {"broken": 2}
    plan.write_text(FAULTS + "  busy: {path: /c.txt, do: {kind: answer, status: 429}}\n")
    with pytest.raises(StackError, match="`busy` was never applied"):
        replay_events.run(ctx)


def test_later_stages_wait_for_no_process_and_the_warehouse_reads_no_topic(served):
    ctx, _ = served()
    assert processor_unfinished(ctx) == []
    assert feed_of(ctx) is None
