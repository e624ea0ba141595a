"""`streamproof pack list|check`: what is there, and an exit code that says whether a pack is complete."""

from __future__ import annotations

import shutil

import pytest

from streamproof.runs import pack_review
from streamproof.runs.pack_review import Problem


@pytest.fixture
def packs(project, home, tmp_path, monkeypatch):
    """A folder with two further packs; pack.yaml of one is broken."""
    for name in ("counter", "broken"):
        shutil.copytree(home / "tests/packs/counter", tmp_path / "packs" / name)
    file = tmp_path / "packs/broken/pack.yaml"
    file.write_text(file.read_text().replace("suites:", "suits:"))
    monkeypatch.setenv("STREAMPROOF_PACKS", str(tmp_path / "packs"))
    return tmp_path / "packs"


def test_a_broken_pack_is_listed_beside_the_others(call, packs):
    listed = call("pack", "list", "--json")
    assert listed.code == 0
    found = {entry["name"]: entry for entry in listed.document["packs"]}
    assert found.keys() == {"broken", "counter", "livepeer", "market"}
    assert found["livepeer"]["default"]
    assert (found["counter"]["default"], found["counter"]["fixture_sets"]) == (False, ["small"])
    assert "suits" in found["broken"]["error"]


@pytest.mark.parametrize(("problems", "code"), [((), 0), ((Problem("b.sql:3: no table x", "Mend it."),), 2)])
def test_what_is_wrong_decides_the_exit_code(call, packs, monkeypatch, problems, code):
    monkeypatch.setattr(pack_review, "review_pack", lambda pack, home: problems)
    ended = call("pack", "check", "counter", "--json")
    assert ended.code == code
    assert (ended.document["ok"], ended.document["pack"]) == (not problems, "counter")
    assert [entry["error"] for entry in ended.document["problems"]] == [problem.message for problem in problems]
    assert all(problem.message in ended.err for problem in problems)


def test_an_unknown_key_is_named_with_its_line_and_the_key_that_was_meant(refuses, packs):
    said = refuses("pack", "check", "broken")
    assert "pack.yaml:" in said
    assert "`suits` is not a key that may stand here; did you mean `suites`?" in said
