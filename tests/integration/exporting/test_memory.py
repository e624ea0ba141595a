"""An export needs no more memory for a larger window."""

from __future__ import annotations

import json

import pytest

from benchmarks.copies import copy_sessions
from benchmarks.peak import peak_mb_of
from streamproof.warehouse.clickhouse.client import execute

pytestmark = pytest.mark.engine

# Copies of the golden set, and days over which they are spread.
COPIES, DAYS = 4, 30
LIMIT_MB = 300.0
# Values are made longer, so that to keep them would be seen.
LONGER = (
    "ALTER TABLE streaming_events UPDATE payload = concat(payload, repeat(' ', 40000)) WHERE type = 'ai_stream_status'"
)


def test_memory_does_not_grow_with_what_is_exported(load, pipeline, tmp_path):
    run = load("golden")
    settings = pipeline.settings.using(run.ctx.names.database)
    environ = {
        **{"CH_HOST": settings.host, "CH_PORT": str(settings.port), "CH_DATABASE": settings.database},
        "CH_USER": settings.user,
    }

    def export(name: str) -> tuple[float, int, float]:
        folder = tmp_path / name
        folder.mkdir()
        window = ("--from-ts", "2026-02-01T00:00:00Z", "--to-ts", "2026-06-01T00:00:00Z")
        options = ("--limit-per-scenario", "100000", "--out", str(folder / "set"))
        with (folder / "output.txt").open("wb") as out:
            arguments = ["fixtures", "export", *window, *options]
            code, peak_mb = peak_mb_of(arguments, folder / "peak.txt", environ=environ, stdout=out)
        assert code == 0, (folder / "output.txt").read_text()
        manifest = json.loads((folder / "set" / "manifest.json").read_text())
        assert manifest["metadata"]["left_out"] == {"entities": 0, "records": 0, "first": []}
        files = list((folder / "set").rglob("*.jsonl"))
        return peak_mb, len(files), sum(file.stat().st_size for file in files) / 2**20

    execute(run.client, LONGER)
    copy_sessions(run.client, COPIES, DAYS)
    smaller, files, size_mb = export("smaller")
    assert files == 19 * (COPIES + 1)
    # Everything that is there, four times more.
    copy_sessions(run.client, 4, DAYS, mark="b")
    larger, more_files, larger_size_mb = export("larger")
    assert more_files == 5 * files
    print(f"peak RSS: {smaller:.0f} MB for {size_mb:.0f} MB of files, {larger:.0f} MB for {larger_size_mb:.0f}")
    assert larger < LIMIT_MB
    assert larger - smaller < (larger_size_mb - size_mb) / 3
