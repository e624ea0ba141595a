"""A run's file is whole or not there, and a file that cannot be read costs no other."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, replace

import orjson
import pytest

from streamproof.history.entries import entry_of
from streamproof.history.store import history_folder, read_entry, read_history, record, record_or_say


@pytest.fixture
def write(tmp_path):
    """Write an entry as a file of the history."""

    def of(entry, **changes):
        path = history_folder(tmp_path) / f"{entry.run_id}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(orjson.dumps({"format": 1, **asdict(entry), **changes}))
        return path

    return of


@pytest.mark.parametrize("verdict", ["passed", "failed", "error"])
def test_what_is_read_is_what_was_recorded(tmp_path, ended, verdict):
    summary, results = ended(verdict)

    path = record(tmp_path, summary, results)

    assert path == tmp_path / "history" / f"{summary['run_id']}.json"
    assert read_history(tmp_path).entries == (entry_of(summary, results),)
    assert list(path.parent.iterdir()) == [path]


def test_the_folder_of_runs_and_that_of_artifacts_name_the_same_history(tmp_path):
    assert history_folder(tmp_path / "test-runs") == history_folder(tmp_path) == tmp_path / "history"
    assert history_folder(tmp_path / "elsewhere") == tmp_path / "elsewhere" / "history"


def test_a_run_that_is_published_again_replaces_its_file(tmp_path, ended):
    summary, results = ended()
    record(tmp_path, summary, results)

    record(tmp_path, {**summary, "verdict": "error"}, results)

    assert [found.verdict for found in read_history(tmp_path).entries] == ["error"]


def test_the_newest_run_comes_first_and_a_pack_has_its_own(tmp_path, entry, write):
    for found in (entry(2), entry(9), entry(5, pack="market")):
        write(found)

    assert [found.run_id for found in read_history(tmp_path).entries] == ["run-0009", "run-0005", "run-0002"]
    assert [found.run_id for found in read_history(tmp_path, "market").entries] == ["run-0005"]
    assert read_history(tmp_path / "nothing").entries == ()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"format": 1, "run_id"', "not JSON"),
        ("", "not JSON"),
        ("[1]", "format is None"),
        ('{"format": 2}', "format is 2"),
        ('{"run_id": "a"}', "format is None"),
        ('{"format": 1, "run_id": "a"}', "has no"),
        ({"stages": []}, "does not fit"),
        ({"duration_sec": "soon"}, "does not fit"),
        ({"started_at": None}, "'started_at' is not a text"),
        ({"checks_total": None}, "'checks_total' is not an integer"),
        ({"rerun": 5}, "'rerun' is not a text"),
        ({"dag_id": 4}, "'dag_id' is not a text"),
        ({"first_broken_layer": ["x"]}, "'first_broken_layer' is not a text"),
        ({"started_at": "yesterday"}, "does not fit"),
        ({"duration_sec": "12"}, "'12' is not a number of seconds"),
        ({"duration_sec": -1}, "-1 is not a number of seconds"),
        ({"stages": {"stack_up": True}}, "True is not a number of seconds"),
        ({"checks": {"a.b": {"status": "passed"}}}, "has no"),
        ({"checks": {"a.b": 3}}, "does not fit"),
        (
            {"checks": {"a.b": {"status": "passed", "duration_sec": 1, "failed_rows": 0, "diagnostics": {"n": "1"}}}},
            "does not fit",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_listed_with_the_reason(tmp_path, entry, write, content, reason):
    write(entry(1))
    bad = write(entry(2), **(content if isinstance(content, dict) else {}))
    if isinstance(content, str):
        bad.write_text(content)

    found = read_history(tmp_path)

    assert [good.run_id for good in found.entries] == ["run-0001"]
    [(path, why)] = found.unreadable
    assert path == str(bad)
    assert reason in why


def test_a_history_that_is_no_folder_is_told(tmp_path):
    history_folder(tmp_path).write_text("")

    assert read_history(tmp_path).unreadable == ((str(history_folder(tmp_path)), "Not a directory"),)


def test_a_file_of_an_older_version_may_have_more_and_fewer_fields(tmp_path, entry, write):
    path = write(entry(1), no_longer_known=3)
    document = json.loads(path.read_text())
    del document["rerun"], document["remark"]
    path.write_text(json.dumps(document))

    assert read_entry(path) == replace(entry(1), rerun="", remark="")


def test_a_file_that_is_being_written_is_not_read(tmp_path, entry, write):
    write(entry(1)).with_name(".run-0002.json.4711").write_text('{"form')

    found = read_history(tmp_path)

    assert (len(found.entries), found.unreadable) == (1, ())


def test_runs_that_end_at_once_lose_no_file(tmp_path, ended):
    summary, results = ended()
    runs = [{**summary, "run_id": f"run-{number}"} for number in range(12)]
    threads = [threading.Thread(target=record, args=(tmp_path, run, results)) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = read_history(tmp_path)

    assert {entry.run_id for entry in found.entries} == {run["run_id"] for run in runs}
    assert found.unreadable == ()


def test_a_history_that_cannot_be_written_is_a_notice_and_a_log_line(tmp_path, ended):
    (tmp_path / "history").write_text("a file where the folder should be")
    logged = []

    [notice] = record_or_say(tmp_path, *ended(), logged.append)

    assert notice.startswith(f"The run is not in the history: {tmp_path / 'history'} cannot be written")
    assert logged == [notice]


def test_a_defect_of_the_history_costs_no_verdict(tmp_path, ended):
    summary, results = ended()
    del summary["fixture"]
    logged = []

    [notice] = record_or_say(tmp_path, summary, results, logged.append)

    assert "KeyError" in notice
    assert "Traceback" in logged[0]


def test_a_run_in_the_history_has_no_notice(tmp_path, ended):
    assert record_or_say(tmp_path, *ended(), print) == []
    assert len(read_history(tmp_path).entries) == 1


def test_a_thousand_runs_are_read(tmp_path, entry, check, write):
    checks = {f"suite.check_{number}": check(rows=float(number), missing=0.0) for number in range(20)}
    document = orjson.dumps({"format": 1, **asdict(entry(1, checks=checks))})
    write(entry(1))
    for number in range(1000):
        (tmp_path / "history" / f"run-{number:04}.json").write_bytes(document)

    assert len(read_history(tmp_path).entries) == 1000
