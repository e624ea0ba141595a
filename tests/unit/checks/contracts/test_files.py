"""Contract files: what they must say, and what is said of one that does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from streamproof.checks.contracts.files import load_contract, load_contracts
from streamproof.model.errors import UsageError

GOOD = """
table: samples
needs: a sample
identify: [id]
session: [stream, request]
expectations:
  - expect: expect_column_values_to_be_unique
    why: doubles count twice
    kwargs: {column: id}
    mutations:
      - INSERT INTO samples SELECT * FROM samples
      - {sql: [DELETE FROM samples WHERE 1, SELECT 1], also_fails: [samples.other]}
"""
TWO_ALIKE = GOOD + GOOD.split("expectations:\n")[1]


def written(folder: Path, text: str) -> Path:
    file = folder / "samples.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_reads_a_contract(tmp_path):
    contract = load_contract(written(tmp_path, GOOD))

    assert contract.table == "samples"
    assert contract.leave_out == ()
    assert (contract.time, contract.hourly, contract.computed, contract.layer) == ("", False, {}, "")
    [check] = contract.checks
    assert check.name == "samples.column_values_to_be_unique.id"
    assert check.mutations[0].statements == ("INSERT INTO samples SELECT * FROM samples",)
    assert check.mutations[1].statements == ("DELETE FROM samples WHERE 1", "SELECT 1")
    assert check.mutations[1].also_fails == ("samples.other",)


def test_reads_a_window_and_computed_columns(tmp_path):
    text = GOOD.replace("needs:", "layer: views\ntime: at\ngrain: hour\ncomputed: {both: one + other}\nneeds:")

    contract = load_contract(written(tmp_path, text))

    assert (contract.time, contract.hourly, contract.layer) == ("at", True, "views")
    assert contract.computed == {"both": "one + other"}


def test_shows_files_relative_to_the_project(tmp_path):
    written(tmp_path, GOOD)

    [contract] = load_contracts(tmp_path, relative_to=tmp_path.parent)

    assert contract.file == Path(tmp_path.name) / "samples.yaml"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("table: [unclosed", ": cannot be read"),
        ("just text", ":1: must be a mapping"),
        ("", ":1: must be a mapping"),
        (GOOD.replace("table: samples", ""), ":3: `table` is missing"),
        (GOOD.replace("needs:", "need:"), ":3: `need` is not a key that may stand here"),
        (GOOD.replace("    why: doubles count twice\n", ""), ":7: `expectations.0.why` is missing"),
        (
            GOOD.replace("expect_column", "assume_column"),
            ":7: `expectations.0` `assume_column_values_to_be_unique` is not",
        ),
        (GOOD.replace("kwargs: {column: id}", "kwargs: [id]"), ":9: `expectations.0.kwargs` must be a mapping"),
        (
            GOOD.split("    mutations:", maxsplit=1)[0] + "    mutations: []\n",
            ":10: `expectations.0.mutations` needs at least 1",
        ),
        (GOOD.split("expectations:", maxsplit=1)[0] + "expectations: []\n", ":6: `expectations` needs at least 1"),
        (GOOD.replace("identify: [id]", "identify: id"), ":4: `identify` must be a list"),
        (
            GOOD.replace("{sql: [", "{sqls: ["),
            ":12: `expectations.0.mutations.1.sqls` is not a key",
        ),
        (TWO_ALIKE, "appears twice"),
        (GOOD.replace("needs:", "grain: hour\nneeds:"), "a grain needs a time"),
        (GOOD.replace("needs:", "time: at\ngrain: day\nneeds:"), ":4: `grain` should be 'hour', not 'day'"),
        (GOOD.replace("needs:", "computed: [id]\nneeds:"), ":3: `computed` must be a mapping"),
        (GOOD.replace("needs:", "computed: {a b: id}\nneeds:"), ":3: `computed.a b` `a b` is not a name"),
    ],
)
def test_a_broken_file_is_named(tmp_path, text, said):
    file = written(tmp_path, text)

    with pytest.raises(UsageError) as raised:
        load_contract(file)

    assert str(file) in raised.value.message
    assert said in raised.value.message
    assert raised.value.hint


def test_a_missing_file_and_an_empty_folder_are_usage_errors(tmp_path):
    with pytest.raises(UsageError, match=r"nowhere\.yaml"):
        load_contract(tmp_path / "nowhere.yaml")
    with pytest.raises(UsageError, match="no contract"):
        load_contracts(tmp_path)


def test_the_packs_contracts_load(home):
    contracts = load_contracts(home / "include/contracts/livepeer")

    assert [contract.table for contract in contracts] == [
        "ai_stream_status",
        "fact_stream_status_samples",
        "network_capabilities",
        "stream_trace_events",
        "v_api_gpu_metrics",
        "v_api_network_demand",
        "v_api_network_demand_by_gpu",
        "v_api_sla_compliance",
        "v_latest_sessions",
    ]
    assert all(contract.time for contract in contracts)
    assert all(check.why for contract in contracts for check in contract.checks)


def test_contract_files_are_read_without_great_expectations():
    """In a process of its own: this one may have imported it for another test."""
    asks = "import sys, streamproof.checks.contracts.files; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asks], check=False).returncode == 0
