"""Mutants of the schema's views: sqlglot cuts a statement into tokens, and only the text of those concerned changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from sqlglot.dialects.clickhouse import ClickHouse
from sqlglot.errors import SqlglotError

from benchmarks.detection.mutants import Mutant, MutationPoint
from benchmarks.detection.sql_operators import OPERATORS, Statement
from streamproof.sql.lexing import Kind, names_in, tokens
from streamproof.sql.templating import render
from streamproof.warehouse.clickhouse.migrations import read_migrations

SCHEMA = "sql/livepeer/schema"
# Views that are not part of the pipeline's data, or cannot be run without a broker; with the reason, for the report.
LEFT_OUT = {
    "mv_streaming_events_kafka_to_streaming_events": "needs the Kafka table that it copies out of",
    "service_log_allowances": "says which lines of a log are let through, and holds no data of the pipeline",
}
_CREATE = ("CREATE VIEW", "CREATE MATERIALIZED VIEW")


def sql_points(include: Path) -> tuple[list[MutationPoint], dict[str, str]]:
    """Return every location of the views that an operator can change, and the reasons for views left out, by name."""
    points: list[MutationPoint] = []
    left_out: dict[str, str] = {}
    for file in sorted((include / SCHEMA).glob("*.sql.j2")):
        text = file.read_text(encoding="utf-8")
        path = str(file.relative_to(include))
        for name, start, end in view_spans(text, path):
            if name in LEFT_OUT:
                left_out[name] = LEFT_OUT[name]
                continue
            try:
                statement = Statement.of(ClickHouse().tokenize(text[start:end]), text[start:end])
            except SqlglotError as error:
                left_out[name] = f"sqlglot cannot read it: {str(error).splitlines()[0]}"
                continue
            points += _points(path, text, start, statement)
    return points, left_out


def view_spans(text: str, path: str) -> Iterator[tuple[str, int, int]]:
    """Yield name, start and end of every statement of a template that makes a view; comments before it are outside."""
    start = -1
    for token in tokens(text, path):
        if token.kind is Kind.SEMICOLON:
            if start >= 0 and text.startswith(_CREATE, start):
                yield text[start : token.start].split("VIEW", 1)[1].split(maxsplit=1)[0], start, token.start
            start = -1
        elif text.startswith("CREATE", token.start) and not token.is_silent:
            start = token.start


def _points(path: str, text: str, offset: int, statement: Statement) -> Iterator[MutationPoint]:
    for operator in OPERATORS:
        for span, texts in operator(statement):
            start, end = span[0] + offset, span[1] + offset
            line = text.count("\n", 0, start) + 1
            name = operator.__name__
            ways = [(name, partial(_replaced, text, start, end, new)) for new in texts if new != text[start:end]]
            if ways:
                yield MutationPoint(path, line, text, ways)


def _replaced(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[end:]


def view_statements(schema: Path, variables: Mapping[str, object]) -> dict[str, str]:
    """Return the statement that makes each view, by name, in the order of the schema. Raises SqlSourceError."""
    texts = [render(migration.text, variables, migration.path.name) for migration in read_migrations(schema)]
    return {name: text[start:end] for text in texts for name, start, end in view_spans(text, "the schema")}


def changed_view(mutant: Mutant) -> tuple[str, str]:
    """Return the view that a mutant changes, and its statement there; no template stands inside a view's query."""
    before = {name: mutant.original[start:end] for name, start, end in view_spans(mutant.original, mutant.path)}
    after = {name: mutant.mutated[start:end] for name, start, end in view_spans(mutant.mutated, mutant.path)}
    [name] = [name for name in before if before[name] != after.get(name)]
    return name, after[name]


def dependents(name: str, definitions: Mapping[str, str]) -> frozenset[str]:
    """Return the views that read an object, directly or through other views. `definitions` are the queries of views."""
    found: set[str] = set()
    asked = {name}
    while asked:
        asked = {view for view, query in definitions.items() if view not in found and names_in(query, asked)}
        found |= asked
    return frozenset(found)
