"""Content saved by a real ClickHouse and compared by the engine: every kind of difference, and what is none."""

from __future__ import annotations

import pytest

from streamproof.model.errors import WarehouseError
from streamproof.warehouse.registry import warehouse_kind

pytestmark = pytest.mark.engine

ROWS = "SELECT number AS n, concat('row ', toString(number)) AS text FROM numbers(5)"


@pytest.fixture
def database(warehouse):
    database = warehouse.opened(warehouse.empty())
    yield database
    database.close()


@pytest.fixture
def compare(database, tmp_path):
    """Save the rows of two queries, and compare the files."""

    def compare(one: str, other: str, samples: int = 10):
        files = tmp_path / "one/a.parquet", tmp_path / "other's [b]/a.parquet"
        for sql, file in zip((one, other), files, strict=True):
            database.save_rows(sql, file, source="A test")
        [found] = warehouse_kind("clickhouse").compare_files([files], samples=samples)
        return found

    return compare


def values(rows):
    return [(row.times, row.values) for row in rows]


def test_the_order_of_rows_is_no_difference(compare):
    found = compare(ROWS, f"{ROWS} ORDER BY n DESC")
    assert (found.rows, found.only, found.samples) == ((5, 5), (0, 0), ((), ()))
    assert found.columns[0] == found.columns[1] == (("n", "UInt64"), ("text", "String"))


def test_neither_is_the_order_of_columns(compare):
    assert compare(ROWS, f"SELECT text, n FROM ({ROWS})").only == (0, 0)


def test_a_missing_row(compare):
    found = compare(ROWS, f"{ROWS} WHERE n != 3")
    assert (found.rows, found.only) == ((5, 4), (1, 0))
    assert values(found.samples[0]) == [((1, 0), ("3", "row 3"))]
    assert found.samples[1] == ()


def test_a_row_that_is_there_more_often(compare):
    found = compare(ROWS, f"{ROWS} UNION ALL {ROWS} WHERE n = 2 UNION ALL {ROWS} WHERE n = 2")
    assert (found.rows, found.only) == ((5, 7), (0, 2))
    assert values(found.samples[1]) == [((1, 3), ("2", "row 2"))]


def test_a_changed_value(compare):
    found = compare(ROWS, f"SELECT n, if(n = 1, 'other', text) AS text FROM ({ROWS})")
    assert found.only == (1, 1)
    assert values(found.samples[0]) == [((1, 0), ("1", "row 1"))]
    assert values(found.samples[1]) == [((0, 1), ("1", "other"))]


# Two SQL expressions whose values are easily taken for equal, and how they are shown.
UNEQUAL = {
    "null_and_empty": ("CAST(NULL AS Nullable(String))", "CAST('' AS Nullable(String))", (None, "")),
    "null_and_its_name": ("CAST(NULL AS Nullable(String))", "CAST('NULL' AS Nullable(String))", (None, "NULL")),
    "nan_and_zero": ("nan", "toFloat64(0)", ("nan", "0")),
    "last_digit": ("toFloat64(0.1) + 0.2", "toFloat64(0.3)", ("0.30000000000000004", "0.3")),
    "float32": ("toFloat32(0.1)", "toFloat32(0.10000001)", ("0.1", "0.10000001")),
    "decimal": ("toDecimal64(1.5, 3)", "toDecimal64(1.501, 3)", ("1.5", "1.501")),
    "map": ("map('a', 1)", "map('a', 2)", ("{'a':1}", "{'a':2}")),
    "array": ("['a', 'b']", "['a\\', \\'b']", ("['a','b']", "['a\\', \\'b']")),
    "bytes": ("unhex('FF')", "unhex('FE')", ("0xFF", "0xFE")),
    "large": (
        "toUInt64(18446744073709551615)",
        "18446744073709551614",
        ("18446744073709551615", "18446744073709551614"),
    ),
    "enum": ("CAST('a' AS Enum8('a' = 1, 'b' = 2))", "CAST('b' AS Enum8('a' = 1, 'b' = 2))", ("a", "b")),
    "milliseconds": (
        "toDateTime64('2026-03-01 00:00:00.001', 3, 'UTC')",
        "toDateTime64('2026-03-01 00:00:00.002', 3, 'UTC')",
        ("2026-03-01 00:00:00.001", "2026-03-01 00:00:00.002"),
    ),
}
# Values that do not equal themselves in every language, or are no text.
EQUAL = ["nan", "-inf", "CAST(NULL AS Nullable(UInt8))", "unhex('FF')", "map(1, [NULL, 2])"]


