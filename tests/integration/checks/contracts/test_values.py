"""Expectations on every type of column, on NaN and infinite values, on nothing at all: one costs no other."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from streamproof.checks.contracts.files import load_contract
from streamproof.checks.contracts.validation import validate
from streamproof.model.results import Status
from streamproof.runs.folder import read_json
from streamproof.runtime.files import write_json
from streamproof.warehouse.clickhouse.client import execute
from tests.support.databases import opened

pytestmark = pytest.mark.engine

TYPES = yaml.safe_load(Path(__file__).with_name("types.yaml").read_text(encoding="utf-8"))
MIXED = {"allow_suspicious_low_cardinality_types": 1, "allow_experimental_dynamic_type": 1}


@pytest.fixture(scope="module")
def client(warehouse):
    server = warehouse.client("default")
    execute(server, "CREATE DATABASE values")
    server.close()
    return warehouse.client("values")


@pytest.fixture
def judged(client, tmp_path):
    """Return a function that judges expectations on a view of that SQL and gives the checks by their last name."""

    def judge(sql, *expectations, identify=("id",), stored=False, **parameters):
        execute(client, "DROP TABLE IF EXISTS subject")
        kind = "TABLE subject ENGINE = Memory" if stored else "VIEW subject"
        execute(client, f"CREATE {kind} AS {sql}", settings=MIXED)
        entries = [{"why": "because", "mutations": ["SELECT 1"], **entry} for entry in expectations]
        data = {"table": "subject", "needs": "rows", "identify": list(identify), "expectations": entries}
        file = tmp_path / "subject.yaml"
        file.write_text(yaml.safe_dump(data), encoding="utf-8")
        result = validate(opened(client), load_contract(file), parameters)
        # What has no JSON form would end the stage.
        write_json(tmp_path / "subject.json", result.document)
        write_json(tmp_path / "checks.json", [check.as_json() for check in result.checks])
        assert read_json(tmp_path / "subject.json")["rows"] == result.rows
        return {check.name.split(".", 2)[-1]: check for check in result.checks}

    return judge


def expect(kind, name, **kwargs):
    return {"expect": f"expect_{kind}", "name": name, "kwargs": kwargs}


def test_a_failed_check_shows_a_row_of_every_type(judged):
    names = [case["name"] for case in TYPES]
    sql = "SELECT toUInt8(1) AS id, " + ", ".join(f"{case['sql']} AS {case['name']}" for case in TYPES)

    checks = judged(
        sql,
        expect("column_values_to_be_between", "limit", column="id", max_value=0),
        expect("column_values_to_be_between", "holds", column="id", max_value=1),
        *(expect("column_values_to_be_in_set", name, column=name, value_set=["never"]) for name in names),
        identify=("id", *names),
    )

    assert checks["limit"].status is Status.FAILED
    [row] = checks["limit"].diagnostics["rows"]
    assert {name: row[name] for name in names} == {case["name"]: case["shown"] for case in TYPES}
    assert checks["holds"].status is Status.PASSED
    missing = {case["name"] for case in TYPES if case["shown"] is None}
    assert {name for name in names if checks[name].status is Status.SKIPPED} == missing
    assert {checks[name].status for name in names if name not in missing} == {Status.FAILED}
    assert {checks[name].failed_rows for name in names if name not in missing} == {1}


ROWS = """
SELECT number AS id, multiIf(number = 3, {value}, number = 4, NULL, number / 1) AS x, 0. AS zero, number < 3 AS early
FROM numbers(10)
"""
HOLDS = [
    expect("column_values_to_be_between", "from_zero", column="x", min_value=0),
    expect("column_values_to_be_between", "between", column="x", min_value=0, max_value=100),
    expect("column_values_to_be_in_set", "in_set", column="x", value_set=[0, 1, 2, 5, 6, 7, 8, 9]),
    expect("column_values_to_not_be_in_set", "not_in_set", column="x", value_set=[77]),
    expect("column_values_to_be_unique", "unique", column="x"),
    expect("column_values_to_be_increasing", "increasing", column="x"),
    expect("column_max_to_be_between", "max", column="x", min_value=0),
    expect("column_min_to_be_between", "min", column="x", max_value=0),
    expect("column_mean_to_be_between", "mean", column="x", min_value=0),
    expect("column_median_to_be_between", "median", column="x", min_value=0),
    expect("column_sum_to_be_between", "sum", column="x", min_value=0),
    expect("column_stdev_to_be_between", "stdev", column="x", min_value=0),
    expect(
        "column_quantile_values_to_be_between",
        "quantile",
        column="x",
        quantile_ranges={"quantiles": [0.5], "value_ranges": [[0, None]]},
    ),
    expect("column_distinct_values_to_contain_set", "contain", column="x", value_set=[1]),
    expect("column_unique_value_count_to_be_between", "count", column="x", min_value=1),
    expect(
        "column_pair_values_a_to_be_greater_than_b",
        "pair",
        column_A="x",
        column_B="zero",
        or_equal=True,
        ignore_row_if="either_value_is_missing",
    ),
    expect(
        "column_pair_values_to_be_equal", "equal", column_A="x", column_B="x", ignore_row_if="either_value_is_missing"
    ),
    expect("compound_columns_to_be_unique", "compound", column_list=["id", "x"]),
    expect("column_values_to_be_between", "mostly", column="x", min_value=0, mostly=0.95),
]


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_a_value_that_is_no_finite_number_fails_whatever_compares_it(judged, value):
    checks = judged(ROWS.format(value=value), *HOLDS)

    assert {name: check.status for name, check in checks.items()} == dict.fromkeys(checks, Status.FAILED)
    for check in checks.values():
        assert check.failed_rows >= 1
        assert check.diagnostics["not_finite"] == 1
        assert check.diagnostics["rows"][0]["id"] == 3
    assert checks["between"].diagnostics["rows"][0]["x"] == value
    assert checks["between"].failed_rows == 1
    assert checks["between"].diagnostics["partial_unexpected_list"] == [value]


def test_the_same_expectations_hold_where_a_value_is_missing(judged):
    checks = judged(ROWS.format(value="NULL"), *HOLDS)

    assert {name: check.status for name, check in checks.items()} == dict.fromkeys(checks, Status.PASSED)


def test_what_mostly_allows_and_what_a_condition_leaves_out_holds(judged):
    early = {"type": "comparison", "column": {"name": "id"}, "operator": "<", "parameter": 3}
    checks = judged(
        ROWS.format(value="nan"),
        expect("column_values_to_be_between", "most", column="x", min_value=0, mostly=0.85),
        expect("column_values_to_be_between", "early", column="x", min_value=0, row_condition=early),
        expect("column_values_to_be_between", "early_wrong", column="x", min_value=1, row_condition=early),
        expect("column_values_to_be_of_type", "type", column="x", type_="float64"),
        expect("column_values_to_not_be_null", "there", column="x"),
        expect("column_values_to_be_between", "other", column="id", min_value=0),
    )

    assert {name: check.status.value for name, check in checks.items()} == {
        "most": "passed",
        "early": "passed",
        "early_wrong": "failed",
        "type": "passed",
        "there": "failed",
        "other": "passed",
    }
    assert (checks["early_wrong"].failed_rows, checks["there"].failed_rows) == (1, 2)


@pytest.mark.parametrize(
    "sql",
    [
        "toFloat32(nan)",
        "CAST(nan, 'Nullable(Float32)')",
        "CAST(nan, 'LowCardinality(Float64)')",
        "CAST(nan, 'BFloat16')",
        "CAST(toFloat64(nan), 'Variant(Float64, String)')",
        "CAST(toFloat64(inf), 'Dynamic')",
        "CAST([1, nan], 'Array(Float64)')",
        "map('a', nan)",
        "CAST(nan, 'SimpleAggregateFunction(max, Float64)')",
    ],
)
def test_every_type_that_can_hold_nan_is_seen_through(judged, sql):
    checks = judged(
        f"SELECT 1 AS id, {sql} AS x",
        expect("column_values_to_not_be_in_set", "x", column="x", value_set=["never"]),
        stored=True,
    )

    assert checks["x"].status is Status.FAILED
    assert checks["x"].diagnostics["not_finite"] == 1


def test_all_values_that_are_nan_fail_and_are_not_taken_for_missing(judged):
    checks = judged(
        "SELECT number AS id, nan AS x FROM numbers(30)",
        expect("column_values_to_be_between", "x", column="x", min_value=0, max_value=1),
        expect("column_mean_to_be_between", "mean", column="x", min_value=0),
    )

    assert [checks[name].status for name in ("x", "mean")] == [Status.FAILED, Status.FAILED]
    assert checks["x"].failed_rows == 30
    assert len(checks["x"].diagnostics["rows"]) == 20


def test_what_is_asked_of_emptiness_is_judged_on_an_empty_table(judged):
    expectations = [
        expect("table_row_count_to_be_between", "some", min_value=1),
        expect("table_row_count_to_be_between", "few", max_value=5),
        expect("table_row_count_to_equal", "none", value=0),
        expect("table_row_count_to_equal", "one", value=1),
        expect("column_unique_value_count_to_be_between", "kinds", column="x", min_value=1),
        expect("column_proportion_of_non_null_values_to_be_between", "share", column="x", min_value=0.9),
        expect("column_values_to_be_between", "limit", column="x", min_value=0),
    ]

    empty = judged("SELECT toUInt8(1) AS id, toNullable(1.5) AS x WHERE 0", *expectations)
    without_values = judged("SELECT toUInt8(1) AS id, CAST(NULL, 'Nullable(Float64)') AS x", *expectations)

    assert {name: check.status.value for name, check in empty.items()} == {
        "some": "failed",
        "few": "passed",
        "none": "passed",
        "one": "failed",
        "kinds": "failed",
        "share": "failed",
        "limit": "skipped",
    }
    assert {name: check.status.value for name, check in without_values.items()} == {
        "some": "passed",
        "few": "passed",
        "none": "failed",
        "one": "passed",
        "kinds": "failed",
        "share": "failed",
        "limit": "skipped",
    }
    assert empty["some"].diagnostics["observed_value"] == 0
    assert empty["limit"].diagnostics == {"needs": "rows"}


def test_two_expectations_of_one_type_on_one_column_are_distinguished(judged):
    checks = judged(
        "SELECT number AS id, if(number = 9, 200., number) AS x FROM numbers(10)",
        expect("column_values_to_be_between", "hard", column="x", min_value=0, max_value=1000),
        expect("column_values_to_be_between", "most", column="x", min_value=0, max_value=100, mostly=0.9),
        expect("column_values_to_be_between", "nearly_all", column="x", min_value=0, max_value=100, mostly=0.95),
        expect("column_values_to_be_between", "most_again", column="x", min_value=0, max_value=100, mostly=0.9),
    )

    assert {name: check.status.value for name, check in checks.items()} == {
        "hard": "passed",
        "most": "passed",
        "nearly_all": "failed",
        "most_again": "passed",
    }


def test_an_expectation_that_raises_costs_no_other(judged):
    checks = judged(
        "SELECT number AS id, toString(number) AS text, [number] AS list FROM numbers(5)",
        expect("column_values_to_be_between", "holds", column="id", min_value=0),
        expect("column_values_to_be_between", "fails", column="id", min_value=1),
        expect("column_mean_to_be_between", "mean_of_text", column="text", min_value=0),
        expect("column_values_to_match_regex", "no_regex", column="text", regex="["),
        expect("column_values_to_be_between", "no_column", column="nowhere", min_value=0),
        expect("column_values_to_be_between", "no_condition", column="id", min_value=0, row_condition={"type": "?"}),
        expect("column_values_to_be_unique", "lists", column="list"),
        expect("column_values_to_be_in_set", "no_parameter", column="id", value_set={"$PARAMETER": "1 / zero"}),
        expect("table_row_count_to_equal_other_table", "sql_only", other_table_name="other"),
    )

    statuses = {name: check.status.value for name, check in checks.items()}
    assert (statuses.pop("holds"), statuses.pop("fails")) == ("passed", "failed")
    assert statuses.pop("lists") in ("passed", "errored")
    assert statuses == dict.fromkeys(statuses, "errored")
    assert all(check.error for name, check in checks.items() if name in statuses)
