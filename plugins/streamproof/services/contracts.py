"""Great Expectations, behind one function: validate a table's contract on a DataFrame read from ClickHouse.

The library takes seconds to import, so it is imported inside functions only; `prefetch` does it early, in a thread of
the caller's. Contexts are ephemeral: nothing is written to disk, no telemetry, no progress bars.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamproof.model.errors import UsageError, WarehouseError
from streamproof.model.plan import CONTRACTS
from streamproof.model.results import CheckResult, Status
from streamproof.services.binding import bindable
from streamproof.services.clickhouse import refusals, rows
from streamproof.services.contract_files import Contract, ContractCheck
from streamproof.services.held_views import HeldViews

if TYPE_CHECKING:
    import pandas as pd
    from clickhouse_connect.driver.client import Client
    from great_expectations.datasource.fluent.interfaces import Batch

# Offending rows shown by a failed check; all of them are counted.
ROWS_SHOWN = 20

_COLUMNS_IN_ORDER = "expect_table_columns_to_match_ordered_list"

_STORED_COLUMNS = """
SELECT name
FROM system.columns
WHERE database = currentDatabase() AND table = {name:String}
    AND default_kind NOT IN ('MATERIALIZED', 'ALIAS', 'EPHEMERAL')
ORDER BY position
"""
_FROM = "{from_ts:DateTime64(3, 'UTC')}"
_TO = "{to_ts:DateTime64(3, 'UTC')}"


@dataclass(frozen=True, slots=True)
class ContractResult:
    """What one contract found: a check per expectation, and the library's own result (plain JSON data)."""

    table: str
    rows: int
    checks: tuple[CheckResult, ...]
    document: Mapping[str, Any]


def prefetch() -> None:
    """Import Great Expectations ahead of its use: 4-7 s that can pass while a stack starts."""
    import great_expectations  # noqa: F401


def validate(
    client: Client, contract: Contract, parameters: Mapping[str, Any], *, views: HeldViews | None = None
) -> ContractResult:
    """Read the contract's table, as `views` hold it when they do, and judge every expectation on it.

    `parameters` fill `{$PARAMETER: name}` in the contract; `from_ts` and `to_ts` among them are the window, as text in
    UTC. No rows in it make every check skipped.
    Raises WarehouseError when the table cannot be read, UsageError when the contract itself is wrong.
    """
    started = time.monotonic()
    frame = read_frame(client, contract, parameters, views=views)
    if frame.empty:
        return ContractResult(contract.table, 0, tuple(_skipped(contract)), {"rows": 0, "needs": contract.needs})
    document = _validate_frame(frame, contract, parameters)
    share = (time.monotonic() - started) / len(contract.checks)
    outcomes = {_name(outcome): outcome for outcome in document["results"]}
    checks = tuple(_check_result(contract, check, outcomes[check.name], share) for check in contract.checks)
    return ContractResult(contract.table, len(frame), checks, {"rows": len(frame), **document})


def read_frame(
    client: Client, contract: Contract, parameters: Mapping[str, Any], *, views: HeldViews | None = None
) -> pd.DataFrame:
    """Read the table's stored columns as they are declared, except those left out, then the computed ones.

    Only the window's rows are read when the contract has a time; `parameters` then hold `from_ts` and `to_ts`. Times
    are UTC without a zone. Materialized columns are not read. Raises WarehouseError.
    """
    table = contract.table
    stored = [str(row["name"]) for row in rows(client, _STORED_COLUMNS, {"name": table})]
    names = [f"`{name}`" for name in stored if name not in contract.leave_out]
    if not names:
        raise WarehouseError(f"There is no table {table}.", hint=f"Apply the schema, or mend {contract.file}.")
    columns = ", ".join([*names, *(f"({sql}) AS `{name}`" for name, sql in contract.computed.items())])
    window = {name: parameters[name] for name in ("from_ts", "to_ts")} if contract.time else {}
    statement = f"SELECT {columns} FROM `{table}`{_where(contract)}"  # noqa: S608 - names come from system.columns
    with refusals(f"Table {table} cannot be read", hint=f"It is the subject of {contract.file}."):
        frame = client.query_df(views.in_place(statement) if views else statement, parameters=bindable(window))
    return _without_zones(frame)


def _where(contract: Contract) -> str:
    """Return the condition that keeps the window's rows; of hourly ones, every hour that the window touches."""
    if not contract.time:
        return ""
    start = f"toStartOfHour({_FROM})" if contract.hourly else _FROM
    return f" WHERE `{contract.time}` >= {start} AND `{contract.time}` < {_TO}"


