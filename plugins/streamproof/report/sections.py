"""Sections of the report, from the results of the stages: suites, trace queries, diagnostics, records and entities."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from streamproof.model.results import CheckResult, StageResult, Status, worst
from streamproof.report.formatting import decimal, number, whole

MAX_QUERY_ROWS = 50
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z?")
_URGENCY = {Status.FAILED: 0, Status.ERRORED: 1, Status.SKIPPED: 2, Status.PASSED: 3}


@dataclass(frozen=True, slots=True)
class Suite:
    """The checks of one judging stage. `duration_sec` is the wall time of the stage in seconds."""

    name: str
    stage: str
    status: str
    checks: tuple[CheckResult, ...]
    duration_sec: float
    error: str | None
    hint: str | None

    @property
    def passed(self) -> int:
        """Return how many checks passed."""
        return len(self.those_passed)

    @property
    def those_passed(self) -> tuple[CheckResult, ...]:
        """Return the checks that passed."""
        return tuple(check for check in self.checks if check.status is Status.PASSED)

    @property
    def not_passed(self) -> tuple[CheckResult, ...]:
        """Return the other checks, failed ones first."""
        return tuple(check for check in self.checks if check.status is not Status.PASSED)


@dataclass(frozen=True, slots=True)
class QueryTable:
    """The first rows of a trace query's result. `total_rows` counts all rows."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    total_rows: int
    source_file: str
    error: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """The values of a diagnostic. `note` says why there are none."""

    suite: str
    name: str
    values: Mapping[str, Any]
    note: str


@dataclass(frozen=True, slots=True)
class Disposition:
    """Expected and observed number of records of one event type with one disposition (None: not known)."""

    disposition: str
    event_type: str
    expected: int
    observed: int | None


def suites(results: Iterable[StageResult]) -> tuple[Suite, ...]:
    """Return the stages that hold checks. Stages and checks are in the order failed, errored, skipped, passed."""
    found = (
        Suite(
            name=result.stage.removeprefix("assert_"),
            stage=result.stage,
            status=(result.status if result.error else worst(check.status for check in result.checks)).value,
            checks=tuple(sorted(result.checks, key=lambda check: _URGENCY[check.status])),
            duration_sec=result.duration_sec,
            error=result.error,
            hint=result.hint,
        )
        for result in results
        if result.checks
    )
    return tuple(sorted(found, key=lambda suite: _URGENCY[Status(suite.status)]))


def queries(results: Mapping[str, StageResult]) -> tuple[QueryTable, ...]:
    """Return the trace queries from the details of stage `query_pack`, each with at most `MAX_QUERY_ROWS` rows."""
    return tuple(_query(entry) for entry in _entries(results.get("query_pack"), "queries"))


def diagnostics(results: Iterable[StageResult]) -> tuple[Shown, ...]:
    """Return the diagnostics of the suites, from the details of stages `assert_<suite>`."""
    return tuple(
        Shown(result.stage.removeprefix("assert_"), entry["name"], entry["values"], entry["error"] or entry["skipped"])
        for result in results
        for entry in _entries(result, "diagnostics")
    )


def dispositions(results: Mapping[str, StageResult]) -> tuple[Disposition, ...]:
    """Return the numbers of expected and observed rejects; empty when the fixture set has none and none were seen."""
    replay, conservation = results.get("replay_events"), results.get("conservation")
    expected = _nested(replay, "expected")
    observed = _nested(conservation, "dispositions")
    keys = {(kind, family) for kind, families in expected.items() for family, number in families.items() if number}
    keys |= {
        (kind, family)
        for kind, families in observed.items()
        for family, number in families.items()
        if number and kind != "accepted"
    }
    return tuple(
        Disposition(
            disposition=kind,
            event_type=family or "(none)",
            expected=whole(expected.get(kind, {}).get(family)),
            observed=whole(observed.get(kind, {}).get(family)) if observed else None,
        )
        for kind, family in sorted(keys)
    )


@dataclass(frozen=True, slots=True)
class Session:
    """One entity. `facts` are the values that the pack shows, as text by title.

    `differences` counts the facts that differ from those of the oracle.
    """

    session_id: str
    facts: Mapping[str, str]
    expected: str
    observed: str
    differences: int

    @property
    def is_as_expected(self) -> bool:
        """Return whether the facts and the scenario are as expected."""
        return not self.differences and (not self.expected or self.expected == self.observed)


@dataclass(frozen=True, slots=True)
class Sessions:
    """The entities that the report shows, unexpected ones first; `total` counts all.

    `name` and `plural` are the pack's names for them. `titles` are the columns of their facts.
    """

    shown: tuple[Session, ...]
    total: int
    file: str
    name: str
    plural: str

    @property
    def titles(self) -> tuple[str, ...]:
        """Return the titles of the facts."""
        return tuple(dict.fromkeys(title for session in self.shown for title in session.facts))


def sessions(results: Mapping[str, StageResult]) -> Sessions | None:
    """Return the entities from the details of stage `oracle`, None when there are none."""
    result = results.get("oracle")
    shown = tuple(_session(entry) for entry in _entries(result, "sessions"))
    if result is None or not shown:
        return None
    names = result.details.get("entities") or {}
    return Sessions(
        shown,
        total=whole(result.details.get("sessions_total")) or len(shown),
        file=str(result.details.get("file")),
        name=str(names.get("name") or "session"),
        plural=str(names.get("plural") or "sessions"),
    )


def _session(entry: Mapping[str, Any]) -> Session:
    facts = entry.get("facts")
    return Session(
        session_id=str(entry.get("id") or ""),
        facts={title: _fact(item) for title, item in facts.items()} if isinstance(facts, Mapping) else {},
        expected=str(entry.get("scenario_expected") or ""),
        observed=str(entry.get("scenario_observed") or ""),
        differences=whole(entry.get("differences")),
    )


def _fact(item: Any) -> str:
    """Render a fact: a fraction with two decimals, a time without `T` and `Z`."""
    if isinstance(item, str):
        return item.replace("T", " ").removesuffix("Z") if _TIME.fullmatch(item) else item
    return number(item) if isinstance(item, int) else decimal(item)


def _nested(result: StageResult | None, key: str) -> Mapping[str, Mapping[str, Any]]:
    found = result.details.get(key) if result else None
    return {kind: families for kind, families in (found or {}).items() if isinstance(families, Mapping)}


def _entries(result: StageResult | None, key: str) -> list[Mapping[str, Any]]:
    found = result.details.get(key) if result else None
    return [entry for entry in found or () if isinstance(entry, Mapping)]


def _query(entry: Mapping[str, Any]) -> QueryTable:
    rows = entry.get("rows") or ()
    columns = tuple(entry.get("columns") or (rows[0] if rows and isinstance(rows[0], Mapping) else ()))
    cut = tuple(
        tuple(row.get(column) for column in columns) if isinstance(row, Mapping) else tuple(row)
        for row in rows[:MAX_QUERY_ROWS]
    )
    return QueryTable(
        name=str(entry.get("name") or ""),
        columns=columns,
        rows=cut,
        total_rows=whole(entry.get("total_rows")) or len(rows),
        source_file=str(entry.get("source_file") or ""),
        error=entry.get("error"),
    )
