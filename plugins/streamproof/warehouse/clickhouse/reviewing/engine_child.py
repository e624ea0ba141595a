"""The child that reviews SQL: `python -m streamproof.warehouse.clickhouse.reviewing.engine_child`.

It reads a JSON document {schema, feed, texts} from standard input and writes {problems, objects} to standard output.
The engine of the wheel `chdb-core` creates the schema in memory. It then resolves every query against it, and applies
every change of rows to the empty tables. A statement that changes a schema is only parsed.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

# These change rows only, so they can be applied to the empty tables without a trace.
_CHANGES_ROWS = re.compile(
    r"\s*(DELETE\b|INSERT\b|TRUNCATE\b|ALTER\s+TABLE\s+\S+\s+(DELETE|UPDATE)\b)", re.IGNORECASE | re.DOTALL
)
_LEADING_COMMENTS = re.compile(r"\A(\s*--[^\n]*\n)+")
_EXCEPTION = re.compile(r"^Code: \d+\. DB::Exception: (?P<message>.*)$", re.DOTALL)
_WHOLE_NUMBER = re.compile(r"(Nullable\(|LowCardinality\()*U?Int\d+")
_DATABASE = "review"
Run = Callable[[str], str]


def review(document: Mapping[str, Any], run: Run) -> dict[str, Any]:
    """Return what is wrong as [source, message] pairs, and the names of the tables and views of the schema.

    `run` executes one statement, and raises an exception when the engine refuses it.
    """
    for statement in (f"CREATE DATABASE {_DATABASE}", f"USE {_DATABASE}"):
        run(statement)
    problems = [*_refused(document["schema"], run, str)]
    problems += _refused(document["feed"], run, lambda sql: f"EXPLAIN AST {sql}")
    if problems:
        return {"problems": problems, "objects": []}
    problems += _refused(document["texts"], run, _as_reviewed)
    names = run("SELECT name FROM system.tables WHERE database = currentDatabase() FORMAT JSONCompactColumns")
    return {"problems": problems, "objects": json.loads(names)[0]}


def _as_reviewed(sql: str) -> str:
    code = _LEADING_COMMENTS.sub("", sql)
    if re.match(r"\s*(SELECT|WITH)\b", code, re.IGNORECASE):
        return f"EXPLAIN QUERY TREE {code}"
    return code if _CHANGES_ROWS.match(code) else f"EXPLAIN AST {code}"


def _refused(texts: Sequence[Mapping[str, Any]], run: Run, reviewed: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    for text in texts:
        try:
            for name, value in text.get("parameters", {}).items():
                run(f"SET param_{name} = {_quoted(value)}")
            run(reviewed(text["sql"]))
            if text.get("count"):
                yield from _without_count(text, run)
        except Exception as error:  # noqa: BLE001 - the engine raises what it likes; every refusal is reported
            found = _EXCEPTION.match(str(error))
            yield text["source"], " ".join((found["message"] if found else str(error)).split())


def _without_count(text: Mapping[str, Any], run: Run) -> Iterator[tuple[str, str]]:
    """Yield the problem of a query that does not return its column of whole numbers."""
    names, types = json.loads(run(f"DESCRIBE ({text['sql']}) FORMAT JSONCompactColumns"))[:2]
    kind = dict(zip(names, types, strict=True)).get(text["count"])
    if kind is None:
        yield text["source"], f"the query returns no column `{text['count']}`, but {', '.join(names)}"
    elif not _WHOLE_NUMBER.match(kind):
        yield text["source"], f"column `{text['count']}` is {kind}, not a whole number"


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def main() -> None:
    """Review one document."""
    import chdb  # noqa: PLC0415 - it starts an engine when it is imported

    connection = chdb.connect(":memory:")
    document = review(json.load(sys.stdin), lambda sql: str(connection.query(sql)))
    sys.stdout.write(json.dumps(document))


if __name__ == "__main__":
    main()
