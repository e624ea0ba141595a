"""Great Expectations, behind one function: validate a table's contract on a DataFrame read from ClickHouse.

The library takes seconds to import, so it is imported inside functions only; `prefetch` does it early, in a thread of
the caller's. Contexts are ephemeral: nothing is written to disk, no telemetry, no progress bars.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from streamproof.model.errors import UsageError, WarehouseError
from streamproof.model.results import CheckResult, Status
from streamproof.services.clickhouse import refusals, rows
from streamproof.services.contract_files import Contract, ContractCheck

if TYPE_CHECKING:
    import pandas as pd
    from clickhouse_connect.driver.client import Client

SUITE = "contracts"
# Offending rows shown by a failed check; all of them are counted.
ROWS_SHOWN = 20

_STORED_COLUMNS = """
SELECT name
FROM system.columns
WHERE database = currentDatabase() AND table = {name:String}
    AND default_kind NOT IN ('MATERIALIZED', 'ALIAS', 'EPHEMERAL')
ORDER BY position
"""


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


def validate(client: Client, contract: Contract, parameters: Mapping[str, Any]) -> ContractResult:
    """Read the contract's table and judge every expectation on it.

    `parameters` fill `{$PARAMETER: name}` in the contract. A table without rows makes every check skipped.
    Raises WarehouseError when the table cannot be read, UsageError when the contract itself is wrong.
    """
    started = time.monotonic()
    frame = read_frame(client, contract)
    if frame.empty:
        return ContractResult(contract.table, 0, tuple(_skipped(contract)), {"rows": 0, "needs": contract.needs})
    document = _validate_frame(frame, contract, parameters)
    share = (time.monotonic() - started) / len(contract.checks)
    outcomes = {outcome["expectation_config"]["meta"]["check"]: outcome for outcome in document["results"]}
    checks = tuple(_check_result(contract, check, outcomes[check.name], share) for check in contract.checks)
    return ContractResult(contract.table, len(frame), checks, {"rows": len(frame), **document})


def read_frame(client: Client, contract: Contract) -> pd.DataFrame:
    """Read the table's stored columns as they are declared, except those left out. Times are UTC without a zone.

    Materialized columns are not read. Raises WarehouseError.
    """
    table = contract.table
    stored = [str(row["name"]) for row in rows(client, _STORED_COLUMNS, {"name": table})]
    names = [name for name in stored if name not in contract.leave_out]
    if not names:
        raise WarehouseError(f"There is no table {table}.", hint=f"Apply the schema, or mend {contract.file}.")
    columns = ", ".join(f"`{name}`" for name in names)
    with refusals(f"Table {table} cannot be read", hint=f"It is the subject of {contract.file}."):
        frame = client.query_df(f"SELECT {columns} FROM `{table}`")  # noqa: S608 - names come from system.columns
    return _without_zones(frame)


def _without_zones(frame: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    for name, kind in frame.dtypes.items():
        if isinstance(kind, pd.DatetimeTZDtype):
            frame[name] = frame[name].dt.tz_convert("UTC").dt.tz_localize(None)
    return frame


def _validate_frame(frame: pd.DataFrame, contract: Contract, parameters: Mapping[str, Any]) -> dict[str, Any]:
    import great_expectations as gx
    from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult

    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(enable=False)
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("warehouse").add_dataframe_asset(name=contract.table)
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    result = batch.validate(
        _suite(contract),
        result_format={
            "result_format": "SUMMARY",
            "partial_unexpected_count": ROWS_SHOWN,
            "unexpected_index_column_names": [name for name in contract.identify if name in frame.columns],
        },
        expectation_parameters=dict(parameters),
    )
    if not isinstance(result, ExpectationSuiteValidationResult):
        raise TypeError(f"a suite's validation gave {type(result).__name__}")
    document: dict[str, Any] = result.to_json_dict()
    return document


def _suite(contract: Contract) -> Any:
    from great_expectations import ExpectationSuite
    from great_expectations.exceptions import GreatExpectationsError
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    suite = ExpectationSuite(name=contract.table)
    for check in contract.checks:
        try:
            suite.add_expectation_configuration(
                ExpectationConfiguration(type=check.type, kwargs=dict(check.kwargs), meta={"check": check.name})
            )
        except (GreatExpectationsError, ValueError) as error:  # pydantic's errors are ValueErrors
            reason = " ".join(str(error).split())
            raise UsageError(
                f"Contract {contract.file}: {check.name} is not an expectation that can be checked: {reason}.",
                hint=f"Look up {check.type} in the Great Expectations gallery.",
            ) from None
    return suite


def _skipped(contract: Contract) -> list[CheckResult]:
    return [
        CheckResult(
            suite=SUITE,
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
        diagnostics = {"why": check.why, "expected": dict(outcome["expectation_config"]["kwargs"]), **_evidence(found)}
    offending = found.get("partial_unexpected_index_list") or []
    return CheckResult(
        suite=SUITE,
        name=check.name,
        status=status,
        failed_rows=int(found.get("unexpected_count") or 0) if status is Status.FAILED else 0,
        diagnostics=diagnostics,
        error=error,
        duration_sec=duration_sec,
        source_file=str(contract.file),
        sessions=_sessions(contract, offending) if status is Status.FAILED else (),
    )


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
