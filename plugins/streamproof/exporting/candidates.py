"""Find the entities to export: those that the pack's queries find for each scenario in the window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from streamproof.exporting.request import ExportRequest, export_of
from streamproof.exporting.sql_files import ask, read_queries
from streamproof.model.errors import EXIT_CHECK_FAILED, SqlSourceError, StreamproofError, UsageError
from streamproof.packs.pack import Pack
from streamproof.sql.blocks import Block
from streamproof.warehouse.base import Warehouse

_MINUTE_MS, _ONE_MS = 60_000, timedelta(milliseconds=1)
# Entities of one query: how many at most, how far apart they start, and the length of their ids. Close ones read the
# same part of the raw table, and the ids are part of a URL.
_MOST, _SPAN_MS, _ID_CHARACTERS = 200, 24 * 60 * _MINUTE_MS, 24_000


class MissingScenarioError(StreamproofError):
    """The window has no entity of a scenario that the set needs."""

    exit_code = EXIT_CHECK_FAILED


class Candidate(NamedTuple):
    """One entity of a scenario. Times are Unix milliseconds; `end_ms` is assumed where the entity is open."""

    scenario: str
    id: str
    parts: tuple[str, ...]
    start_ms: int
    end_ms: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class Discovery:
    """The candidates in the order of their starts, each id once, and how many each scenario has.

    `shared` holds, by scenario, the ids of its candidates that are exported under another scenario.
    """

    candidates: Sequence[Candidate]
    counts: Mapping[str, int]
    shared: Mapping[str, Sequence[str]]


def candidate_queries(pack: Pack, request: ExportRequest, home: Path) -> tuple[Block, ...]:
    """Read the queries for candidates. Raises UsageError for one of a scenario that the pack does not have."""
    path = request.scenario_sql or pack.sql_dir / export_of(pack).candidates
    queries = read_queries(path, home, pack.dialect)
    for query in queries:
        if pack.scenarios and query.name not in pack.scenarios:
            raise UsageError(
                f"{query.source}:{query.line}: the pack has no scenario {query.name}.",
                hint=f"Name the query after one of: {', '.join(pack.scenarios)}.",
            )
    return queries


def discover(warehouse: Warehouse, pack: Pack, request: ExportRequest, queries: Sequence[Block]) -> Discovery:
    """Find the candidates of every scenario.

    Raises UsageError when the window has none at all, MissingScenarioError when a scenario has none and all are
    required, SqlSourceError for a query without the columns, WarehouseError.
    """
    found: dict[str, Candidate] = {}
    counts: dict[str, int] = {}
    shared: dict[str, list[str]] = {}
    for query in queries:
        ids: dict[str, None] = {}
        for candidate in _candidates(warehouse, pack, request, query):
            if candidate.id not in ids and found.setdefault(candidate.id, candidate) is not candidate:
                shared.setdefault(query.name, []).append(candidate.id)
            ids[candidate.id] = None
        counts[query.name] = len(ids)
    if not found:
        span = request.window.as_json()
        raise UsageError(
            f"Nothing of any scenario begins in the window from {span['from_ts']} to {span['to_ts']}.",
            hint="Give another window; `streamproof scenarios` shows what one holds.",
        )
    require_all([name for name, count in counts.items() if not count], request)
    return Discovery(sorted(found.values(), key=lambda one: (one.start_ms, one.id)), counts, shared)


def require_all(missing: Sequence[str], request: ExportRequest, *, why: str = "no candidate in the window") -> None:
    """Raise MissingScenarioError that names these scenarios, unless the request allows that they are missing."""
    if missing and not request.allow_missing_scenarios:
        raise MissingScenarioError(
            f"{', '.join(missing)}: {why}.",
            hint="Give a longer window, or --allow-missing-scenarios to export the others.",
        )


def _candidates(warehouse: Warehouse, pack: Pack, request: ExportRequest, query: Block) -> Iterator[Candidate]:
    rules, export = pack.replay, export_of(pack)
    needed = (rules.id_field, *rules.id_parts, export.start, export.end)
    with ask(warehouse, query, request.parameters()) as rows:
        # A result without rows has no columns either.
        if rows.columns and (missing := [name for name in needed if name not in rows.columns]):
            raise SqlSourceError(
                f"{query.source}:{query.line}: the query returns no column {', '.join(missing)}.",
                hint=f"A query for candidates returns {', '.join(needed)}.",
            )
        for row in rows.named():
            start, end = _milliseconds(row[export.start]), _milliseconds(row[export.end])
            if start is None:
                continue
            assumed = start + request.open_session_duration_minutes * _MINUTE_MS
            parts = tuple(_text(row[name]) for name in rules.id_parts)
            until = assumed if end is None else max(start, end)
            yield Candidate(query.name, _text(row[rules.id_field]), parts, start, until, end is None)


def batches(candidates: Sequence[Candidate]) -> Iterator[Sequence[Candidate]]:
    """Cut candidates, in the order of their starts, into those of one query."""
    batch: list[Candidate] = []
    for candidate in candidates:
        full = len(batch) == _MOST or sum(len(one.id) for one in batch) + len(candidate.id) > _ID_CHARACTERS
        if batch and (full or candidate.start_ms - batch[0].start_ms > _SPAN_MS):
            yield batch
            batch = []
        batch.append(candidate)
    if batch:
        yield batch


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else "" if value is None else str(value)


def _milliseconds(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // _ONE_MS
    return int(value)
