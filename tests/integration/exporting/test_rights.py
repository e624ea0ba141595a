"""Exports by users that may only read: SELECT is enough, and what is missing is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from streamproof.exporting.export import Export
from streamproof.exporting.request import ExportRequest, pack_options
from streamproof.fixtures.verify import check_fixture_set
from streamproof.model.errors import WarehouseError
from streamproof.warehouse.clickhouse.database import Database
from tests.outside.services import PASSWORDS, outside_services
from tests.support.pipeline_in_engine import EngineRun, PipelineInEngine

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def pipeline(home: Path, cache_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipelineInEngine]:
    """The pipeline in a ClickHouse whose users have the rights of tests/outside/users.xml."""
    folder = tmp_path_factory.mktemp("outside")
    with outside_services(home, folder, cache_dir, kafka_kind="mock") as outside:
        yield PipelineInEngine(outside.state.clickhouse, home, folder)


@pytest.fixture(scope="module")
def run(pipeline: PipelineInEngine, home: Path) -> EngineRun:
    return pipeline.load(home / "include/fixtures/livepeer/golden/manifest.json")


# What stands in the way of a user; the others need no right but SELECT.
REFUSED = {
    "reader": None,
    "frozen": "needs the setting join_use_nulls = 1, which the profile of this user does not let it change",
    "narrow": "has no network_capabilities, or this user may not read it",
}


@pytest.mark.parametrize("user", REFUSED)
def test_an_export_by_a_user_that_may_only_read(pipeline, run, home, tmp_path, user):
    settings = pipeline.settings.using(run.ctx.names.database)
    database = Database.open(replace(settings, user=user, password=PASSWORDS[0]))
    request = ExportRequest(run.ctx.window, tmp_path / "set", options=pack_options(run.ctx.pack, {}))
    export = Export(database, run.ctx.pack, request, home, {"database": database.database})
    if REFUSED[user]:
        with pytest.raises(WarehouseError, match=REFUSED[user]):
            export.run()
        assert list(tmp_path.iterdir()) == []
    else:
        assert len(export.run().sessions) == 13
        report = check_fixture_set(tmp_path / "set/manifest.json", rules=run.ctx.pack.replay)
        assert (report.problems, report.sessions) == ((), 13)
    database.close()
