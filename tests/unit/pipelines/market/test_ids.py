"""What pack.yaml says of a record's id holds in the database: every record that was served is in one place."""

from __future__ import annotations

import pytest

from .stored import ids_differ


@pytest.mark.parametrize("kind", ["golden", "hostile"])
def test_every_record_is_found_by_its_id(loaded, sets, kind):
    assert ids_differ(loaded[kind], sets / kind) == ([], [])


@pytest.mark.parametrize(
    "loss",
    [
        "DELETE FROM trades_data WHERE ordinal = 1",
        "DELETE FROM quarantined_records WHERE position >= 0 AND stage = 'extraction'",
        "UPDATE definitions_data SET ordinal = ordinal + 1",
        "DELETE FROM daily_ohlcv_data WHERE granularity = '1d'",
    ],
)
def test_a_loss_is_seen(copy_of, sets, loss):
    market = copy_of("hostile")
    market.execute(loss)
    assert ids_differ(market, sets / "hostile")[0]
