"""Judge a contract on a table of any size in bounded memory.

A table with at most `BATCH_ROWS` rows is judged as one frame. Of a larger one, expectations about single rows are
judged batch by batch and merged; those that compare rows read all rows of their own columns; those about the columns
read no row. An expectation that no list in `merging` names is judged on the whole table with all columns.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from streamproof.checks.contracts.files import Contract, ContractCheck
from streamproof.checks.contracts.judging import (
    ROWS_SHOWN,
    Detail,
    Outcome,
    columns_of,
    has_no_value,
    in_detail,
    judge,
    raised,
    with_unexpected,
)
from streamproof.checks.contracts.merging import BY_COLUMNS, BY_NAMES, BY_ROW, merged
from streamproof.warehouse.base import Warehouse
from streamproof.warehouse.values import Reading, TableRead

# A batch of this size with twenty columns of text takes about 100 MB, and as much again while it is judged.
BATCH_ROWS = 100_000


class TableJudge:
    """Judges expectations on the rows of one table inside a window."""

    def __init__(
        self,
        warehouse: Warehouse,
        read: TableRead,
        window: Mapping[str, object],
        contract: Contract,
        parameters: Mapping[str, Any],
        *,
        batch_rows: int = BATCH_ROWS,
    ) -> None:
        """Use a table of the warehouse. `parameters` are the values of `{$PARAMETER: name}` in the contract."""
        self._warehouse, self._read, self._window = warehouse, read, window
        self._contract, self._parameters, self._batch_rows = contract, parameters, batch_rows

    def judge(self, choose: Callable[[int], Sequence[ContractCheck]]) -> tuple[int, dict[str, Outcome]]:
        """Return the number of rows, and the outcome of every check by name.

        `choose` returns the checks to judge, given the number of rows, or of some of them when the table is large.
        Raises WarehouseError when the table cannot be read.
        """
        start = self._warehouse.read_table(replace(self._read, limit=self._batch_rows + 1), self._window)
        checks = choose(len(start.frame))
        if len(start.frame) <= self._batch_rows:
            return len(start.frame), judge(start, self._contract, checks, self._parameters) if checks else {}
        by_names = _of_kind(checks, BY_NAMES)
        found = judge(start, self._contract, by_names, self._parameters) if by_names else {}
        # The frame is released, because the batches need its memory.
        del start
        rows, by_row = self._by_row(_of_kind(checks, BY_ROW))
        found |= by_row
        for check in checks:
            if check.name not in found:
                found |= self._whole(check)
        return rows, {check.name: found[check.name] for check in checks}

    def _whole(self, check: ContractCheck) -> dict[str, Outcome]:
        """Judge a check on all rows. One that is known reads only its own columns and those that identify a row."""
        only = self._columns([check]) if check.type in BY_COLUMNS else ()
        reading = self._warehouse.read_table(replace(self._read, only=only), self._window)
        return judge(reading, self._contract, [check], self._parameters)

    def _by_row(self, checks: Sequence[ContractCheck]) -> tuple[int, dict[str, Outcome]]:
        """Judge checks on single rows batch by batch, and those that do not simply pass once more in detail.

        As on one frame, a check has a detailed result if it fails, or may have judged no row, or meets values that are
        not finite.
        """
        rows, failed = 0, set[str]()
        shown = {check.name for check in checks if "row_condition" in check.kwargs}
        without_value = {check.name for check in checks}
        found: dict[str, Outcome] = {}
        for reading in self._batches(checks):
            rows += len(reading.frame)
            outcomes = judge(reading, self._contract, checks, self._parameters, details=False) if checks else {}
            without_value -= {check.name for check in checks if not has_no_value(reading.frame, check)}
            shown |= {name for name, outcome in outcomes.items() if outcome["result"].get("not_finite")}
            for name, outcome in outcomes.items():
                if name not in found or (found[name]["success"] and not outcome["success"]):
                    found[name] = outcome
            failed |= {name for name, outcome in outcomes.items() if not outcome["success"]}
        shown |= without_value
        repeated = [check for check in checks if check.name in failed | shown]
        for name, outcome in self._in_detail(repeated).items():
            if outcome["success"] and name not in shown:
                # Only some batches fail, within what `mostly` allows.
                found[name] = {**outcome, "result": {}}
            # A failed check stays failed when judging it in detail raises an error.
            elif found[name]["success"] or raised(found[name]) or not raised(outcome):
                found[name] = outcome
        return rows, found

    def _in_detail(self, checks: Sequence[ContractCheck]) -> dict[str, Outcome]:
        details: dict[str, list[Detail]] = {check.name: [] for check in checks}
        for reading in self._batches(checks) if checks else ():
            for name, found in in_detail(reading, self._contract, checks, self._parameters).items():
                details[name].append(found)
        return {name: _merged_details(found) for name, found in details.items()}

    def _batches(self, checks: Sequence[ContractCheck]) -> Iterator[Reading]:
        read = replace(self._read, only=self._columns(checks))
        return self._warehouse.read_batches(read, self._window, rows=self._batch_rows)

    def _columns(self, checks: Sequence[ContractCheck]) -> tuple[str, ...]:
        """Return the columns that the checks read and that identify a row; () for all columns of the table."""
        conditions = [check.kwargs["row_condition"] for check in checks if "row_condition" in check.kwargs]
        names = [name for check in checks for name in columns_of(check)]
        for condition in conditions:
            named = list(_named_columns(condition))
            # A condition that is a text, or has another form, may read any column.
            if not named:
                return ()
            names += named
        return tuple(dict.fromkeys([*names, *self._contract.identify, *self._contract.session]))


def _of_kind(checks: Sequence[ContractCheck], kinds: Collection[str]) -> list[ContractCheck]:
    return [check for check in checks if check.type in kinds]


def _named_columns(condition: Any) -> Iterator[str]:
    """Yield the columns that a condition in the library's own form names."""
    if isinstance(condition, Mapping):
        column = condition.get("column")
        if isinstance(column, Mapping) and isinstance(column.get("name"), str):
            yield column["name"]
        for name, part in condition.items():
            if name != "column":
                yield from _named_columns(part)
    elif isinstance(condition, list):
        for part in condition:
            yield from _named_columns(part)


def _merged_details(details: Sequence[Detail]) -> Outcome:
    """Return the outcome on all rows. Rows with NaN or infinite values are added to it last, as on one frame."""
    outcome = merged([detail.outcome for detail in details], shown=ROWS_SHOWN)
    wrong = [detail.not_finite for detail in details if detail.not_finite is not None]
    if not wrong:
        return outcome
    columns = next(detail.columns for detail in details if detail.not_finite is not None)
    return with_unexpected(outcome, merged(wrong, shown=ROWS_SHOWN)["result"], columns)
