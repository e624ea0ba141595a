"""A contract that is judged in batches has the outcomes of one frame, whatever the split. Real expectations judge."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from streamproof.checks.contracts.batches import TableJudge
from streamproof.checks.contracts.expectations import catalogue
from streamproof.checks.contracts.files import Contract, ContractCheck, load_contracts
from streamproof.checks.contracts.judging import judge
from streamproof.checks.contracts.merging import BY_COLUMNS, BY_NAMES, BY_ROW, merged
from streamproof.warehouse.values import Reading, TableRead

CASES = yaml.safe_load(Path(__file__).with_name("batches.yaml").read_text(encoding="utf-8"))
HOME = Path(__file__).resolve().parents[4]
CHECKS = [
    ContractCheck(expect=case["expect"], why="a test", mutations=["SELECT 1"], kwargs=case["kwargs"], name=f"{number}")
    for number, case in enumerate(CASES)
]
CONTRACT = Contract.model_construct(table="subject", identify=("id",), session=(), computed={}, file=Path("x.yaml"))
PARAMETERS = {"from_ts": "2026-01-01 00:00:00.000", "to_ts": "2026-01-03 00:00:00.000"}
# The library needs a second for one example, so there are few, and a failing one is not shrunk.
FEW = settings(max_examples=3, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])

ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", " ", "", None, "A0", "c"]),
        st.sampled_from([0.0, 1.5, -2.0, 7.0, None, float("nan"), float("inf")]),
        st.integers(0, 5),
        st.sampled_from(["2026-01-01", "2026-01-02", "2027-01-01", None]),
    ),
    min_size=5,
    max_size=12,
)
CUTS = st.lists(st.integers(2, 6), min_size=1, max_size=5)


def reading_of(rows):
    """The rows as a frame of the types that the warehouse gives, with its mask."""
    texts, numbers, counts, times = zip(*rows, strict=True)
    frame = pd.DataFrame(
        {
            "id": np.arange(len(rows), dtype="uint64"),
            "label": pd.array(texts, dtype="string"),
            "number": np.array([np.nan if value is None else value for value in numbers], dtype="float64"),
            "limit": np.full(len(rows), 2.0),
            "count": np.array(counts, dtype="uint32"),
            "at": pd.to_datetime(pd.Series(times)).astype("datetime64[ms]"),
        }
    )
    wrong = pd.Series([value is not None and not np.isfinite(value) for value in numbers])
    return Reading(frame, {"number": wrong} if wrong.any() else {})


class Split:
    """A warehouse with one table, which it gives in batches of these sizes. It keeps which columns were read."""

    def __init__(self, reading, sizes):
        self._reading, self._sizes = reading, sizes
        self.columns = []

    def _of(self, read, start, end):
        frame = self._reading.frame
        names = [name for name in frame.columns if name in read.only or not read.only]
        masks = {name: mask[start:end] for name, mask in self._reading.not_finite.items() if name in names}
        return Reading(frame[names][start:end], {name: mask for name, mask in masks.items() if mask.any()})

    def read_table(self, read, _window):
        self.columns.append(tuple(read.only))
        return self._of(read, 0, read.limit or len(self._reading.frame))

    def read_batches(self, read, _window, *, rows):
        start, turn = 0, 0
        while start < len(self._reading.frame):
            end = start + self._sizes[turn % len(self._sizes)]
            yield self._of(read, start, end)
            start, turn = end, turn + 1


def in_batches(warehouse, checks, contract=CONTRACT):
    table = TableJudge(warehouse, TableRead("subject", "x.yaml"), {}, contract, PARAMETERS, batch_rows=0)
    return table.judge(lambda _rows: checks)


@FEW
@given(rows=ROWS, sizes=CUTS)
def test_any_split_gives_the_outcomes_of_one_frame(rows, sizes):
    reading = reading_of(rows)

    number, outcomes = in_batches(Split(reading, sizes), CHECKS)

    expected = judge(reading, CONTRACT, CHECKS, PARAMETERS)
    assert number == len(rows)
    assert list(outcomes) == [check.name for check in CHECKS]
    for check in CHECKS:
        assert without_trace(outcomes[check.name]) == without_trace(expected[check.name]), (check.type, check.kwargs)


def without_trace(outcome):
    """An outcome without the traceback of an error, which holds addresses of objects.

    The library counts every NaN as a value of its own, because none equals another. Here they are counted together.
    """
    found = {name: part for name, part in outcome.items() if name != "exception_info"}
    result = dict(found["result"])
    counts = result.get("partial_unexpected_counts", [])
    if any(entry["value"] is None for entry in counts):
        missing = sum(entry["count"] for entry in counts if entry["value"] is None)
        others = [entry for entry in counts if entry["value"] is not None]
        result["partial_unexpected_counts"] = [*others, {"value": None, "count": missing}]
    raised = "'raised_exception': True" in str(outcome["exception_info"])
    return {**found, "result": result, "raised": raised}


def test_the_cases_hold_every_expectation_of_the_packs():
    used = {check.type for contract in load_contracts(HOME / "include/contracts/livepeer") for check in contract.checks}

    assert used - {case["expect"] for case in CASES} == set()


def test_every_expectation_of_the_library_is_in_one_list_or_judged_whole():
    whole = set(catalogue()) - BY_ROW - BY_COLUMNS - BY_NAMES

    assert whole == {
        "expect_query_results_to_match_comparison",
        "expect_table_row_count_to_equal_other_table",
        "unexpected_rows_expectation",
    }
    assert not (BY_ROW & BY_COLUMNS or BY_ROW & BY_NAMES or BY_COLUMNS & BY_NAMES)
    assert set(catalogue()) >= BY_ROW | BY_COLUMNS | BY_NAMES


def test_an_expectation_that_nobody_can_merge_is_judged_on_the_whole_table(monkeypatch):
    monkeypatch.setattr("streamproof.checks.contracts.batches.BY_ROW", frozenset())
    monkeypatch.setattr("streamproof.checks.contracts.batches.BY_COLUMNS", frozenset())
    reading = reading_of([("a", 1.0, 1, None), ("b", -2.0, 2, None), ("a", -3.0, 2, None)])
    warehouse, check = Split(reading, [1]), CHECKS[0]

    _, outcomes = in_batches(warehouse, [check])

    assert warehouse.columns == [(), ()]
    assert outcomes == judge(reading, CONTRACT, [check], PARAMETERS)


def test_an_expectation_about_uniqueness_reads_its_own_columns_and_those_that_identify_a_row():
    reading = reading_of([("a", 1.0, 1, None), ("b", 2.0, 2, None), ("a", 3.0, 2, None)])
    warehouse = Split(reading, [1])
    unique = next(check for check in CHECKS if check.type == "expect_column_values_to_be_unique")

    _, outcomes = in_batches(warehouse, [unique])

    assert warehouse.columns == [(), (unique.kwargs["column"], "id")]
    assert outcomes[unique.name]["result"]["unexpected_count"] == 2


@pytest.mark.parametrize(("unexpected", "success"), [(1, True), (2, False)])
def test_what_mostly_allows_is_judged_on_the_total(unexpected, success):
    config = {"kwargs": {"mostly": 0.9}}

    def part(wrong):
        result = {"element_count": 5, "missing_count": 0, "unexpected_count": wrong, "unexpected_percent": 20.0 * wrong}
        return {"success": not wrong, "expectation_config": config, "result": result}

    found = merged([part(unexpected), part(0)], shown=20)

    assert found["success"] is success
    assert found["result"]["unexpected_percent"] == 10.0 * unexpected
