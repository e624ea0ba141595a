"""Where packs are found."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamproof.model.errors import UsageError
from streamproof.packs.loading import Packs

SMALLEST = """\
name: {name}
title: t
warehouse: clickhouse
transport: kafka
topics: {{input: i}}
layers: {{raw: [r]}}
"""


def pack_at(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "pack.yaml").write_text(SMALLEST.format(name=name), encoding="utf-8")
    return folder


@pytest.fixture
def project(tmp_path) -> Path:
    """A project with the pack `a`, its default, and `b`."""
    for name in ("a", "b"):
        pack_at(tmp_path / "project" / "include" / "packs" / name, name)
    (tmp_path / "project" / "include" / "packs" / "default.txt").write_text("a\n", encoding="utf-8")
    return tmp_path / "project"


def test_the_project_names_the_default_pack_and_a_setting_overrides_it(project):
    assert Packs(project).load().name == "a"
    assert Packs(project, default="b").load().name == "b"
    assert Packs(project).load("b").name == "b"


def test_a_project_without_a_default_asks_for_a_pack(project):
    (project / "include" / "packs" / "default.txt").unlink()

    with pytest.raises(UsageError, match="No pack is named") as refused:
        Packs(project).load()
    assert "default.txt" in refused.value.hint


def test_packs_of_the_project_come_before_those_of_other_folders(project, tmp_path):
    more = tmp_path / "more"
    pack_at(more / "b", "other_b")
    pack_at(more / "c", "c")
    packs = Packs(project, (tmp_path / "nowhere", more))

    assert packs.names() == ("a", "b", "c")
    assert packs.load("b").name == "b"
    assert packs.load("c").sql_dir == more / "c" / "sql"


def test_a_pack_is_found_by_its_folder(project, tmp_path, monkeypatch):
    folder = pack_at(tmp_path / "somewhere" / "mine", "mine")
    monkeypatch.chdir(tmp_path)

    for given in (str(folder), "somewhere/mine", "./somewhere/mine/", "somewhere/mine/pack.yaml"):
        assert Packs(project).load(given).file == folder / "pack.yaml"


@pytest.mark.parametrize("given", ["ghost", "./ghost", "/ghost/pack", "/ghost/pack.yaml"])
def test_a_pack_that_is_not_there_is_refused_and_the_others_are_named(project, given):
    with pytest.raises(UsageError, match="There is no") as refused:
        Packs(project).load(given)
    assert "a, b" in refused.value.hint


def test_a_command_names_a_pack_as_short_as_it_can(project, tmp_path):
    packs = Packs(project, (tmp_path / "more",))
    pack_at(tmp_path / "more" / "c", "c")
    alone = pack_at(tmp_path / "d", "d")

    assert packs.asked_for(packs.find("a")) is None
    assert packs.asked_for(packs.find("c")) == "c"
    assert packs.asked_for(packs.find(str(alone))) == str(alone)
