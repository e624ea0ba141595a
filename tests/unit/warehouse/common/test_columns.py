"""What a warehouse lacks of what the pack expects."""

from __future__ import annotations

import pytest

from streamproof.model.errors import UsageError, WarehouseError
from streamproof.warehouse.common.columns import compare_columns, expected_columns, refuse_missing

EXPECTED = {"a": {"x": "String", "y": "UInt8"}, "v": {"z": "String"}, "ours": {"n": "UInt8"}}


def test_a_schema_with_more_columns_has_nothing_missing():
    found = compare_columns(EXPECTED, {**EXPECTED, "more": {"q": "String"}}, leave_out=())
    assert (found.missing, found.other_types) == ((), ())
    refuse_missing(found, "db")


def test_tables_of_a_run_may_be_absent_but_not_different():
    there = {"a": EXPECTED["a"], "v": EXPECTED["v"]}
    assert compare_columns(EXPECTED, there, leave_out=("ours",)).missing == ()
    assert compare_columns(EXPECTED, {**there, "ours": {"m": "UInt8"}}, leave_out=("ours",)).missing == ("ours.n",)


def test_everything_that_is_missing_is_named():
    found = compare_columns(EXPECTED, {"a": {"x": "LowCardinality(String)"}}, leave_out=("ours",))
    assert found.missing_tables == ("v",)
    assert found.missing_columns == ("a.y",)
    assert found.other_types == ("a.x is LowCardinality(String), not String",)
    with pytest.raises(WarehouseError, match=r"Database db has no v, a\.y\."):
        refuse_missing(found, "db")


def test_a_long_list_is_cut():
    found = compare_columns({f"t{n}": {"x": "String"} for n in range(40)}, {}, leave_out=())
    with pytest.raises(WarehouseError, match=r"t11 and 28 more\.$"):
        refuse_missing(found, "db")


def test_a_missing_file_says_how_to_write_it(tmp_path):
    with pytest.raises(UsageError, match=r"expected\.json") as refused:
        expected_columns(tmp_path / "expected.json")
    assert "make schema-columns" in refused.value.hint