def test_values_are_compared_exactly(database, tmp_path):
    pairs = {name: (one, other) for name, (one, other, _) in UNEQUAL.items()} | {
        value: (value, value) for value in EQUAL
    }
    files = []
    for number, pair in enumerate(pairs.values()):
        files.append((tmp_path / f"{number}.a", tmp_path / f"{number}.b"))
        for value, file in zip(pair, files[-1], strict=True):
            database.save_rows(f"SELECT {value} AS value", file, source="A test")
    found = dict(zip(pairs, warehouse_kind("clickhouse").compare_files(files, samples=5), strict=True))
    shown = {name: tuple(side[0].values[0] for side in found[name].samples if side) for name in UNEQUAL}
    assert shown == {name: wanted for name, (_, _, wanted) in UNEQUAL.items()}
    assert {name: answer.only for name, answer in found.items()} == {
        **dict.fromkeys(UNEQUAL, (1, 1)),
        **dict.fromkeys(EQUAL, (0, 0)),
    }


def test_two_texts_that_give_one_when_they_are_joined(compare):
    assert compare("SELECT 'a' AS x, 'b' AS y", "SELECT '' AS x, 'ab' AS y").only == (1, 1)


def test_other_columns_are_told_and_no_rows_compared(compare):
    found = compare(ROWS, f"SELECT *, 1 AS more FROM ({ROWS})")
    assert found.columns[1][-1] == ("more", "UInt8")
    assert found.rows == found.only == (0, 0)


def test_empty_tables_are_equal(compare):
    assert compare(f"{ROWS} WHERE n > 9", f"{ROWS} WHERE n > 9").rows == (0, 0)


def test_an_unusual_name_of_a_column(compare):
    assert compare('SELECT 1 AS `it\'s "a" {b}`', 'SELECT 2 AS `it\'s "a" {b}`').only == (1, 1)


def test_no_more_samples_than_asked_for(compare):
    found = compare("SELECT number AS n FROM numbers(1000)", "SELECT number AS n FROM numbers(500, 1000)", samples=3)
    assert found.only == (500, 500)
    assert [len(side) for side in found.samples] == [3, 3]


def test_every_pair_has_its_own_answer(database, tmp_path):
    files = [tmp_path / f"{number}.parquet" for number in range(3)]
    for number, file in enumerate(files):
        database.save_rows(f"SELECT number AS n FROM numbers({number})", file, source="A test")
    pairs = [(files[0], files[1]), (files[1], files[1]), (files[2], files[0])]
    found = warehouse_kind("clickhouse").compare_files(pairs, samples=1)
    assert [answer.only for answer in found] == [(0, 1), (0, 0), (2, 0)]


def test_a_view_is_read_from_the_cache(database, tmp_path):
    for statement in ("CREATE TABLE t (n UInt8) ENGINE = Memory", "CREATE VIEW v_t AS SELECT n FROM t"):
        database.execute(statement)
    database.cache_views(["SELECT * FROM v_t", "SELECT max(n) FROM v_t"])
    database.execute("INSERT INTO t VALUES (1)")
    files = tmp_path / "cached.parquet", tmp_path / "stored.parquet"
    for sql, file in zip(("SELECT * FROM v_t", "SELECT * FROM t"), files, strict=True):
        database.save_rows(sql, file, source="A test")
    database.drop_view_cache()
    assert warehouse_kind("clickhouse").compare_files([files], samples=1)[0].rows == (0, 1)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT * FROM nowhere", "A test: Unknown table"),
        ("SELECT throwIf(number = 900000) FROM numbers(1000000)", "A test: Value passed to 'throwIf'"),
    ],
)
def test_a_query_that_is_refused_leaves_no_file(database, tmp_path, sql, message):
    with pytest.raises(WarehouseError) as raised:
        database.save_rows(sql, tmp_path / "x.parquet", source="A test")
    assert raised.value.message.startswith(message)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_gone_or_torn_is_named(database, tmp_path):
    whole = tmp_path / "whole.parquet"
    database.save_rows(ROWS, whole, source="A test")
    torn = tmp_path / "torn.parquet"
    torn.write_bytes(whole.read_bytes()[:-10])
    for broken in (torn, tmp_path / "gone.parquet"):
        with pytest.raises(WarehouseError, match=broken.name):
            warehouse_kind("clickhouse").compare_files([(whole, broken)], samples=1)
