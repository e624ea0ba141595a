"""A pack with a `source`: its keys, what it cannot have beside it, and the records of its files."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from streamproof.fixtures.ordering import plan_replay
from streamproof.model.errors import UsageError
from streamproof.packs.loading import read_pack
from streamproof.packs.pack import Pack
from streamproof.packs.sources import client_files

SERVED = """\
name: letters
title: Fetches letters
warehouse: clickhouse
transport: http
source: letters_of_sources_test
repeat: 3
layers: {typed: [letters]}
processors:
  loader: {kind: command, ends: true, argv: ["{python}"]}
accounting:
  drained: {settled_tables: [letters]}
"""
MODULE = """
from collections import namedtuple
Record = namedtuple("Record", "id family time_ms value expect")


def make_app(files, key):
    return None


def read_records(path):
    for number, letter in enumerate(path.read_bytes()):
        yield Record(f"{path.name}-{number}", "letter", 1_700_000_000_000 + number, bytes([letter]), "")
"""


def read(folder: Path, text: str) -> Pack:
    """Read the pack that is one folder."""
    file = folder / "letters" / "pack.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return read_pack(file, folder / "project")


def test_a_pack_that_serves_needs_no_topic(tmp_path):
    pack = read(tmp_path, SERVED)
    assert (pack.source, pack.repeat, pack.topics) == ("letters_of_sources_test", 3, {})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (("source: letters_of_sources_test\n", ""), "`topics` needs the role `input`"),
        (("layers:", "topics: {input: a}\nlayers:"), "`topics` has no meaning"),
        (("{settled_tables", "{consumer_groups: [raw], settled_tables"), "`accounting.drained.consumer_groups` has no"),
        (
            ("  drained:", "  ids: {path: id, tables: [{table: letters, column: id}]}\n  drained:"),
            "accounting.ids.path",
        ),
        (("  drained:", "  raw: {table: r, topic: t, partition: p, offset: o}\n  drained:"), "`accounting.raw` has no"),
        (("ends: true, ", ""), "`loader` must be a command with `ends: true`"),
        (('{kind: command, ends: true, argv: ["{python}"]}', "{kind: warehouse}"), "`loader` must be a command"),
        (("ends: true", "ends: true, ready: {log: up}"), "`ready` of processor `loader` has no meaning"),
        (("repeat: 3", "repeat: 0"), "repeat"),
        (("ends: true", "ends: true, repeat_arguments: {4: [-f]}"), "`repeat_arguments` of a run that `repeat` does"),
        (("ends: true", "ends: true, repeat_arguments: {0: [-f]}"), "repeat_arguments"),
        (("repeat: 3", "replay: {reader: x}"), "reader"),
    ],
)
def test_what_does_not_fit_a_source_is_refused(tmp_path, changed, message):
    with pytest.raises(UsageError) as raised:
        read(tmp_path, SERVED.replace(*changed))
    assert message in raised.value.message


def test_only_a_pipeline_that_ends_can_be_repeated(tmp_path):
    text = SERVED.replace("source: letters_of_sources_test\n", "topics: {input: letters}\n")
    with pytest.raises(UsageError, match="`repeat` is for a pack with a `source`"):
        read(tmp_path, text)


def test_the_pack_reads_the_records_of_its_files(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    pack = read(tmp_path, SERVED)
    (tmp_path / "letters" / "letters_of_sources_test.py").write_text(MODULE, encoding="utf-8")
    (tmp_path / "a.bin").write_bytes(b"xyz")
    manifest = tmp_path / "manifest.json"
    manifest.write_text('{"scenarios": {"real": {"sessions": [{"file": "a.bin"}]}}}')
    plan = plan_replay(manifest, pack.replay)
    assert plan.problems == ()
    assert [(event.event_id, value) for event, value in plan.records()] == [
        ("a.bin-0", b"x"),
        ("a.bin-1", b"y"),
        ("a.bin-2", b"z"),
    ]


@pytest.mark.parametrize("name", ["/etc/job.yaml", "../job.yaml", ""])
def test_a_source_makes_files_only_below_its_folder(tmp_path, monkeypatch, name):
    monkeypatch.setattr(sys, "path", [*sys.path])
    module = f"making_{len(name)}_of_sources_test"
    pack = read(tmp_path, SERVED.replace("letters_of_sources_test", module))
    text = f"{MODULE}\n\ndef client_files(files):\n    return {{{name!r}: ''}}\n"
    (tmp_path / "letters" / f"{module}.py").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="no path below a folder"):
        client_files(pack, {})


def test_a_source_need_not_make_any_file(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    pack = read(tmp_path, SERVED.replace("letters_of_sources_test", "plain_of_sources_test"))
    (tmp_path / "letters" / "plain_of_sources_test.py").write_text(MODULE, encoding="utf-8")
    assert client_files(pack, {"a": tmp_path}) == {}


def test_a_source_that_cannot_read_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    pack = read(tmp_path, SERVED.replace("letters_of_sources_test", "another_of_sources_test"))
    (tmp_path / "letters" / "another_of_sources_test.py").write_text("def make_app(files, key): ...\n")
    (tmp_path / "a.bin").write_bytes(b"xyz")
    with pytest.raises(UsageError, match="another_of_sources_test has no read_records"):
        pack.replay.reader(tmp_path / "a.bin")
