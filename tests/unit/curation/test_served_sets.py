"""Sets whose files are served as they are: what the commands for fixture sets do with them."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import pytest

from streamproof.curation.loading import load_set
from streamproof.curation.redacting import redact_set
from streamproof.curation.selecting import Choice, select_set
from streamproof.curation.verifying import verify_set
from streamproof.model.errors import UsageError
from streamproof.model.settings import WarehouseSettings
from streamproof.packs.loading import read_pack
from streamproof.packs.pack import Pack
from streamproof.scaffold.fixture_import import import_set
from tests.support.served_pack import MODULE, write_pack


@pytest.fixture
def letters(home, tmp_path, monkeypatch) -> Pack:
    """The pack that serves."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    yield read_pack(write_pack(tmp_path) / "pack.yaml", home)
    sys.modules.pop(MODULE, None)


def test_a_set_is_verified_by_the_reader_of_its_pack(letters):
    report = verify_set(letters, letters.manifest("golden"), now=datetime(2026, 3, 1, tzinfo=UTC), strict=True)
    assert (report.problems, report.events, report.by_scenario) == ((), 9, {"words": 6, "ends": 3})


def test_a_file_that_its_reader_refuses_is_a_problem(letters):
    (letters.fixtures_dir / "golden" / "a.txt").write_bytes(b"ab7def")
    report = verify_set(letters, letters.manifest("golden"), now=datetime(2026, 3, 1, tzinfo=UTC))
    assert "a.txt is not what its checksum says" in report.problems[0]


def test_sessions_are_selected_and_their_files_copied(letters, tmp_path):
    output = tmp_path / "chosen" / "manifest.json"
    selected = select_set(letters, letters.manifest("golden"), output, Choice(scenarios=("ends",)))
    assert selected.report.events == 3
    assert (output.parent / "golden" / "b.txt").read_bytes() == b"xyz"


def test_what_reads_and_writes_lines_is_refused(letters, tmp_path):
    manifest = letters.manifest("golden")
    for refused in (
        lambda: redact_set(letters, manifest, tmp_path / "out", b"key"),
        lambda: load_set(letters, manifest, WarehouseSettings("nowhere", 1), "database", truncate=False),
        lambda: import_set(letters, [tmp_path / "a.jsonl"], tmp_path / "out"),
    ):
        with pytest.raises(UsageError, match="served as they are"):
            refused()
    assert not (tmp_path / "out").exists()


def test_such_a_pack_has_no_topic_to_publish_to(letters):
    with pytest.raises(UsageError, match="its pipeline fetches what a run serves") as raised:
        _ = letters.input_topic
    assert "streamproof run" in raised.value.hint
