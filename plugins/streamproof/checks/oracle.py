"""Judge the sessions of a warehouse by a pack's oracle: what is observed against what the events alone say.

Two checks: every session has exactly the expected facts, and every fixture session is observed in the scenario that its
manifest names. Both are judged from one reading of the warehouse.
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

# All times: a session that lies outside the run's window is judged too, and none is cut off.
_EVERYTHING = {
    "from_ts": "1970-01-01 00:00:00.000",
    "to_ts": "2200-01-01 00:00:00.000",
    "limit_per_scenario": (1 << 32) - 1,
}

# Of an observed row, what the comparison needs and `sessions.json` does not hold: it has the columns of the facts.
_NOT_KEPT = frozenset({"scenarios", "scenario_observed", "param_updates"})


@dataclass(frozen=True, slots=True)
class Judgement:
    """The results of the checks, and every session as `sessions.json` holds it: observed ones, and missing ones."""

    checks: tuple[CheckResult, ...]
    sessions: tuple[Row, ...]


class OracleJudge:
    """Holds what is expected of a fixture set, and judges databases by it.

    `id_field` is the field of a session's id. `fixture_sessions` are (session id, scenario) pairs as the manifest names
    them; one without an id is not judged. `unpromised` counts the sessions whose published records cannot be in their
    scenario: nothing is asked of these.
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
        self._unnamed, self._unpromised = 0, unpromised
        for session, scenario in fixture_sessions:
            self._unnamed += not session
            if session and scenario not in self._labels.setdefault(session, []):
                self._labels[session].append(scenario)

    def judge(self, warehouse: Warehouse, *, find_layer: bool = True) -> Judgement:
        """Judge a database; `find_layer`: look for the layer in which a difference begins.

        What breaks the comparison of the facts leaves that check errored. Raises WarehouseError when the scenarios, or
        the layers that differ, cannot be read.
        """
        started = time.perf_counter()
        classes, broken, trace = self._classes(warehouse), "", ""
        observed: list[Row] = []
        by_session: dict[str, list[Row]] = {}
        layer = self._layer_of(SESSIONS_MATCH)
        try:
            observed = self._observed(warehouse, classes)
            for difference in self._oracle.compare(self._expected, observed):
                by_session.setdefault(difference[self._id], []).append(difference)
        except Exception as problem:  # noqa: BLE001 - the other check is judged; this one's result says what broke
            broken = problem.message if isinstance(problem, WarehouseError) else f"{type(problem).__name__}: {problem}"
            trace = traceback.format_exc()
        if by_session and find_layer:
            layer = self._first_layer(warehouse, list(by_session))
        match = self._sessions_match(by_session, observed, layer)
        if broken:
            check = self._check(SESSIONS_MATCH)
            match = replace(check, status=Status.ERRORED, error=broken, diagnostics={"traceback": trace})
        checks = (match, self._identity(classes, layer))
        sessions = self._session_rows(observed, by_session, classes)
        spent = time.perf_counter() - started
        return Judgement(tuple(replace(check, duration_sec=spent / len(checks)) for check in checks), sessions)

    def run(self, warehouse: Warehouse) -> Sequence[CheckResult]:
        """Judge a database whatever state it is in: what cannot be read leaves the checks errored."""
        try:
            return self.judge(warehouse, find_layer=False).checks
        except WarehouseError as error:
            return [replace(self._check(name), status=Status.ERRORED, error=error.message) for name in self._sql.checks]

    def _classes(self, warehouse: Warehouse) -> dict[str, list[str]]:
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

    def _observed(self, warehouse: Warehouse, classes: Mapping[str, list[str]]) -> list[Row]:
        """Return the observed facts of each session, its scenarios among them."""
        observed = _rows(warehouse, self._sql.checks[SESSIONS_MATCH])
        for row in observed:
            scenarios = classes.get(row[self._id], [])
            row |= {"scenarios": scenarios, "scenario_observed": scenarios[0] if scenarios else None}
        return observed

    def _first_layer(self, warehouse: Warehouse, sessions: list[str]) -> str:
        """Return the first layer in which one of the differing sessions is not what it should be."""
        asked = sessions[:SHOWN]
        expected = {row[self._id]: row for row in self._expected}
        found = {
            self._oracle.broken_layer(expected.get(row[self._id]), row)
            for row in _rows(warehouse, self._sql.evidence, {"sessions": asked})
        }
        return next((layer for layer in LAYERS if layer in found), self._layer_of(SESSIONS_MATCH))

    def _layer_of(self, check: str) -> str:
        return self._sql.checks[check].layer

    def _check(self, name: str) -> CheckResult:
        block = self._sql.checks[name]
        return CheckResult(ORACLE, name, Status.PASSED, source_file=block.source, layer=block.layer)

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

    def _identity(self, classes: Mapping[str, list[str]], layer: str) -> CheckResult:
        """Return the check that every fixture session is in the scenario that its manifest names."""
        wrong = [
            {self._id: session, "expected": scenario, "observed": classes.get(session, [])}
            for session, scenarios in self._labels.items()
            for scenario in scenarios
            if scenario not in classes.get(session, [])
        ]
        if not self._labels:
            makes_none = self._unpromised or not self._expected
            explained = "the published events, which make none of them" if makes_none else ""
            return _skipped(self._check(IDENTITY), "no session that a manifest names", explained)
        diagnostics: Row = {
            "fixture_sessions": len(self._labels),
            "files_without_session": self._unnamed,
            "sessions_without_what_their_scenario_needs": self._unpromised,
            "differences": wrong[:SHOWN],
        }
        failing = list(dict.fromkeys(str(entry[self._id]) for entry in wrong))
        return _judged(self._check(IDENTITY), failing, diagnostics, layer)

    def _session_rows(
        self, observed: Sequence[Row], by_session: Mapping[str, list[Row]], classes: Mapping[str, list[str]]
    ) -> tuple[Row, ...]:
        seen = {row[self._id] for row in observed}
        absent = [session for session in (*self._labels, *by_session) if session not in seen]
        rows = [*observed, *({self._id: session} for session in dict.fromkeys(absent))]
        return tuple(self._session_row(row, by_session, classes) for row in rows)

    def _session_row(
        self, row: Mapping[str, Any], by_session: Mapping[str, list[Row]], classes: Mapping[str, list[str]]
    ) -> Row:
        session = row[self._id]
        labels, scenarios = self._labels.get(session, []), classes.get(session, [])
        # Of several labels the one that does not hold is what a reader must see.
        expected = next((label for label in labels if label not in scenarios), labels[0] if labels else None)
        return {
            **{name: _rounded(value) for name, value in row.items() if name not in _NOT_KEPT},
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
    """Return a fraction with six decimals: more is noise of the column's type."""
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
