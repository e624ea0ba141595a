"""Exports of the databases of the pipeline in the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from streamproof.exporting.export import Export
from streamproof.exporting.manifest import Exported
from streamproof.exporting.request import ExportRequest, pack_options
from streamproof.packs.pack import Pack
from streamproof.warehouse.clickhouse.database import Database
from tests.support.pipeline_in_engine import EngineRun, PipelineInEngine

# Sets that are small enough to be exported whole.
EVERYTHING = 1_000


@pytest.fixture
def load(pipeline: PipelineInEngine, home: Path) -> Callable[[str | Path], EngineRun]:
    """The function that makes the database of a set: a shipped one by name, or any other by its manifest."""

    def load(given: str | Path) -> EngineRun:
        shipped = home / f"include/fixtures/livepeer/{given}/manifest.json"
        return pipeline.load(shipped if isinstance(given, str) else given)

    return load


@pytest.fixture
def export(pipeline: PipelineInEngine, home: Path) -> Iterator[Callable[..., Exported]]:
    """The function that exports the database of a run to a folder."""
    opened: list[Database] = []

    def export(run: EngineRun, out: Path, pack: Pack | None = None, **more: Any) -> Exported:
        database = Database.open(pipeline.settings.using(run.ctx.names.database))
        opened.append(database)
        chosen, options = pack or run.ctx.pack, more.pop("options", {})
        redactor = more.pop("redactor", None)
        asked = {"limit_per_scenario": EVERYTHING, "window": run.ctx.window, **more}
        request = ExportRequest(out=out, options=pack_options(chosen, options), **asked)
        return Export(database, chosen, request, home, {"database": database.database}, redactor=redactor).run()

    yield export
    for database in opened:
        database.close()
