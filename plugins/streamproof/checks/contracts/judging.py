"""The only module that uses Great Expectations to judge: `judge` validates expectations on rows that have been read.

Every expectation is judged, also after another has failed. The outcome of one that cannot be judged has the error.
"""

from __future__ import annotations

import traceback
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from streamproof.checks.contracts.files import Contract, ContractCheck
from streamproof.checks.contracts.library import ephemeral_context
from streamproof.checks.contracts.values import plain_outcome
from streamproof.warehouse.values import Reading

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations import ExpectationSuite
    from great_expectations.datasource.fluent.interfaces import Batch

# The most offending rows that a failed check shows. All of them are counted.
ROWS_SHOWN = 20

_COLUMNS_IN_ORDER = "expect_table_columns_to_match_ordered_list"
# Expectations about the table, a column's type or missing values. They do not compare values, so NaN and infinite
# values need no special treatment. The last two expectations count such values as missing.
_COMPARES_NOTHING = frozenset(
    {
        "expect_column_to_exist",
        "expect_column_type_to_be",
        "expect_column_values_to_be_of_type",
        "expect_column_values_to_be_in_type_list",
        "expect_column_values_to_not_be_null",
        "expect_column_proportion_of_non_null_values_to_be_between",
    }
)
_IS_FINITE = "streamproof: is finite"

Outcome = dict[str, Any]


class Detail(NamedTuple):
    """The detailed outcome of a check on some rows.

    `outcome` is that of the rows without NaN and infinite values in `columns`. `not_finite` is the outcome that has the
    other rows as unexpected ones, None when there are none.
    """

    outcome: Outcome
    not_finite: Outcome | None = None
    columns: Sequence[str] = ()


def judge(
    reading: Reading,
    contract: Contract,
    checks: Sequence[ContractCheck],
    parameters: Mapping[str, Any],
    *,
    details: bool = True,
) -> dict[str, Outcome]:
    """Return the outcome of every check by its name, as the library's own result in plain JSON data.

    When a check compares a column with NaN or infinite values, these count as unexpected values. Without `details`,
    the outcomes say only whether a check holds.
    """
    affected = [check for check in checks if _not_finite_columns(reading, check)]
    judge_frame = _Judge(reading.frame, contract, parameters)
    others = [check for check in checks if check not in affected]
    judged = judge_frame.outcomes(others) if details else judge_frame.booleans(others)
    for name, found in in_detail(reading, contract, affected, parameters).items():
        judged[name] = found.outcome
        if found.not_finite is not None:
            judged[name] = with_unexpected(found.outcome, found.not_finite["result"], found.columns)
    return {check.name: judged[check.name] for check in checks}


def in_detail(
    reading: Reading, contract: Contract, checks: Sequence[ContractCheck], parameters: Mapping[str, Any]
) -> dict[str, Detail]:
    """Judge checks and return offending rows; those with NaN or infinite values by themselves."""
    affected = {check.name: columns for check in checks if (columns := _not_finite_columns(reading, check))}
    others = [check for check in checks if check.name not in affected]
    found = (
        {
            name: Detail(outcome)
            for name, outcome in _Judge(reading.frame, contract, parameters).in_detail(others).items()
        }
        if others
        else {}
    )
    for check in checks:
        if check.name in affected:
            columns = affected[check.name]
            found[check.name] = _judge_with_not_finite(reading, contract, check, columns, parameters)
    return found


