"""What `pack new` and `fixtures import` tell a user: what was made, where it is, and what comes next."""

from __future__ import annotations

import json

import pytest

ROWS = "".join(json.dumps({"id": f"o{n}", "at": f"2024-03-01T10:00:{n:02d}Z"}) + "\n" for n in range(10))


@pytest.fixture
def packs(project, monkeypatch):
    (project / "half.jsonl").write_text(ROWS + "{broken\n")
    (project / "orders.jsonl").write_text(ROWS)
    monkeypatch.setenv("STREAMPROOF_PACKS", str(project / "packs"))
    return project / "packs"


def test_records_that_are_no_events_are_not_counted_as_events(call, project, packs):
    told = call("pack", "new", "shop", "--events", project / "half.jsonl")
    assert told.code == 0
    assert "11 records, 10 of them events. Next: streamproof run --pack shop" in told.out
    assert "Notice: 1 record is no event (not_json): it is expected among the rejects." in told.err
    assert "10 events. Next: " in call("pack", "new", "all", "--events", project / "orders.jsonl").out


def test_a_program_of_the_users_comes_before_the_first_run(call, project, packs):
    arguments = ("--events", project / "orders.jsonl", "--processor", "command")
    program = packs / "shop" / "pipelines" / "program.py"
    assert f"Next: put your program at {program}" in call("pack", "new", "shop", *arguments).out
    assert (
        call("pack", "new", "other", *arguments, "--json").document["program"].endswith("/other/pipelines/program.py")
    )


def test_an_imported_set_is_named_where_it_stays(call, project, packs):
    call("pack", "new", "shop", "--events", project / "orders.jsonl")
    arguments = ("fixtures", "import", project / "half.jsonl", "--pack", "shop", "--out")
    told = call(*arguments, project / "set")
    manifest = project / "set" / "manifest.json"
    assert f"{manifest}: 1 session, 11 records, good" in told.out
    assert f"Next: streamproof run --pack shop --manifest {manifest}" in told.out
    assert str(project / ".set-") not in told.out + told.err
    document = call(*arguments, project / "other", "--json").document
    assert document["manifest"] == str(project / "other" / "manifest.json")
