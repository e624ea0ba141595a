"""What a drain concludes for a pack that accounts for its records, and for one that does not."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from streamproof.packs.accounting import Accounting, Drained
from streamproof.stages.pipeline_wait import _Drain
from streamproof.warehouse.values import TableState

REPLAY = {"published": 5, "start_offsets": {"0": 0}, "end_offsets": {"0": 5}, "raw_end_offsets": {"0": 4}}


class Consumers:
    """Answers how far each group has committed."""

    def __init__(self, **committed: int) -> None:
        self.committed_by = committed

    def committed(self, group, topic, partitions):
        role = group.rpartition(".")[2]
        return {0: self.committed_by[role]} if role in self.committed_by else {}


@pytest.fixture
def drain(planned, monkeypatch):
    """Return a function that makes a drain of a pack with this accounting, whose stack is up.

    The second value is the number of rows by table, the third the number of running inserts.
    """
    rows, running = {"a": 3, "b": 1}, [0]
    parts = {"a": frozenset({"all_1_1_0"}), "b": frozenset()}
    warehouse = SimpleNamespace(
        table_states=lambda tables: {table: TableState(rows[table], parts[table]) for table in tables},
        inserts_running=lambda: running[0],
        value_kinds_read=("bytes",),
    )

    def make(consumers, **drained):
        ctx = planned()
        ctx = replace(ctx, pack=ctx.pack.model_copy(update={"accounting": Accounting(drained=Drained(**drained))}))
        monkeypatch.setattr(type(ctx), "stack_state", lambda _ctx: None)
        return _Drain(ctx, REPLAY, consumers, warehouse), rows, running

    return make


def test_tables_have_settled_when_they_stand_still_over_two_looks(drain):
    looks, rows, _ = drain(Consumers(raw=4), consumer_groups=("raw",), settled_tables=("a", "b"))

    first = looks.look()
    assert (first.done, "table a at rest (3 rows)" in first.missing) == (False, True)
    rows["b"] = 2
    second = looks.look()
    assert (second.done, second.missing) == (False, "table b at rest (2 rows)")
    assert looks.look().done


def test_what_is_at_rest_has_not_settled_while_an_insert_runs(drain):
    looks, _, running = drain(Consumers(raw=4), consumer_groups=("raw",), settled_tables=("a",))

    looks.look()
    running[0] = 2
    assert looks.look().missing == "2 inserts still running"
    running[0] = 0
    assert looks.look().done


def test_a_group_that_is_behind_is_named_before_any_table_is_looked_at(drain):
    looks, _, _ = drain(Consumers(raw=4), consumer_groups=("processor", "raw"), settled_tables=("a",))

    assert looks.look().missing == "processor at partition 0 committed 0 of 5"
    assert looks.before == {}


def test_the_warehouses_own_consumer_need_not_commit_past_records_that_it_skips(drain):
    looks, _, _ = drain(Consumers(raw=4, processor=4), consumer_groups=("raw",))
    assert looks.look().done


def test_without_topics_a_run_has_drained_when_its_tables_stand_still(drain):
    looks, rows, running = drain(None, settled_tables=("a",))

    assert not looks.look().done
    rows["a"] = 4
    assert looks.look().missing == "table a at rest (4 rows)"
    running[0] = 1
    assert looks.look().missing == "1 inserts still running"
    running[0] = 0
    assert looks.look().done
