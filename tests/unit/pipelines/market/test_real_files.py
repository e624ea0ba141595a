"""Files of the service, and of every version and many data sets: stored value by value, and judged as sound."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from packs.market.source.jobs import job_text

from ....packs import market_data
from .gateway import Gateway, files_of
from .stored import differences
from .surroundings import Market, variables
from .test_assertions import FILES, judge, write_ledger

WRITTEN_BY_THE_SERVICE = Path(market_data.__file__).parent / "market_files"


@pytest.fixture(scope="module")
def real(cluster, tmp_path_factory):
    """A database with these files, loaded once."""
    folder, work = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("work")
    market_data.all_data_sets(folder)
    shutil.copytree(WRITTEN_BY_THE_SERVICE, folder / "service")
    (folder / "job.yaml").write_text(job_text(files_of(folder)))
    cluster.create("real_files", "market_schema")
    gateway = Gateway(folder, work)
    gateway.start()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables(gateway, cluster, "real_files").items():
            patch.setenv(name, value)
        market = Market(gateway, cluster, "real_files", work, folder)
        market.totals = market.run_set()
        yield market
    gateway.stop()
    cluster.drop("real_files")


def test_every_value_is_that_of_the_files(real):
    assert differences(real, real.files) == {}
    assert (real.totals["served"], real.totals["stored"], real.totals["quarantined"]) == (352, 352, 0)
    assert real.rows("SELECT * FROM quarantined_records") == []
    assert " ERROR " not in real.errors and " WARNING " not in real.errors


def test_no_check_refuses_them_and_bars_are_compared_as_far_as_trades_go(real):
    with real.cluster.connect(real.database) as connection:
        write_ledger(connection, real.files)
        judged = {file.stem: judge(connection, file) for file in FILES if file.parent.name != "operations"}
    assert {name: row for name, row in judged.items() if row["failed_rows"]} == {}
    # Four minutes of a share, 20 bars of options by publisher, and futures as far as their trades go.
    assert judged["minute_bars_equal_the_trades"]["bars"] == 4 + 20 + 3
    assert judged["day_bars_equal_the_trades"]["bars"] == 1
    assert judged["quotes_equal_the_trades"]["quotes_judged"] == 120 + 8 + 1


def test_a_load_by_force_changes_nothing(real):
    again = real.run_set("--force")
    assert (again["served"], again["changed"]) == (352, 0)
