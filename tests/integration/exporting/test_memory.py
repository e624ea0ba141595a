"""An export needs no more memory for a larger window."""

from __future__ import annotations

import json

import pytest

from benchmarks.copies import copy_sessions
from tests.support.measured import Measured, measured_command

pytestmark = pytest.mark.engine

# Copies of the golden set, and days over which they are spread.
COPIES, DAYS = 9, 30
LIMIT_MB = 300.0


def test_five_times_the_events_take_no_more_memory(load, pipeline, tmp_path):
    run = load("golden")
    settings = pipeline.settings.using(run.ctx.names.database)
    environ = {
        **{"CH_HOST": settings.host, "CH_PORT": str(settings.port), "CH_DATABASE": settings.database},
        "CH_USER": settings.user,
    }

    def export(name: str) -> tuple[Measured, int]:
        folder = tmp_path / name
        folder.mkdir()
        window = ("--from-ts", "2026-02-01T00:00:00Z", "--to-ts", "2026-05-01T00:00:00Z")
        options = ("--limit-per-scenario", "100000", "--out", str(folder / "set"))
        found = measured_command(["fixtures", "export", *window, *options], environ, folder)
        assert found.code == 0, found.output
        manifest = json.loads((folder / "set" / "manifest.json").read_text())
        assert manifest["metadata"]["left_out"] == {"entities": 0, "records": 0, "first": []}
        return found, len(list((folder / "set").rglob("*.jsonl")))

    copy_sessions(run.client, COPIES, DAYS)
    smaller, files = export("smaller")
    assert files == 19 * (COPIES + 1)
    # Everything that is there, four times more.
    copy_sessions(run.client, 4, 1, mark="b")
    larger, more_files = export("larger")
    assert more_files == 5 * files
    assert larger.peak_mb < LIMIT_MB
    assert larger.peak_mb < smaller.peak_mb * 1.15, (smaller.peak_mb, larger.peak_mb)
    print(f"peak RSS: {smaller.peak_mb:.0f} MB for {files} sessions, {larger.peak_mb:.0f} MB for {more_files}")
