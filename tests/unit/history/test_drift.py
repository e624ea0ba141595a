"""Drift: what is outside of the scatter of earlier runs, and by enough to matter."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from streamproof.history.drift import FEWEST_RUNS, drifts

USUAL = (3.0, 3.1, 2.9, 3.2, 2.8, 3.0)


def history(entry, make, newest, values=USUAL, **changes):
    """The newest run with one value, after runs with the others; the newest first."""
    before = [entry(number, **make(value)) for number, value in enumerate(values)]
    return [entry(len(values), **{**make(newest), **changes}), *reversed(before)]


def stage(seconds):
    return {"stages": {"stack_up": seconds}}


@pytest.fixture
def seconds(check):
    return lambda value: {"checks": {"orders.no_loss": check(duration_sec=value)}}


@pytest.fixture
def rows(check):
    return lambda value: {"checks": {"orders.no_loss": check(rows=value)}}


def test_a_stage_that_takes_three_times_as_long_is_flagged(entry):
    [found] = drifts(history(entry, stage, 9.0))

    assert (found.kind, found.name, found.before, found.now) == ("stage", "stack_up", 3.0, 9.0)
    assert found.ratio == 3.0


def test_a_stage_that_takes_a_third_is_flagged(entry):
    assert [found.ratio for found in drifts(history(entry, stage, 1.0))] == [pytest.approx(1 / 3)]


@pytest.mark.parametrize("now", [3.0, 3.9, 2.2])
def test_a_stage_that_is_about_as_long_is_not(entry, now):
    assert drifts(history(entry, stage, now)) == ()


def test_a_stage_of_milliseconds_may_take_twice_as_long(entry):
    assert drifts(history(entry, stage, 0.02, values=[0.01] * 6)) == ()


def test_scatter_is_not_drift(entry):
    scattered = (1.0, 9.0, 2.0, 8.0, 3.0, 7.0)

    assert drifts(history(entry, stage, 12.0, values=scattered)) == ()


def test_one_odd_run_hides_nothing(entry):
    [found] = drifts(history(entry, stage, 9.0, values=(*USUAL, 300.0)))

    assert found.before == pytest.approx(3.0)


def test_a_check_has_its_own_floor(entry, seconds):
    assert [found.name for found in drifts(history(entry, seconds, 0.9, values=[0.1] * 6))] == ["orders.no_loss"]
    assert drifts(history(entry, seconds, 0.3, values=[0.1] * 6)) == ()


@pytest.mark.parametrize(("now", "ratio"), [(900.0, 0.75), (1500.0, 1.25), (0.0, 0.0)])
def test_a_number_of_a_passed_check_that_moves_is_flagged(entry, rows, now, ratio):
    [found] = drifts(history(entry, rows, now, values=[1200.0] * 6))

    assert (found.kind, found.name, found.ratio) == ("diagnostic", "orders.no_loss.rows", ratio)


def test_a_number_that_was_always_zero_has_an_infinite_ratio(entry, rows):
    [found] = drifts(history(entry, rows, 2.0, values=[0.0] * 6))

    assert math.isinf(found.ratio)


def test_a_small_change_of_a_constant_number_is_not_flagged(entry, rows):
    assert drifts(history(entry, rows, 1201.0, values=[1200.0] * 6)) == ()


def test_a_check_that_failed_is_not_flagged_as_well(entry, check, rows):
    failed = {"checks": {"orders.no_loss": check("failed", rows=0.0)}}

    assert drifts(history(entry, rows, 0.0, values=[1200.0] * 6, **failed)) == ()


def test_runs_in_which_the_check_failed_are_not_what_is_usual(entry, check, rows):
    runs = history(entry, rows, 1200.0, values=[1200.0] * 5)
    failed = [entry(-n, "failed", checks={"orders.no_loss": check("failed", rows=1.0)}) for n in range(1, 9)]

    assert drifts([*runs, *failed]) == ()


def test_nothing_is_flagged_with_too_few_runs(entry):
    assert drifts(history(entry, stage, 90.0, values=USUAL[: FEWEST_RUNS - 1])) == ()
    assert len(drifts(history(entry, stage, 90.0, values=USUAL[:FEWEST_RUNS]))) == 1
    assert drifts([]) == ()


def test_only_the_last_ten_runs_count(entry):
    slow, fast = [30.0] * 20, [3.0] * 10

    assert [found.before for found in drifts(history(entry, stage, 30.0, values=[*slow, *fast]))] == [3.0]


@pytest.mark.parametrize(
    "changes",
    [
        {"pack": "market"}, {"mode": "smoke"}, {"fixture_sha256": "ab" * 32}, {"stack": "compose"},
        {"processor": "flink"}, {"rerun": "streamproof run --speed 1x"},
    ],
)  # fmt: skip
def test_a_run_under_other_conditions_has_other_times(entry, changes):
    assert drifts(history(entry, stage, 90.0, **changes)) == ()


def observed(entry, number, hours, seconds=2.0, **changes):
    start, end = f"2026-03-{number:02}T00:00:00.000Z", f"2026-03-{number:02}T{hours:02}:00:00.000Z"
    rerun = f"streamproof run --mode observe --from-ts {start} --to-ts {end}"
    return entry(number, mode="observe", rerun=rerun, stages={"assert_orders": seconds}, **changes)


def test_observations_of_windows_of_one_length_are_compared(entry):
    before = [observed(entry, number, 6) for number in range(8, 2, -1)]
    assert [drift.name for drift in drifts([observed(entry, 9, 6, 20.0), *before])] == ["assert_orders"]
    assert drifts([observed(entry, 9, 7, 20.0), *before]) == ()
    torn = {"rerun": "streamproof run --mode observe --from-ts soon"}
    assert drifts([observed(entry, 9, 6, 20.0), *[replace(it, **torn) for it in before]]) == ()


def test_a_fixture_run_of_another_window_is_another_run(entry):
    before = [replace(observed(entry, number, 6), mode="full") for number in range(8, 2, -1)]
    assert drifts([replace(observed(entry, 9, 6, 20.0), mode="full"), *before]) == ()


def test_another_commit_is_compared_because_it_may_be_the_cause(entry):
    assert len(drifts(history(entry, stage, 90.0, git_commit="f" * 40))) == 1


@pytest.mark.parametrize("changes", [{"verdict": "error"}, {"verdict": "running"}, {"injected": True}])
def test_the_newest_run_that_was_judged_is_compared(entry, changes):
    runs = history(entry, stage, 9.0)
    after = entry(99, **{**stage(500.0), **changes})

    assert drifts([after, *runs]) == drifts(runs) != ()


def test_the_greatest_comes_first(entry):
    def two(value):
        return {"stages": {"a": value, "b": value, "replay": 3.0}}

    runs = history(entry, two, 3.0)
    runs[0] = entry(50, stages={"a": 6.0, "b": 0.3, "replay": 3.0})

    assert [found.name for found in drifts(runs)] == ["b", "a"]
