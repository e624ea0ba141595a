"""FLAKY: another verdict on the same commit, fixtures and options. Nothing else gets the label."""

from __future__ import annotations

import pytest

from streamproof.history.flaky import flaky_checks, flaky_runs


def test_two_verdicts_on_one_commit_are_flaky(entry):
    runs = [entry(3), entry(2, "failed"), entry(1)]

    assert flaky_runs(runs) == {"run-0001", "run-0002", "run-0003"}


@pytest.mark.parametrize("verdict", ["failed", "error"])
def test_a_run_that_could_not_be_judged_is_another_verdict_too(entry, verdict):
    assert flaky_runs([entry(2, verdict), entry(1)]) == {"run-0001", "run-0002"}


@pytest.mark.parametrize(
    "changes",
    [
        {"git_commit": "f" * 40},
        {"fixture_sha256": "ab" * 32},
        {"pack": "market"},
        {"mode": "smoke"},
        {"stack": "compose"},
        {"processor": "flink"},
        {"rerun": "streamproof run --speed 60x"},
        {"injected": True},
        {"verdict": "interrupted"},
        {"verdict": "running"},
    ],
)
def test_runs_under_other_conditions_are_not_compared(entry, changes):
    assert flaky_runs([entry(2, **{"verdict": "failed", **changes}), entry(1)]) == set()


@pytest.mark.parametrize("commit", ["0d4c9a1f+changes", "unknown", ""])
def test_runs_of_unknown_code_are_not_compared(entry, commit):
    assert flaky_runs([entry(2, "failed", git_commit=commit), entry(1, git_commit=commit)]) == set()


def test_runs_of_no_fixture_set_are_not_compared(entry):
    """Mode observe judges what a warehouse holds, which others change."""
    assert flaky_runs([entry(2, "failed", fixture_sha256=""), entry(1, fixture_sha256="")]) == set()


@pytest.mark.parametrize("option", ["--processor local", "--manifest golden", "--pack shop", "--mode full"])
def test_an_option_that_names_the_default_makes_no_other_run(entry, option):
    named = entry(2, "failed", rerun=f"streamproof run {option}")

    assert flaky_runs([named, entry(1)]) == {"run-0001", "run-0002"}


def test_runs_of_one_verdict_are_not_flaky(entry):
    assert flaky_runs([entry(2), entry(1)]) == set()
    assert flaky_checks([entry(2), entry(1)]) == {}


def test_the_checks_that_changed_are_named_with_their_runs(entry):
    runs = [entry(4), entry(3, "failed"), entry(2), entry(1), entry(0, "failed", git_commit="f" * 40)]

    [found] = flaky_checks(runs).values()

    assert (found.name, found.changes, found.runs) == ("orders.unique", 2, 4)
    [group] = found.groups
    assert group.runs == (
        ("run-0001", "passed"), ("run-0002", "passed"), ("run-0003", "failed"), ("run-0004", "passed"),
    )  # fmt: skip


def test_a_check_counts_in_every_commit_in_which_it_changed(entry):
    other = {"git_commit": "f" * 40}
    runs = [entry(4, **other), entry(3, "failed", **other), entry(2), entry(1, "failed")]

    found = flaky_checks(runs)["orders.unique"]

    assert (found.changes, found.runs, len(found.groups)) == (2, 4, 2)


def test_a_check_that_was_skipped_has_no_result_to_compare(entry, check):
    skipped = entry(2, checks={"orders.unique": check("skipped")})

    assert flaky_checks([skipped, entry(1)]) == {}
