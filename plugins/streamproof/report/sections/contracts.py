"""The results of Great Expectations for the report: one section for each contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streamproof.report.formatting import value


@dataclass(frozen=True, slots=True)
class Expectation:
    """The result of one expectation. `detail` is the observed value, the unexpected values, or an error."""

    expectation: str
    column: str
    status: str
    unexpected_count: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class Contract:
    """The contract of one table; `rows` is the number of rows that it judged.

    A contract without rows is skipped, and `needs` says what it requires. `error` says why it could not be judged.
    """

    table: str
    status: str
    rows: int | None
    needs: str
    error: str
    expectations: tuple[Expectation, ...]


def contracts(documents: Mapping[str, Mapping[str, Any]]) -> tuple[Contract, ...]:
    """Return the contracts from Great Expectations' result document of each table (`contracts/<table>.json`)."""
    return tuple(_contract(table, document) for table, document in sorted(documents.items()))


def _contract(table: str, document: Mapping[str, Any]) -> Contract:
    judged = tuple(_expectation(item) for item in document.get("results") or ())
    return Contract(
        table=table,
        status=_contract_status(document, judged),
        rows=document.get("rows"),
        needs=str(document.get("needs") or ""),
        error=str(document.get("error") or ""),
        expectations=tuple(sorted(judged, key=lambda item: item.status)),
    )


def _contract_status(document: Mapping[str, Any], judged: tuple[Expectation, ...]) -> str:
    """Return the worst status of the expectations (failed, errored, passed), or skipped if there are none."""
    found = {item.status for item in judged} | ({"errored"} if document.get("error") else set())
    return next((status for status in ("failed", "errored", "passed") if status in found), "skipped")


def _expectation(item: Mapping[str, Any]) -> Expectation:
    config, result = item.get("expectation_config") or {}, item.get("result") or {}
    kwargs = config.get("kwargs") or {}
    return Expectation(
        expectation=str(config.get("type") or "").removeprefix("expect_").replace("_", " "),
        column=str(kwargs.get("column") or ", ".join(map(str, kwargs.get("column_list") or ())) or "table"),
        status=_expectation_status(item),
        unexpected_count=result.get("unexpected_count"),
        detail=_detail(item, result),
    )


def _expectation_status(item: Mapping[str, Any]) -> str:
    if item.get("success"):
        return "passed"
    return "errored" if _exception(item.get("exception_info") or {}) else "failed"


def _detail(item: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    message = _exception(item.get("exception_info") or {})
    if message:
        return message
    if result.get("partial_unexpected_list"):
        return "unexpected: " + ", ".join(value(seen) for seen in result["partial_unexpected_list"][:5])
    return f"observed {value(result['observed_value'])}" if result.get("observed_value") is not None else ""


def _exception(info: Mapping[str, Any]) -> str:
    """Return the message of an expectation's exception, '' for none; for a failed metric it is nested by metric."""
    entries = [info, *(entry for entry in info.values() if isinstance(entry, Mapping))]
    return next((str(entry.get("exception_message")) for entry in entries if entry.get("raised_exception")), "")