def _without_zones(frame: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    for name, kind in frame.dtypes.items():
        if isinstance(kind, pd.DatetimeTZDtype):
            frame[name] = frame[name].dt.tz_convert("UTC").dt.tz_localize(None)
    return frame


def _validate_frame(frame: pd.DataFrame, contract: Contract, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Judge every expectation; look again, for evidence, at those that fail and those that may have judged nothing.

    Evidence costs twice what judging does, and mostly there is none to gather.
    """
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(enable=False)
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("warehouse").add_dataframe_asset(name=contract.table)
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    document = _judge(batch, contract, contract.checks, {"result_format": "BOOLEAN_ONLY"}, parameters)
    failed = {_name(outcome) for outcome in document["results"] if not outcome["success"]}
    looked_at = [check for check in contract.checks if check.name in failed or _may_be_idle(frame, check)]
    if looked_at:
        evidence = {
            "result_format": "SUMMARY",
            "partial_unexpected_count": ROWS_SHOWN,
            "unexpected_index_column_names": [name for name in contract.identify if name in frame.columns],
        }
        detailed = _judge(batch, contract, looked_at, evidence, parameters)
        by_name = {_name(outcome): outcome for outcome in detailed["results"]}
        document["results"] = [by_name.get(_name(outcome), outcome) for outcome in document["results"]]
    return document


def _name(outcome: Mapping[str, Any]) -> str:
    return str(outcome["expectation_config"]["meta"]["check"])


def _may_be_idle(frame: pd.DataFrame, check: ContractCheck) -> bool:
    """Tell whether an expectation may have passed over every row: for a condition, or a gap in each of them."""
    named = [check.kwargs.get(key) for key in ("column", "column_A", "column_B")]
    columns = [name for name in [*named, *check.kwargs.get("column_list", ())] if name in frame.columns]
    return "row_condition" in check.kwargs or (bool(columns) and bool(frame[columns].isna().any(axis=1).all()))


def _judge(
    batch: Batch,
    contract: Contract,
    checks: Sequence[ContractCheck],
    result_format: Mapping[str, Any],
    parameters: Mapping[str, Any],
) -> dict[str, Any]:
    from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult

    result = batch.validate(
        _suite(contract, checks), result_format=dict(result_format), expectation_parameters=dict(parameters)
    )
    if not isinstance(result, ExpectationSuiteValidationResult):
        raise TypeError(f"a suite's validation gave {type(result).__name__}")
    document: dict[str, Any] = result.to_json_dict()
    return document


def _suite(contract: Contract, checks: Sequence[ContractCheck]) -> Any:
    from great_expectations import ExpectationSuite
    from great_expectations.exceptions import GreatExpectationsError
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    suite = ExpectationSuite(name=contract.table)
    for check in checks:
        try:
            suite.add_expectation_configuration(
                ExpectationConfiguration(
                    type=check.type, kwargs=_arguments(contract, check), meta={"check": check.name}
                )
            )
        except (GreatExpectationsError, ValueError) as error:  # pydantic's errors are ValueErrors
            reason = " ".join(str(error).split())
            raise UsageError(
                f"Contract {contract.file}: {check.name} is not an expectation that can be checked: {reason}.",
                hint=f"Look up {check.type} in the Great Expectations gallery.",
            ) from None
    return suite


def _arguments(contract: Contract, check: ContractCheck) -> dict[str, Any]:
    """Return an expectation's arguments: what the contract computes itself stands behind the promised columns."""
    kwargs = dict(check.kwargs)
    if check.type == _COLUMNS_IN_ORDER and isinstance(kwargs.get("column_list"), list):
        kwargs["column_list"] = [*kwargs["column_list"], *contract.computed]
    return kwargs


def _skipped(contract: Contract) -> list[CheckResult]:
    return [
        CheckResult(
            suite=CONTRACTS,
            name=check.name,
            status=Status.SKIPPED,
            diagnostics={"needs": contract.needs},
            source_file=str(contract.file),
        )
        for check in contract.checks
    ]


def _check_result(
    contract: Contract, check: ContractCheck, outcome: Mapping[str, Any], duration_sec: float
) -> CheckResult:
    found = outcome["result"]
    error = _exception(outcome["exception_info"])
    status = Status.PASSED if outcome["success"] else Status.FAILED
    diagnostics: dict[str, Any] = {}
    if error is not None:
        status = Status.ERRORED
    elif found.get("element_count", -1) == found.get("missing_count", 0):
        status, diagnostics = Status.SKIPPED, {"needs": f"a value in {check.kwargs.get('column', 'the columns')}"}
    elif status is Status.FAILED:
        diagnostics = {"why": check.why, "expected": _expected(outcome), **_evidence(found)}
    offending = found.get("partial_unexpected_index_list") or []
    return CheckResult(
        suite=CONTRACTS,
        name=check.name,
        status=status,
        failed_rows=int(found.get("unexpected_count") or 0) if status is Status.FAILED else 0,
        diagnostics=diagnostics,
        error=error,
        duration_sec=duration_sec,
        source_file=str(contract.file),
        sessions=_sessions(contract, offending) if status is Status.FAILED else (),
    )


def _expected(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was asked for, without the library's own name for the data."""
    return {name: value for name, value in outcome["expectation_config"]["kwargs"].items() if name != "batch_id"}


def _evidence(found: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("observed_value", "details", "element_count", "unexpected_count", "partial_unexpected_list")
    evidence = {key: found[key] for key in kept if found.get(key) is not None}
    return {**evidence, "rows": found.get("partial_unexpected_index_list") or []}


def _sessions(contract: Contract, offending: list[Mapping[str, Any]]) -> tuple[str, ...]:
    parts = [[str(row.get(column) or "") for column in contract.session] for row in offending]
    return tuple(dict.fromkeys("|".join(values) for values in parts if values and all(values)))


def _exception(info: Mapping[str, Any]) -> str | None:
    """Return what an expectation broke on. The library nests this by metric when a metric broke."""
    if "raised_exception" in info:
        return str(info["exception_message"]) if info["raised_exception"] else None
    messages = [str(entry["exception_message"]) for entry in info.values() if entry.get("raised_exception")]
    return messages[0] if messages else None