class _Judge:
    """Validates expectations on one DataFrame."""

    def __init__(
        self, frame: pd.DataFrame, contract: Contract, parameters: Mapping[str, Any], *, nan: str | None = None
    ) -> None:
        """`nan` is the value that replaces NaN in results: None when NaN represents NULL."""
        context = ephemeral_context()
        asset = context.data_sources.add_pandas("warehouse").add_dataframe_asset(name=contract.table)
        self._batch: Batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
        self._frame, self._contract, self._parameters, self._nan = frame, contract, parameters, nan

    def outcomes(self, checks: Sequence[ContractCheck]) -> dict[str, Outcome]:
        """Judge every check. Those that fail or may have judged no row are judged again in detail.

        Judging in detail takes twice as long, and most checks pass.
        """
        found = self.booleans(checks)
        repeated = [
            check for check in checks if not found[check.name]["success"] or _may_have_skipped_all(self._frame, check)
        ]
        for name, outcome in self.in_detail(repeated).items():
            # A failed check stays failed when judging it in detail raises an error.
            if found[name]["success"] or raised(found[name]) or not raised(outcome):
                found[name] = outcome
        return found

    def booleans(self, checks: Sequence[ContractCheck]) -> dict[str, Outcome]:
        """Return whether each check holds, without its result."""
        return self._validated(checks, {"result_format": "BOOLEAN_ONLY"})

    def in_detail(self, checks: Sequence[ContractCheck], *, shown: Collection[str] = ()) -> dict[str, Outcome]:
        """Judge checks and return offending rows, with the columns in `identify` of the contract and in `shown`."""
        names = [name for name in dict.fromkeys([*self._contract.identify, *shown]) if name in self._frame.columns]
        return self._validated(
            checks,
            {
                "result_format": "SUMMARY",
                "partial_unexpected_count": ROWS_SHOWN,
                "unexpected_index_column_names": names,
            },
        )

    def _validated(self, checks: Sequence[ContractCheck], result_format: Mapping[str, Any]) -> dict[str, Outcome]:
        if not checks:
            return {}
        try:
            return self._together(checks, result_format)
        except Exception:  # noqa: BLE001 - one check fails in the library; judging each alone finds which
            return {check.name: self._alone(check, result_format) for check in checks}

    def _alone(self, check: ContractCheck, result_format: Mapping[str, Any]) -> Outcome:
        try:
            return self._together([check], result_format)[check.name]
        except Exception as error:  # noqa: BLE001 - any error of the library is this check's outcome
            return {
                "success": False,
                "expectation_config": {"type": check.type, "kwargs": dict(check.kwargs), "meta": {"check": check.name}},
                "result": {},
                "exception_info": {
                    "raised_exception": True,
                    "exception_message": " ".join(f"{type(error).__name__}: {error}".split()),
                    "exception_traceback": traceback.format_exc(),
                },
            }

    def _together(self, checks: Sequence[ContractCheck], result_format: Mapping[str, Any]) -> dict[str, Outcome]:
        result: Any = self._batch.validate(
            _suite(self._contract, checks),
            result_format=dict(result_format),
            expectation_parameters=dict(self._parameters),
        )
        found = [plain_outcome(outcome, nan=self._nan) for outcome in result.results]
        return {str(outcome["expectation_config"]["meta"]["check"]): outcome for outcome in found}


def _suite(contract: Contract, checks: Sequence[ContractCheck]) -> ExpectationSuite:
    """Return a suite of these checks.

    It is made from a list, because adding two checks of one type and column keeps only the last.
    """
    from great_expectations import ExpectationSuite
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    made = [
        ExpectationConfiguration(
            type=check.type, kwargs=_arguments(contract, check), meta={"check": check.name}
        ).to_domain_obj()
        for check in checks
    ]
    return ExpectationSuite(name=contract.table, expectations=made)


def _arguments(contract: Contract, check: ContractCheck) -> dict[str, Any]:
    """Return an expectation's arguments. An ordered column list gets the contract's computed columns at its end."""
    kwargs = dict(check.kwargs)
    if check.type == _COLUMNS_IN_ORDER and isinstance(kwargs.get("column_list"), list):
        kwargs["column_list"] = [*kwargs["column_list"], *contract.computed]
    return kwargs


def columns_of(check: ContractCheck) -> list[str]:
    """Return the columns whose values an expectation reads."""
    if check.type.startswith("expect_table_"):
        return []
    listed = check.kwargs.get("column_list")
    named = [check.kwargs.get(key) for key in ("column", "column_A", "column_B")]
    return [str(name) for name in (*named, *(listed if isinstance(listed, list) else ())) if name is not None]


