"""The comparison of a table or view with the rows of an oracle."""

from __future__ import annotations

import pytest

from streamproof.model.errors import UsageError, WarehouseError
from streamproof.warehouse.values import Comparison, Tolerance

ORACLE = [
    {"id": "a", "family": "one", "at": "2024-01-15T00:00:00Z", "value": "1.5", "ratio": 0.5, "number": 1,
     "tags": ["x", "y"], "data": {"k": 1}},
    {"id": "b", "family": "one", "at": "2024-01-15T12:00:00Z", "value": None, "ratio": None, "number": 2, "tags": [],
     "data": None},
    {"id": "c", "family": "two", "at": "2024-01-16T00:00:00Z", "value": "-2.000000000", "ratio": 0.25, "number": 3,
     "tags": ["z"], "data": [1]},
]  # fmt: skip
SEEN = "SELECT family, 9::int AS readings, total FROM families"
SAME = {"rows_seen": 3, "rows_expected": 3, "rows_differing": 0, "rows_not_finite": 0}
# A statement that damages the table: how many rows differ, and what the detail says.
DAMAGES = {
    "DELETE FROM readings WHERE id = 'a'": (1, ["(a)"], [], {}),
    "INSERT INTO readings (id, family, at) VALUES ('d', '', '2024-01-15')": (1, [], ["(d)"], {}),
    "UPDATE readings SET value = value + 0.000000001 WHERE id = 'c'": (
        2, [], [], {"value": [["(c)", "-2.000000000", "-1.999999999"]]},
    ),
    "UPDATE readings SET value = 0 WHERE id = 'b'": (2, [], [], {"value": [["(b)", None, "0.000000000"]]}),
    "UPDATE readings SET tags = '{y,x}', data = '{\"k\": 2}' WHERE id = 'a'": (
        2, [], [], {"tags": [["(a)", "{x,y}", "{y,x}"]], "data": [["(a)", '{"k": 1}', '{"k": 2}']]},
    ),
    "UPDATE readings SET at = at + interval '1 microsecond' WHERE id = 'a'": (
        2, [], [], {"at": [["(a)", "2024-01-15 00:00:00+00", "2024-01-15 00:00:00.000001+00"]]},
    ),
}  # fmt: skip


def _compared(database, **options):
    shape = database.shapes(["readings"])["readings"]
    return Comparison("readings", shape, shape.columns, ["id"], expected_database=database.database, **options)


@pytest.fixture
def foretold(filled):
    shape = filled.shapes(["readings"])["readings"]
    rows = [("readings", row) for row in ORACLE]
    assert filled.store_expected(iter([*rows, ("other", {})]), {"readings": shape.columns}) == {"readings": 3}
    return filled


def _differing_columns(found):
    return {name: shown for name, number, shown in found["by_column"] if number}


def test_equal_rows_do_not_differ(foretold):
    assert foretold.compare(_compared(foretold), detail=False) == SAME
    detail = foretold.compare(_compared(foretold), detail=True)
    assert (detail["missing"], detail["unexpected"], detail["differing"]) == (0, 0, 0)
    assert _differing_columns(detail) == {}


@pytest.mark.parametrize("statement", DAMAGES)
def test_every_difference_is_counted_and_shown(foretold, statement):
    differing, missing, unexpected, columns = DAMAGES[statement]
    foretold.execute(statement)
    assert foretold.compare(_compared(foretold), detail=False)["rows_differing"] == differing
    found = foretold.compare(_compared(foretold), detail=True)
    assert (found["missing_keys"], found["unexpected_keys"]) == (missing, unexpected)
    assert _differing_columns(found) == columns


