"""`streamproof history`, on made-up runs."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import asdict
from pathlib import Path

import orjson
import pytest

from streamproof.model.stack import ProcessIdentity
from streamproof.runs.folder import RunFolder


def _module(name: str):
    path = Path(__file__).parents[1] / name
    spec = importlib.util.spec_from_file_location(f"for_history_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


samples, made_up = _module("report/samples.py"), _module("history/made_up.py")
entry = made_up.entry


@pytest.fixture
def keep(project):
    """Write entries into the history of the project."""

    def of(*entries):
        folder = project / "artifacts/history"
        folder.mkdir(parents=True, exist_ok=True)
        for found in entries:
            (folder / f"{found.run_id}.json").write_bytes(orjson.dumps({"format": 1, **asdict(found)}))
        return folder

    return of


def test_no_run_is_no_error(call):
    assert call("history").out == "There is no run in the history.\n"
    assert call("history", "--json").document == {
        "runs": [], "total": 0, "flaky_checks": [], "drifts": [], "unreadable": [],
    }  # fmt: skip


def test_the_list_says_what_is_flaky_and_what_has_drifted(call, keep):
    keep(*(entry(number) for number in range(7)), entry(7, "failed"), entry(8, stages={"stack_up": 30.0}))

    told, document = call("history"), call("history", "--json").document

    assert (told.code, told.err) == (0, "")
    assert told.out.count("FLAKY") == 9
    assert [run["run_id"] for run in document["runs"]][:2] == ["run-0008", "run-0007"]
    assert all(run["flaky"] for run in document["runs"])
    assert [check["name"] for check in document["flaky_checks"]] == ["orders.unique"]
    assert document["drifts"] == [
        {"run_id": "run-0008", "kind": "stage", "name": "stack_up", "before": 3.0, "now": 30.0, "ratio": 10.0}
    ]


def test_the_limit_hides_runs_and_not_what_they_show(call, keep):
    keep(entry(1), entry(2, "failed"), entry(3))

    document = call("history", "--limit", 1, "--json").document

    assert [(run["run_id"], run["flaky"]) for run in document["runs"]] == [("run-0003", True)]
    assert document["total"] == 3


def test_a_pack_has_its_own_runs(call, keep, refuses):
    keep(entry(1), entry(2, pack="market"))

    assert [run["run_id"] for run in call("history", "--pack", "market", "--json").document["runs"]] == ["run-0002"]
    assert [run["run_id"] for run in call("history", "--pack", "shop", "--json").document["runs"]] == ["run-0001"]
    assert call("history", "--pack", "livepeer", "--json").document["runs"] == []
    assert "nobody" in refuses("history", "--pack", "nobody")


@pytest.mark.parametrize("name", ["orders.unique", "unique"])
def test_a_check_is_found_by_its_full_name_or_its_own(call, keep, name):
    keep(entry(1), entry(2, "failed"))

    document = call("history", "--check", name, "--json").document

    assert document["check"] == "orders.unique"
    assert [(run["run_id"], run["status"]) for run in document["runs"]] == [
        ("run-0002", "failed"), ("run-0001", "passed"),
    ]  # fmt: skip
    assert document["flaky"]["changes"] == 1
    assert "FLAKY" in call("history", "--check", name).out


def test_a_check_that_no_run_has_is_refused(keep, refuses):
    keep(entry(1, checks={"a.rows": made_up.check(), "b.rows": made_up.check()}))

    assert "Did you mean: a.rows" in refuses("history", "--check", "a.row")
    assert "Name one of: a.rows, b.rows" in refuses("history", "--check", "rows")


def test_two_runs_are_compared(call, keep, refuses):
    keep(entry(1), entry(2, "failed"))

    document = call("history", "--compare", "run-0001", "latest", "--json").document

    assert (document["a"], document["b"], document["verdicts"]) == ("run-0001", "run-0002", ["passed", "failed"])
    assert document["checks_that_changed"] == [{"name": "orders.unique", "a": "passed", "b": "failed"}]
    assert "orders.unique" in call("history", "--compare", "run-0001", "latest").out
    assert "The newest: run-0002, run-0001." in refuses("history", "--compare", "run-0001", "nobody")


@pytest.mark.parametrize("other", [("--check", "orders.unique"), ("--limit", 3)], ids=lambda it: it[0])
def test_a_comparison_takes_no_option_that_it_would_not_heed(keep, refuses, other):
    keep(entry(1), entry(2))

    assert f"{other[0]} cannot be given with it" in refuses("history", "--compare", "run-0001", "latest", *other)


def test_a_file_that_cannot_be_read_costs_no_other(call, keep):
    bad = keep(entry(1)) / "bad.json"
    bad.write_text("{")

    told, document = call("history"), call("history", "--json").document

    assert told.code == 0
    assert "run-0001" in told.out
    assert f"Not readable: {bad}: It is not JSON" in told.out
    assert [found["path"] for found in document["unreadable"]] == [str(bad)]


def test_a_killed_run_and_one_that_goes_on_are_listed(call, project):
    runs = project / "artifacts/test-runs"
    gone = ProcessIdentity(2**22 + 1, 1.0)
    RunFolder(runs / "killed").write_plan(samples.plan(run_id="killed", owner=gone))
    me = ProcessIdentity(os.getpid(), _own_start())
    RunFolder(runs / "alive").write_plan(samples.plan(run_id="alive", owner=me, created_at="2026-03-02T02:15:00.000Z"))

    verdicts = {run["run_id"]: run["verdict"] for run in call("history", "--json").document["runs"]}

    assert verdicts == {"alive": "running", "killed": "interrupted"}
    assert "INTERRUPTED" in call("history").out


def _own_start() -> float:
    import psutil

    return psutil.Process().create_time()


def test_the_history_is_beside_runs_that_have_a_folder_of_their_own(call, keep, project, monkeypatch):
    keep(entry(1)).rename(project / "history")
    monkeypatch.setenv("STREAMPROOF_ARTIFACTS", str(project))

    assert call("history", "--json").document["total"] == 1
