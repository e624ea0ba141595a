"""Files that the service wrote, and others in its many forms, through a whole run: every value is theirs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from ..packs import market_data
from .conftest import Cli, Ended

pytestmark = pytest.mark.system

WRITTEN_BY_THE_SERVICE = Path(market_data.__file__).parent / "market_files"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The files of six data sets, in folders of their own and some with the same names."""
    folder = tmp_path / "files"
    market_data.all_data_sets(folder)
    shutil.copytree(WRITTEN_BY_THE_SERVICE, folder / "service")
    return folder


def run(cli: Cli, folder: Path, manifest: Any) -> Ended:
    path = folder / "manifest.json"
    path.write_text(json.dumps(manifest))
    return cli.run("--pack", "market", "--manifest", str(path))


def test_every_value_of_files_of_any_version_and_data_set_is_stored(cli, folder):
    ended = run(cli, folder, {"files": ["*/*"]})
    assert ended.code == 0, ended.stderr
    summary = ended.json
    assert (summary["verdict"], summary["fixture"]["events"]) == ("passed", 352)
    # The oracle has compared every value with the files.
    assert "foretold" in summary["rungs"]
    assert summary["serving"]["never_served"] == {}
    suite = json.loads((cli.folder(summary) / "stages" / "assert_consistency.json").read_text())
    bars = {check["name"]: check["diagnostics"] for check in suite["checks"]}
    # Four minutes of a share, and 20 bars of options by publisher; futures only as far as their trades go.
    assert bars["minute_bars_equal_the_trades"]["bars"] == 4 + 20 + 3
    assert bars["day_bars_equal_the_trades"]["bars"] == 1


def test_a_wrong_manifest_is_one_message_before_anything_is_started(cli, folder):
    shutil.copy(folder / "XNAS.ITCH" / "data.trades.dbn.zst", folder / "again.dbn.zst")
    for manifest, says in [
        ({"files": ["*/*", "again.dbn.zst"]}, "both hold"),
        ({"files": ["NOTES"]}, "NOTES cannot be read"),
        ({}, '{"files": ["NAME"]}'),
    ]:
        ended = run(cli, folder, manifest)
        assert ended.code == 2 and says in ended.stderr, ended.stderr
    assert not cli.artifacts.exists() or not list(cli.artifacts.iterdir())
