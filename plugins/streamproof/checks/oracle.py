"""Judge the sessions of a warehouse with a pack's oracle, which computes the expected facts from the events alone.

There are two checks: every session has exactly the expected facts, and every fixture session is observed in the
scenario that its manifest names. Both are judged on the same rows of the warehouse.
"""

from __future__ import annotations

import time
import traceback
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from streamproof.checks.assertions import SKIP_REASON
from streamproof.checks.oracle_parts import IDENTITY, SESSIONS_MATCH, Oracle, OracleSql, Row
from streamproof.checks.query_pack import run_query
from streamproof.model.errors import WarehouseError
from streamproof.model.plan import ORACLE
from streamproof.model.results import LAYERS, CheckResult, Status
from streamproof.model.verdict import EXPLAINED_BY
from streamproof.sql.blocks import Block
from streamproof.warehouse.base import Warehouse

SHOWN = 20

# Parameters of the scenario queries for all times and sessions: sessions outside the run's window are judged, too.
_EVERYTHING = {
    "from_ts": "1970-01-01 00:00:00.000",
    "to_ts": "2200-01-01 00:00:00.000",
    "limit_per_scenario": (1 << 32) - 1,
}

# Columns that the comparison needs but `sessions.json` does not have.
_OMITTED = frozenset({"scenarios", "scenario_observed", "param_updates"})


@dataclass(frozen=True, slots=True)
class Judgement:
    """The results of the checks, and the sessions as written to `sessions.json`, observed and missing ones."""

    checks: tuple[CheckResult, ...]
    sessions: tuple[Row, ...]