def test_a_row_that_is_there_twice_is_unexpected(foretold):
    foretold.execute("ALTER TABLE readings DROP CONSTRAINT readings_pkey")
    foretold.execute("INSERT INTO readings SELECT * FROM readings WHERE id = 'b'")
    assert foretold.compare(_compared(foretold), detail=False) == {**SAME, "rows_seen": 4, "rows_differing": 1}
    found = foretold.compare(_compared(foretold), detail=True)
    assert (found["unexpected_keys"], found["missing"], found["differing"]) == (["(b)"], 0, 0)
    assert foretold.compare(_compared(foretold, as_set=True), detail=False)["rows_differing"] == 0
    foretold.execute("DELETE FROM readings WHERE id = 'b'")
    assert foretold.compare(_compared(foretold, as_set=True), detail=False)["rows_differing"] == 1
    assert foretold.compare(_compared(foretold, as_set=True), detail=True)["missing_keys"] == ["(b)"]


def test_nan_equals_nothing(foretold):
    foretold.script("UPDATE readings SET ratio = 'NaN'; UPDATE expected__readings SET ratio = 'NaN';", "x")
    assert foretold.compare(_compared(foretold), detail=False) == {**SAME, "rows_not_finite": 3}
    assert _differing_columns(foretold.compare(_compared(foretold), detail=True)).keys() == {"ratio"}


def test_a_tolerance_lets_nearly_equal_numbers_agree(foretold):
    near = _compared(foretold, tolerance={"ratio": Tolerance(0.01)})
    foretold.execute("UPDATE readings SET ratio = ratio * 1.005")
    found = foretold.compare(near, detail=False)
    assert (found["rows_seen"], found["missing"], found["unexpected"], found["differing"]) == (3, 0, 0, 0)
    foretold.execute("UPDATE readings SET ratio = ratio * 1.01")
    assert foretold.compare(near, detail=False)["differing"] == 2
    many = _compared(foretold, tolerance={"ratio": Tolerance(0.5, rows="number", exact_to=2)})
    assert _differing_columns(foretold.compare(many, detail=True)).keys() == {"ratio"}
    assert foretold.compare(many, detail=False)["differing"] == 1


def test_a_view_is_compared_with_a_query(unchanged):
    shape = unchanged.shapes(["families"])["families"]
    other = "SELECT family, count(*) AS readings, sum(value) AS total FROM readings GROUP BY family"
    assert shape.columns["total"] == "numeric"
    found = unchanged.compare(
        Comparison("families", shape, shape.columns, ["family"], expected_sql=other), detail=False
    )
    assert (found["rows_seen"], found["rows_differing"]) == (2, 0)
    wider = Comparison(
        "families", shape, shape.columns, ["family"], expected_sql=other, seen_sql=SEEN
    )  # fmt: skip
    assert unchanged.compared_columns(wider) == {"family": "text", "readings": "integer", "total": "numeric"}
    assert unchanged.compare(wider, detail=False)["rows_differing"] == 4


def test_a_clone_has_the_expected_rows_of_its_source(foretold, postgres):
    comparison = _compared(foretold)
    clone = foretold.clone(f"{foretold.database}_clone", postgres.schema)
    try:
        clone.execute("DELETE FROM readings WHERE id = 'a'")
        assert clone.compare(comparison, detail=False)["rows_differing"] == 1
    finally:
        clone.drop()
    elsewhere = Comparison("readings", comparison.shape, comparison.columns, ["id"], expected_database="another")
    with pytest.raises(UsageError, match="are in database another"):
        foretold.compare(elsewhere, detail=False)


def test_rows_are_added_or_replaced_and_must_fit(foretold):
    columns = {"readings": foretold.shapes(["readings"])["readings"].columns}
    foretold.store_expected([("readings", ORACLE[0])], columns, added=True)
    assert foretold.compare(_compared(foretold), detail=False)["rows_expected"] == 4
    assert foretold.store_expected([], columns) == {"readings": 0}
    assert foretold.compare(_compared(foretold), detail=False)["rows_expected"] == 0
    with pytest.raises(UsageError, match="has no number, and has unknown columns other"):
        row = {name: value for name, value in ORACLE[0].items() if name != "number"}
        foretold.store_expected([("readings", {**row, "other": 1})], columns)
    with pytest.raises(WarehouseError, match="The expected rows of readings could not be stored"):
        foretold.store_expected([("readings", {**ORACLE[0], "number": "x"})], columns)
