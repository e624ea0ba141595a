"""DataFrames for contracts: types by column, whatever the rows are, and masks of what is not finite."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from streamproof.model.errors import WarehouseError
from streamproof.warehouse.values import TableRead

WINDOW = {"from_ts": "2024-01-15 12:00:00.000", "to_ts": "2024-01-16 00:00:00.000"}
DTYPES = {
    "id": "object", "family": "object", "at": "datetime64[us]", "value": "object", "ratio": "float64",
    "number": "int64", "tags": "object", "data": "object",
}  # fmt: skip


def _read(database, **options):
    return database.read_table(TableRead("readings", "c.yaml", **options), WINDOW)


def test_the_types_are_those_of_the_columns_even_without_rows(unchanged):
    full, none = _read(unchanged).frame, _read(unchanged, limit=1, time="at", computed={"more": "number + 1"}).frame
    assert {name: str(kind) for name, kind in full.dtypes.items()} == DTYPES
    assert {name: str(kind) for name, kind in none.dtypes.items()} == {**DTYPES, "more": "Int64"}
    assert full["value"].tolist() == [Decimal("1.500000000"), None, Decimal("-2.000000000")]
    assert full["at"].tolist()[1] == pd.Timestamp("2024-01-15 12:00")


def test_only_rows_of_the_window_are_read(unchanged):
    assert _read(unchanged, time="at").frame["id"].tolist() == ["b"]
    late = {**WINDOW, "from_ts": "2024-01-15 12:30:00.000"}
    read = TableRead("readings", "c.yaml", time="at", hourly=True, only=("id", "absent"))
    assert unchanged.read_table(read, late).frame.columns.tolist() == ["id"]
    assert unchanged.read_table(read, late).frame["id"].tolist() == ["b"]


def test_generated_columns_and_those_left_out_are_not_read(unchanged):
    frame = unchanged.read_table(TableRead("days", "c.yaml", leave_out=("half",)), {}).frame
    assert frame.columns.tolist() == ["day", "id", "reading"]


def test_what_is_not_finite_is_marked_and_null_is_not(filled):
    filled.script(
        "UPDATE readings SET ratio = 'NaN' WHERE id = 'a'; UPDATE readings SET ratio = '-Infinity' WHERE id = 'c';", "x"
    )
    reading = _read(filled, computed={"list": "ARRAY[ratio, 1]"})
    assert reading.not_finite.keys() == {"ratio", "list"}
    by_id = dict(zip(reading.frame["id"], reading.not_finite["ratio"], strict=True))
    assert by_id == {"a": True, "b": False, "c": True}
    assert dict(zip(reading.frame["id"], reading.not_finite["list"], strict=True)) == by_id


def test_batches_are_the_whole_table_in_parts(filled):
    filled.execute("INSERT INTO readings SELECT 'n' || n, 'f', now(), n FROM generate_series(1, 20) AS n")
    batches = list(filled.read_batches(TableRead("readings", "c.yaml"), {}, rows=8))
    assert [len(batch.frame) for batch in batches] == [8, 8, 7]
    whole = pd.concat([batch.frame for batch in batches])
    assert whole.index.tolist() == list(range(23))
    assert sorted(whole["id"]) == sorted(_read(filled).frame["id"])
    assert {tuple(map(str, batch.frame.dtypes)) for batch in batches} == {tuple(DTYPES.values())}
    filled.execute("TRUNCATE readings")
    assert list(filled.read_batches(TableRead("readings", "c.yaml"), {}, rows=8)) == []


def test_other_types_become_text(empty):
    empty.script("CREATE TABLE t (a inet, b uuid, c interval, d varchar(3)); INSERT INTO t VALUES "
                 "('10.0.0.1', '00000000-0000-0000-0000-000000000001', '1 day', 'x')", "t")  # fmt: skip
    frame = empty.read_table(TableRead("t", "c.yaml"), {}).frame
    assert frame.iloc[0].tolist() == ["10.0.0.1/32", "00000000-0000-0000-0000-000000000001", "1 day", "x"]


@pytest.mark.parametrize(("table", "options"), [("absent", {}), ("readings", {"computed": {"x": "nothing + 1"}})])
def test_what_cannot_be_read_is_named(unchanged, table, options):
    with pytest.raises(WarehouseError, match=table) as refused:
        unchanged.read_table(TableRead(table, "contracts/c.yaml", **options), {})
    assert "contracts/c.yaml" in refused.value.hint
