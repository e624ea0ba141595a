"""Two runs beside each other, and the run before a run."""

from __future__ import annotations

import pytest

from streamproof.history.comparing import Pair, compare
from streamproof.history.previous import failures_before, previous_run


def test_it_names_what_differs(entry, check):
    a = entry(1, checks={"o.same": check(rows=3.0), "o.broke": check(), "o.gone": check(), "o.moved": check(n=1.0)})
    b = entry(
        2, "failed", stages={"stack_up": 4.0, "prove": 1.0},
        checks={"o.same": check(rows=3.0), "o.broke": check("failed"), "o.moved": check(n=2.0), "o.new": check()},
    )  # fmt: skip

    found = compare(a, b)

    assert found.verdicts == ("passed", "failed")
    assert found.checks_that_changed == (Pair("o.broke", "passed", "failed"),)
    assert found.stage_times == (Pair("stack_up", 3.0, 4.0),)
    assert found.diagnostics_that_changed == (Pair("o.moved.n", 1.0, 2.0),)
    assert (found.only_in_a, found.only_in_b) == (("o.gone",), ("o.new",))


def test_a_run_does_not_differ_from_itself(entry):
    found = compare(entry(1), entry(1))

    assert (found.checks_that_changed, found.diagnostics_that_changed, found.only_in_a, found.only_in_b) == ((),) * 4


def test_the_run_before_is_the_last_one_of_its_kind(entry):
    runs = [entry(3), entry(2), entry(1)]

    assert previous_run(runs, "run-0003") == entry(2)
    assert previous_run(runs, "run-0001") is None
    assert previous_run(runs, "nobody") is None


@pytest.mark.parametrize(
    "changes",
    [
        {"pack": "market"}, {"mode": "smoke"}, {"stack": "compose"}, {"processor": "flink"}, {"injected": True},
        {"verdict": "interrupted"}, {"verdict": "running"},
        {"rerun": "streamproof run --suites raw_typed"}, {"rerun": "streamproof run --speed 60x"},
        {"rerun": "streamproof run --manifest hostile", "fixture_sha256": "aa" * 32},
    ],
)  # fmt: skip
def test_a_run_of_another_kind_is_passed_over(entry, changes):
    assert previous_run([entry(3), entry(2, **changes), entry(1)], "run-0003") == entry(1)


@pytest.mark.parametrize("verdict", ["failed", "error"])
def test_a_run_that_did_not_pass_is_a_run_before(entry, verdict):
    assert previous_run([entry(3), entry(2, verdict), entry(1)], "run-0003").verdict == verdict


@pytest.mark.parametrize(
    "changes",
    [
        {"fixture_sha256": "aa" * 32},
        {"rerun": "streamproof run --manifest golden"},
        {"rerun": "streamproof run --from-ts 2026-03-01T00:00:00.000Z --to-ts 2026-03-02T00:00:00.000Z"},
    ],
)
def test_a_new_fixture_set_or_window_asks_the_same(entry, changes):
    assert previous_run([entry(3), entry(2, **changes), entry(1)], "run-0003").run_id == "run-0002"


def test_the_run_of_a_dag_ends_only_failures_of_this_dag(entry):
    nightly, by_hand = {"dag_id": "streamproof_run"}, {"dag_id": ""}
    runs = [entry(3, **nightly), entry(2, "failed", **by_hand), entry(1, "failed", **nightly)]
    assert [run.run_id for run in failures_before(runs, "run-0003")] == ["run-0001"]
    assert [run.run_id for run in failures_before(runs, "run-0002")] == ["run-0001"]
    assert previous_run(runs, "run-0003").run_id == "run-0002"


def test_failures_before_are_those_since_the_last_pass(entry):
    runs = [entry(6), entry(5, "error"), entry(4, "interrupted"), entry(3, "failed"), entry(2), entry(1, "failed")]
    assert [run.run_id for run in failures_before(runs, "run-0006")] == ["run-0005", "run-0003"]
    assert failures_before(runs, "run-0002") == (runs[-1],)
    assert failures_before(runs, "run-0001") == ()
    assert failures_before([entry(6, injected=True), *runs[1:]], "run-0006") == ()
