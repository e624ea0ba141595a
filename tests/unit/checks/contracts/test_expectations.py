"""What Great Expectations offers is known without importing it, and is what the pinned version offers."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import yaml

from streamproof.checks.contracts.expectations import CATALOGUE, library_catalogue, refuse_misspelt
from streamproof.checks.contracts.files import PARAMETERS, load_contract, load_contracts
from streamproof.model.errors import EXIT_USAGE, UsageError

BETWEEN = "expect_column_values_to_be_between"


@pytest.mark.parametrize(
    ("kind", "kwargs", "said"),
    [
        ("expect_column_values_to_be_bewteen", {"column": "x"}, f"did you mean `{BETWEEN}`?"),
        ("expect_the_moon", {}, "there is no expectation `expect_the_moon`"),
        (BETWEEN, {"column": "x", "min_vlaue": 0}, "no parameter `min_vlaue`; did you mean `min_value`?"),
        (BETWEEN, {"min_value": 0}, "needs the parameter `column`"),
        (BETWEEN, {"column": None, "min_value": 0}, "needs the parameter `column`"),
        (BETWEEN, {"column": "x", "mostly": 95}, "`mostly` of " + BETWEEN + " is a number from 0.0 to 1.0, not 95"),
        (BETWEEN, {"column": "x", "mostly": -0.1}, "is a number from 0.0 to 1.0, not -0.1"),
        (BETWEEN, {"column": "x", "mostly": float("nan")}, "is a number from 0.0 to 1.0, not nan"),
        (BETWEEN, {"column": "x", "mostly": "95 %"}, "is a number from 0.0 to 1.0, not '95 %'"),
        (BETWEEN, {"column": "x", "mostly": True}, "is a number from 0.0 to 1.0, not True"),
        (BETWEEN, {"column": ["x"]}, "`column` of " + BETWEEN + " is a string"),
        (BETWEEN, {"column": "x", "strict_min": "yes"}, "is a boolean, not 'yes'"),
        (BETWEEN, {"column": "x", "min_value": 9, "max_value": 1}, "no value is between 9 and 1"),
        (BETWEEN, {"column": "x", "result_format": "COMPLETE"}, "has no parameter `result_format`"),
        (BETWEEN, {"column": "x", "catch_exceptions": False}, "has no parameter `catch_exceptions`"),
        (BETWEEN, {"column": "x", 1: 2}, "has no parameter `1`"),
        ("expect_column_values_to_be_in_set", {"column": "x", "sets": [1]}, "has no parameter `sets`"),
        ("expect_column_values_to_be_in_set", {"column": "x", "value_set": 1}, "is an array, not 1"),
        (
            "expect_column_values_to_be_in_set",
            {"column": "x", "value_set": {"$PARAMETER": "input_topcs"}},
            "a run has no parameter `input_topcs`; did you mean `input_topics`?",
        ),
        ("expect_table_row_count_to_equal", {"value": 1.5}, "is an integer, not 1.5"),
        (
            "expect_column_pair_values_to_be_equal",
            {"column_A": "a", "column_B": "b", "ignore_row_if": "never"},
            "is one of both_values_are_missing, either_value_is_missing, neither",
        ),
    ],
)
def test_what_cannot_be_checked_is_refused(kind, kwargs, said):
    with pytest.raises(ValueError) as raised:
        refuse_misspelt(kind, kwargs, PARAMETERS)

    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("kind", "kwargs"),
    [
        (BETWEEN, {"column": "x", "min_value": 0, "mostly": 0.999}),
        (BETWEEN, {"column": "x", "min_value": 0, "mostly": 1}),
        (BETWEEN, {"column": "x", "min_value": None, "max_value": 1.5}),
        (BETWEEN, {"column": "x", "min_value": yaml.safe_load("2000-01-01 00:00:00"), "max_value": "2030-01-01"}),
        (BETWEEN, {"column": "x", "min_value": {"$PARAMETER": "from_ts"}}),
        (BETWEEN, {"column": "x", "min_value": {"$PARAMETER": "now() - timedelta(days=1)"}}),
        ("expect_column_values_to_be_in_set", {"column": "x", "value_set": {"$PARAMETER": "input_topics"}}),
        ("expect_table_row_count_to_be_between", {"min_value": 1}),
        ("unexpected_rows_expectation", {"unexpected_rows_query": "SELECT 1"}),
    ],
)
def test_what_can_be_checked_is_taken(kind, kwargs):
    refuse_misspelt(kind, kwargs, PARAMETERS)


def test_a_contract_names_file_expectation_and_suggestion(tmp_path):
    file = tmp_path / "status.yaml"
    entry = {
        "expect": "expect_column_values_to_be_bewteen",
        "name": "typo",
        "why": "a limit",
        "mutations": ["SELECT 1"],
    }
    contract = {
        "table": "t",
        "needs": "rows",
        "identify": ["id"],
        "expectations": [{**entry, "kwargs": {"column": "x"}}],
    }
    file.write_text(yaml.safe_dump(contract), encoding="utf-8")

    with pytest.raises(UsageError) as raised:
        load_contract(file)

    assert raised.value.exit_code == EXIT_USAGE
    assert f"{file}:2: `expectations.0` " in raised.value.message
    assert raised.value.message.endswith(f"did you mean `{BETWEEN}`?")


def test_every_yaml_file_is_a_contract_and_a_table_may_have_two(tmp_path):
    entry = {"expect": BETWEEN, "why": "a limit", "mutations": ["SELECT 1"], "kwargs": {"column": "x"}}
    contract = {"table": "t", "needs": "rows", "identify": ["id"], "expectations": [entry]}
    for name in ("a.yaml", "b.yml"):
        (tmp_path / name).write_text(yaml.safe_dump(contract), encoding="utf-8")

    assert [contract.file.name for contract in load_contracts(tmp_path)] == ["a.yaml", "b.yml"]


def test_the_list_is_what_the_pinned_library_offers():
    """After an upgrade: `python -m streamproof.checks.contracts.expectations` writes it again."""
    assert json.loads(CATALOGUE.read_text(encoding="utf-8")) == library_catalogue()


def test_contracts_are_checked_without_the_library():
    asks = (
        "import sys; from streamproof.checks.contracts.expectations import refuse_misspelt;"
        f"refuse_misspelt({BETWEEN!r}, {{'column': 'x'}}, ()); sys.exit('great_expectations' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", asks], check=False).returncode == 0