class OracleJudge:
    """Compares the sessions of a database with the expected sessions of a fixture set.

    `id_field` is the field of a session's id. `fixture_sessions` are the (session id, scenario) pairs of the manifest;
    a session without an id is not judged. `unpromised` is the number of sessions that the scenario check leaves out,
    because their published records do not suffice for their scenario.
    """

    def __init__(
        self,
        oracle: Oracle,
        sql: OracleSql,
        expected: Sequence[Row],
        fixture_sessions: Iterable[tuple[str, str]],
        *,
        id_field: str,
        unpromised: int = 0,
    ) -> None:
        self._oracle, self._id = oracle, id_field
        self._sql = sql
        self._expected = expected
        self._labels: dict[str, list[str]] = {}
        self._without_id, self._unpromised = 0, unpromised
        for session, scenario in fixture_sessions:
            self._without_id += not session
            if session and scenario not in self._labels.setdefault(session, []):
                self._labels[session].append(scenario)

    def judge(self, warehouse: Warehouse, *, find_layer: bool = True) -> Judgement:
        """Judge a database. With `find_layer`, find the first layer that differs from the expectation.

        When the comparison of facts fails with an error, its check is errored. Raises WarehouseError when the scenarios
        or the rows of the layers cannot be read.
        """
        started = time.perf_counter()
        scenarios_of, failure, trace = self._scenarios(warehouse), "", ""
        observed: list[Row] = []
        by_session: dict[str, list[Row]] = {}
        layer = self._layer_of(SESSIONS_MATCH)
        try:
            observed = self._observed(warehouse, scenarios_of)
            for difference in self._oracle.compare(self._expected, observed):
                by_session.setdefault(difference[self._id], []).append(difference)
        except Exception as problem:  # noqa: BLE001 - the error is in this check's result; the other check is still judged
            failure = problem.message if isinstance(problem, WarehouseError) else f"{type(problem).__name__}: {problem}"
            trace = traceback.format_exc()
        if by_session and find_layer:
            layer = self._first_layer(warehouse, list(by_session))
        match = self._sessions_match(by_session, observed, layer)
        if failure:
            check = self._check(SESSIONS_MATCH)
            match = replace(check, status=Status.ERRORED, error=failure, diagnostics={"traceback": trace})
        checks = (match, self._identity(scenarios_of, layer))
        sessions = self._session_rows(observed, by_session, scenarios_of)
        spent = time.perf_counter() - started
        return Judgement(tuple(replace(check, duration_sec=spent / len(checks)) for check in checks), sessions)

    def run(self, warehouse: Warehouse) -> Sequence[CheckResult]:
        """Judge a database in any state. The checks are errored when the database cannot be read."""
        try:
            return self.judge(warehouse, find_layer=False).checks
        except WarehouseError as error:
            return [replace(self._check(name), status=Status.ERRORED, error=error.message) for name in self._sql.checks]

    def _scenarios(self, warehouse: Warehouse) -> dict[str, list[str]]:
        """Return the scenarios of each observed session in order of precedence."""
        found: dict[str, set[str]] = {row[self._id]: set() for row in _rows(warehouse, self._sql.checks[IDENTITY])}
        for query in self._sql.scenarios:
            for row in _rows(warehouse, query, _EVERYTHING):
                found.setdefault(row[self._id], set()).add(row["scenario_name"])
        order = [*self._oracle.PRECEDENCE]
        return {
            session: sorted(names, key=lambda name: (order.index(name) if name in order else len(order), name))
            for session, names in found.items()
        }

    def _observed(self, warehouse: Warehouse, scenarios_of: Mapping[str, list[str]]) -> list[Row]:
        """Return the observed facts of each session, with its scenarios."""
        observed = _rows(warehouse, self._sql.checks[SESSIONS_MATCH])
        for row in observed:
            scenarios = scenarios_of.get(row[self._id], [])
            row |= {"scenarios": scenarios, "scenario_observed": scenarios[0] if scenarios else None}
        return observed

    def _first_layer(self, warehouse: Warehouse, sessions: list[str]) -> str:
        """Return the first layer in which one of the given sessions differs, from the first `SHOWN` of them."""
        sample = sessions[:SHOWN]
        expected = {row[self._id]: row for row in self._expected}
        found = {
            self._oracle.broken_layer(expected.get(row[self._id]), row)
            for row in _rows(warehouse, self._sql.evidence, {"sessions": sample})
        }
        return next((layer for layer in LAYERS if layer in found), self._layer_of(SESSIONS_MATCH))

    def _layer_of(self, check: str) -> str:
        return self._sql.checks[check].layer

    def _check(self, name: str) -> CheckResult:
        block = self._sql.checks[name]
        return CheckResult(
            ORACLE,
            name,
            Status.PASSED,
            source_file=block.source,
            line=block.line,
            meaning=block.meaning,
            layer=block.layer,
        )

    def _sessions_match(self, by_session: Mapping[str, list[Row]], observed: Sequence[Row], layer: str) -> CheckResult:
        """Return the check that every session has the expected facts."""
        differences = [difference for found in by_session.values() for difference in found]
        diagnostics: Row = {
            "sessions_expected": len(self._expected),
            "sessions_observed": len(observed),
            "sessions_differing": len(by_session),
            "differences_by_field": dict(Counter(difference["field"] for difference in differences)),
            "differences": [
                {name: difference[name] for name in (self._id, "field", "expected", "observed")}
                for difference in differences[:SHOWN]
            ],
        }
        if not (self._expected or observed):
            explained = "the published events, which make no session"
            return _skipped(
                self._check(SESSIONS_MATCH), "no session in the fixture set, and none in the warehouse", explained
            )
        return _judged(self._check(SESSIONS_MATCH), list(by_session), diagnostics, layer)

    def _identity(self, scenarios_of: Mapping[str, list[str]], layer: str) -> CheckResult:
        """Return the check that every fixture session is in the scenario that its manifest names."""
        wrong = [
            {self._id: session, "expected": scenario, "observed": scenarios_of.get(session, [])}
            for session, scenarios in self._labels.items()
            for scenario in scenarios
            if scenario not in scenarios_of.get(session, [])
        ]
        if not self._labels:
            makes_none = self._unpromised or not self._expected
            explained = "the published events, which make none of them" if makes_none else ""
            return _skipped(self._check(IDENTITY), "no session that a manifest names", explained)
        diagnostics: Row = {
            "fixture_sessions": len(self._labels),
            "files_without_session": self._without_id,
            "sessions_without_what_their_scenario_needs": self._unpromised,
            "differences": wrong[:SHOWN],
        }
        failing = list(dict.fromkeys(str(entry[self._id]) for entry in wrong))
        return _judged(self._check(IDENTITY), failing, diagnostics, layer)

    def _session_rows(
        self, observed: Sequence[Row], by_session: Mapping[str, list[Row]], scenarios_of: Mapping[str, list[str]]
    ) -> tuple[Row, ...]:
        """Return the rows of `sessions.json`: observed sessions first, then expected ones that are missing."""
        seen = {row[self._id] for row in observed}
        absent = [session for session in (*self._labels, *by_session) if session not in seen]
        rows = [*observed, *({self._id: session} for session in dict.fromkeys(absent))]
        return tuple(self._session_row(row, by_session, scenarios_of) for row in rows)

    def _session_row(
        self, row: Mapping[str, Any], by_session: Mapping[str, list[Row]], scenarios_of: Mapping[str, list[str]]
    ) -> Row:
        session = row[self._id]
        labels, scenarios = self._labels.get(session, []), scenarios_of.get(session, [])
        # Of several labels, one that was not observed is reported, because it is the failure.
        expected = next((label for label in labels if label not in scenarios), labels[0] if labels else None)
        return {
            **{name: _rounded(value) for name, value in row.items() if name not in _OMITTED},
            "scenario_expected": expected,
            "scenario_observed": expected if expected in scenarios else next(iter(scenarios), None),
            "oracle_differences": [
                {name: difference[name] for name in ("field", "expected", "observed")}
                for difference in by_session.get(session, [])
            ],
        }


def _rows(warehouse: Warehouse, query: Block, parameters: Mapping[str, object] | None = None) -> list[Row]:
    """Return the rows of a query as JSON data by column name. Raises WarehouseError."""
    result = run_query(warehouse, query, parameters or {})
    if result.error:
        raise WarehouseError(result.error, hint="The queries of the oracle stand in the pack's SQL folder.")
    return [dict(zip(result.columns, row, strict=True)) for row in result.rows]


def _rounded(value: Any) -> Any:
    """Round a float to six decimals. Further digits are noise of the column's type."""
    return round(value, 6) if isinstance(value, float) else value


def _judged(check: CheckResult, failing: Sequence[str], diagnostics: Mapping[str, Any], layer: str) -> CheckResult:
    return replace(
        check,
        status=Status.FAILED if failing else Status.PASSED,
        failed_rows=len(failing),
        diagnostics=diagnostics,
        sessions=tuple(failing[:SHOWN]),
        layer=layer,
    )


def _skipped(check: CheckResult, what: str, explained_by: str) -> CheckResult:
    diagnostics = {SKIP_REASON: f"nothing to judge: {what}", EXPLAINED_BY: explained_by}
    return replace(check, status=Status.SKIPPED, diagnostics=diagnostics)
