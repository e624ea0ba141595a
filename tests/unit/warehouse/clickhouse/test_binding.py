"""Parameters as the driver binds them: what a user typed is read by the SQL's type."""

from __future__ import annotations

import pytest

from streamproof.warehouse.clickhouse.binding import bindable
from streamproof.warehouse.values import AsTyped


@pytest.mark.parametrize(
    ("kind", "text", "bound"),
    [
        *[("String", text, text) for text in ("1e5", "1.10", "-0", "true", "null", " x ", '["a"]', "", "71245e10")],
        ("Nullable(String)", "null", "null"),
        ("LowCardinality(Nullable(String))", "null", "null"),
        ("Nullable(UInt8)", "null", "None"),
        ("Nullable(UInt8)", "7", "7"),
        ("UInt256", "123456789012345678901234567890", "123456789012345678901234567890"),
        ("DateTime64(3, 'UTC')", "2026-02-25 16:00:00", "2026-02-25 16:00:00"),
        ("Array(String)", '["it\'s", "b\\\\"]', "['it\\'s','b\\\\']"),
        ("Array(String)", "['a', 'b']", "['a', 'b']"),
        ("Array(UInt256)", "[123456789012345678901234567890]", "[123456789012345678901234567890]"),
        ("Array(Nullable(UInt8))", "[1, null]", "[1,NULL]"),
        ("Map(String, UInt64)", '{"a": 1, "": 2}', "{'a':1,'':2}"),
        ("Map(String, Array(Float64))", '{"a": [1.10, 2]}', "{'a':[1.10,2]}"),
        ("Tuple(UInt8, String)", "(1, 'a')", "(1, 'a')"),
    ],
)
def test_the_type_decides_what_a_typed_text_is(kind, text, bound):
    found = bindable({"x": AsTyped(text)}, [("x", kind)])
    assert found is not None
    assert str(found["x"]) == bound


def test_a_mapping_becomes_a_map_and_the_rest_is_left_to_the_driver():
    found = bindable({"m": {"it's": 1, "a\n": [True, None]}, "l": ["a"], "n": 3})
    assert found is not None
    assert str(found.pop("m")) == "{'it\\'s':1,'a\\n':[true,NULL]}"
    assert found == {"l": ["a"], "n": 3}
    assert bindable({}) is None
