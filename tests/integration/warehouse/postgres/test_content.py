"""The content of a database, saved to Parquet files and compared without a server."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from streamproof.model.errors import WarehouseError
from streamproof.warehouse.postgres import compare_files

ALL = "SELECT * FROM readings"


def _saved(database, tmp_path, name, sql=ALL):
    file = tmp_path / "content" / f"{name}.parquet"
    database.save_rows(sql, file, source=f"Table {name}")
    return file


def test_a_file_has_the_types_and_values_of_the_rows(unchanged, tmp_path):
    file = _saved(unchanged, tmp_path, "readings", f"{ALL} ORDER BY id -- 100 %")
    assert [str(field.type) for field in pq.read_schema(file)] == [
        "string", "string", "timestamp[us, tz=UTC]", "decimal128(20, 9)", "double", "int64", "string", "string",
    ]  # fmt: skip
    rows = pq.read_table(file).to_pylist()
    assert str(rows[0]["value"]) == "1.500000000"
    assert [(row["tags"], row["data"], row["ratio"]) for row in rows] == [
        ("{x,y}", '{"k": 1}', 0.5), ("{}", None, None), ("{z}", "[1]", 0.25)
    ]  # fmt: skip
    assert [path.name for path in file.parent.iterdir()] == ["readings.parquet"]


def test_a_query_without_rows_gives_a_file(unchanged, tmp_path):
    file = _saved(unchanged, tmp_path, "none", f"{ALL} WHERE false")
    assert (pq.read_metadata(file).num_rows, pq.read_schema(file).names[0]) == (0, "id")


@pytest.mark.parametrize(
    "sql", ["SELECT * FROM absent", "SELECT 1 / (60000 - n) AS n FROM generate_series(1, 60000) AS n"]
)
def test_nothing_is_left_of_a_query_that_fails(unchanged, tmp_path, sql):
    with pytest.raises(WarehouseError, match=r"^Table bad: "):
        _saved(unchanged, tmp_path, "bad", sql)
    assert list((tmp_path / "content").iterdir()) == []


def test_files_are_compared_as_multisets(filled, tmp_path):
    files = [_saved(filled, tmp_path, "one"), _saved(filled, tmp_path, "same", f"{ALL} ORDER BY id DESC")]
    filled.execute("UPDATE readings SET number = 9 WHERE id = 'c'")
    files.append(_saved(filled, tmp_path, "changed", f"{ALL} UNION ALL {ALL} WHERE id = 'a'"))
    files.append(_saved(filled, tmp_path, "narrow", "SELECT id FROM readings"))
    equal, changed, narrow = compare_files([(files[0], file) for file in files[1:]], samples=5)
    assert (equal.rows, equal.only, equal.samples) == ((3, 3), (0, 0), ((), ()))
    assert (changed.rows, changed.only) == ((3, 4), (1, 2))
    assert [(row.times, row.values[0], row.values[5]) for row in changed.samples[0]] == [((1, 0), "c", "3")]
    assert sorted((row.times, row.values[0]) for row in changed.samples[1]) == [((0, 1), "c"), ((1, 2), "a")]
    assert narrow.columns[0] != narrow.columns[1]
    assert narrow.rows == (0, 0)
    assert [len(side) for side in compare_files([(files[0], files[2])], samples=1)[0].samples] == [1, 1]


def test_a_file_that_cannot_be_read_is_named(unchanged, tmp_path):
    file = _saved(unchanged, tmp_path, "one")
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(file.read_bytes()[:-20])
    for other in (broken, tmp_path / "absent.parquet"):
        with pytest.raises(WarehouseError, match=other.name):
            compare_files([(file, other)], samples=1)