def _may_have_skipped_all(frame: pd.DataFrame, check: ContractCheck) -> bool:
    """Return whether an expectation may have skipped every row, by its condition or because of missing values."""
    return "row_condition" in check.kwargs or has_no_value(frame, check)


def has_no_value(frame: pd.DataFrame, check: ContractCheck) -> bool:
    """Return whether every row misses a value in one of the columns that an expectation reads."""
    columns = [name for name in columns_of(check) if name in frame.columns]
    return bool(columns) and bool(frame[columns].isna().any(axis=1).all())


def raised(outcome: Outcome) -> bool:
    """Return whether judging has ended with an error."""
    return exception_of(outcome["exception_info"]) is not None


def exception_of(info: Mapping[str, Any]) -> str | None:
    """Return the error message of an expectation, None without an error. Errors of metrics are nested by metric."""
    if "raised_exception" in info:
        return str(info["exception_message"]) if info["raised_exception"] else None
    messages = [str(entry["exception_message"]) for entry in info.values() if entry.get("raised_exception")]
    return messages[0] if messages else None


def _not_finite_columns(reading: Reading, check: ContractCheck) -> list[str]:
    if check.type in _COMPARES_NOTHING:
        return []
    return [name for name in columns_of(check) if name in reading.not_finite]


def _judge_with_not_finite(
    reading: Reading, contract: Contract, check: ContractCheck, columns: Sequence[str], parameters: Mapping[str, Any]
) -> Detail:
    """Judge the rows without NaN and infinite values by the check, and find the other rows, which are unexpected.

    The library would treat NaN as missing, and would accept an infinite value where no limit is set.
    """
    import pandas as pd

    wrong = pd.concat([reading.not_finite[name] for name in columns], axis=1).any(axis=1)
    outcome = _Judge(reading.frame[~wrong].reset_index(drop=True), contract, parameters).in_detail([check])[check.name]
    condition: dict[str, Any] = {
        key: check.kwargs[key] for key in ("row_condition", "condition_parser") if key in check.kwargs
    }
    finite_kwargs: dict[str, Any] = {"column": _IS_FINITE, "value_set": [True], **condition}
    is_finite = check.model_copy(update={"type": "expect_column_values_to_be_in_set", "kwargs": finite_kwargs})
    marked = reading.frame.assign(**{_IS_FINITE: ~wrong})
    found = _Judge(marked, contract, parameters, nan="nan").in_detail([is_finite], shown=columns)[check.name]
    # Both share the row condition. When it is invalid, the outcome of the check already has the error.
    if raised(found) or found["success"]:
        return Detail(outcome)
    return Detail(outcome, found, columns)


def with_unexpected(outcome: Outcome, found: Mapping[str, Any], columns: Sequence[str]) -> Outcome:
    """Return the outcome with the rows of `found` added to its unexpected ones. `mostly` applies to the total."""
    result, added = dict(outcome["result"]), int(found["unexpected_count"])
    rows = [{name: value for name, value in row.items() if name != _IS_FINITE} for row in _rows(found)]
    unexpected = int(result.get("unexpected_count") or 0) + added
    result |= {
        "element_count": int(result.get("element_count") or 0) + added,
        "unexpected_count": unexpected,
        "not_finite": added,
        "partial_unexpected_list": [row[columns[0]] if len(columns) == 1 else row for row in rows],
        "partial_unexpected_index_list": [*rows, *_rows(result)][:ROWS_SHOWN],
    }
    mostly = outcome["expectation_config"]["kwargs"].get("mostly", 1)
    judged = result["element_count"] - int(result.get("missing_count") or 0)
    holds = isinstance(mostly, int | float) and mostly < 1 and judged - unexpected >= mostly * judged
    return {**outcome, "success": bool(holds and not raised(outcome)), "result": result}


def _rows(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(found.get("partial_unexpected_index_list") or [])
