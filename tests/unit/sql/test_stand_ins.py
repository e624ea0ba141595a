"""A query that reads tables in place of the names in it."""

from __future__ import annotations

import pytest

from streamproof.sql.stand_ins import stand_in

TABLES = {"v_a": "held__v_a", "v_b": "held__v_b"}
UNDER_A = "`v_a` AS (SELECT * FROM `held__v_a`)"
UNDER_B = "`v_b` AS (SELECT * FROM `held__v_b`)"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1 FROM facts", "SELECT 1 FROM facts"),
        ("SELECT 1 FROM v_a_old", "SELECT 1 FROM v_a_old"),
        ("SELECT 1 FROM v_a", "SELECT 1 FROM `held__v_a` AS `v_a`"),
        ("SELECT 1 FROM `v_a`", "SELECT 1 FROM `held__v_a` AS `v_a`"),
        ("SELECT 1 from\n  v_a AS a", "SELECT 1 from\n  `held__v_a` AS a"),
        ("SELECT v_a.x FROM v_a WHERE v_a.y", "SELECT v_a.x FROM `held__v_a` AS `v_a` WHERE v_a.y"),
        (
            "SELECT 1 FROM v_a LEFT JOIN v_b AS b ON 1",
            "SELECT 1 FROM `held__v_a` AS `v_a` LEFT JOIN `held__v_b` AS b ON 1",
        ),
        ("WITH x AS (SELECT * FROM v_a) SELECT 1", "WITH x AS (SELECT * FROM `held__v_a` AS `v_a`) SELECT 1"),
        (
            "SELECT 1 FROM v_a UNION ALL SELECT 2 FROM v_a",
            "SELECT 1 FROM `held__v_a` AS `v_a` UNION ALL SELECT 2 FROM `held__v_a` AS `v_a`",
        ),
        # No name in a literal or a comment is read.
        ("SELECT 'FROM v_a', '\\' v_a' FROM t", "SELECT 'FROM v_a', '\\' v_a' FROM t"),
        ("SELECT 1 -- FROM v_a\n/* FROM v_a */ FROM t", "SELECT 1 -- FROM v_a\n/* FROM v_a */ FROM t"),
        ("SELECT $x$ FROM v_a $x$ FROM t", "SELECT $x$ FROM v_a $x$ FROM t"),
    ],
)
def test_a_table_is_read_in_place_of_its_name(sql, expected):
    assert stand_in(sql, TABLES) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1 FROM v_a a", f"WITH {UNDER_A} SELECT 1 FROM v_a a"),
        ("SELECT 1 FROM t, v_a", f"WITH {UNDER_A} SELECT 1 FROM t, v_a"),
        ("SELECT x IN v_a FROM v_a", f"WITH {UNDER_A} SELECT x IN v_a FROM v_a"),
        ("SELECT 1 FROM v_a FINAL", f"WITH {UNDER_A} SELECT 1 FROM v_a FINAL"),
        ("WITH x AS (SELECT 1) SELECT 1 FROM v_a a", f"WITH {UNDER_A},  x AS (SELECT 1) SELECT 1 FROM v_a a"),
        ("with x AS (SELECT 1 FROM v_a a) SELECT 1", f"WITH {UNDER_A},  x AS (SELECT 1 FROM v_a a) SELECT 1"),
        (
            "-- with what?\n/* WITH */ SELECT 1 FROM v_a a",
            f"-- with what?\n/* WITH */ WITH {UNDER_A} SELECT 1 FROM v_a a",
        ),
        ("SELECT 1 FROM v_a, v_b", f"WITH {UNDER_A}, {UNDER_B} SELECT 1 FROM v_a, v_b"),
        ("SELECT 1 FROM v_a JOIN v_b b", f"WITH {UNDER_B} SELECT 1 FROM `held__v_a` AS `v_a` JOIN v_b b"),
    ],
)
def test_a_name_that_also_stands_elsewhere_is_a_common_table_expression(sql, expected):
    assert stand_in(sql, TABLES) == expected


def test_without_tables_a_query_is_left_alone():
    assert stand_in("SELECT 1 FROM v_a", {}) == "SELECT 1 FROM v_a"
