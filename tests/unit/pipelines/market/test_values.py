from __future__ import annotations

import pytest

from .stored import differences


@pytest.mark.parametrize("kind", ["golden", "hostile"])
def test_every_value_is_what_the_oracle_reads_in_the_files(loaded, sets, kind):
    assert differences(loaded[kind], sets / kind) == {}


@pytest.mark.parametrize(
    ("damage", "table"),
    [
        ("UPDATE trades_data SET price = price + 0.000000001 WHERE sequence = 500001", "trades_data"),
        ("UPDATE tbbo_data SET ts_recv_ns = ts_recv_ns / 1000 * 1000", "tbbo_data"),
        ("UPDATE trades_data SET price = price::double precision", "trades_data"),
        ("DELETE FROM trades_data WHERE ordinal = 1", "trades_data"),
        ("UPDATE definitions_data SET expiration_ns = NULL", "definitions_data"),
        ("UPDATE statistics_data SET quantity = 0 WHERE quantity IS NULL", "statistics_data"),
        ("UPDATE daily_ohlcv_data SET symbol = 'CL.c.0' WHERE symbol = 'ES.c.0'", "daily_ohlcv_data"),
        ("DELETE FROM quarantined_records WHERE position < 0", "quarantined_records"),
        ("UPDATE quarantined_records SET record = record - 'symbol' WHERE rule = 'price_sign'", "quarantined_records"),
        ("UPDATE download_progress SET records_served = 1 + records_processed + records_quarantined,"
         " records_processed = 1 + records_processed", "download_progress"),
    ],
)  # fmt: skip
def test_the_oracle_sees_a_damage(copy_of, sets, damage, table):
    market = copy_of("hostile")
    market.execute(damage)
    assert list(differences(market, sets / "hostile")) == [table]
