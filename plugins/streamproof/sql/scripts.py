"""SQL scripts: statements separated by semicolons that run one after the other in one server session."""

from __future__ import annotations

from pathlib import Path

from streamproof.model.errors import SqlSourceError
from streamproof.sql.dialects import CLICKHOUSE, Dialect
from streamproof.sql.lexing import line_of, statements, tokens
from streamproof.sql.reading import read_sql


def read_script(path: Path, dialect: Dialect = CLICKHOUSE) -> list[str]:
    """Return the statements of a file. Raises SqlSourceError for a file that cannot be read, split or run."""
    return script_of(read_sql(path), str(path), dialect)


def script_of(text: str, source: str, dialect: Dialect = CLICKHOUSE) -> list[str]:
    """Return the statements of a script. Raises SqlSourceError for an unclosed literal or comment, and for `USE`."""
    found = statements(text, source, dialect)
    for statement in found:
        code = next(token for token in tokens(statement, source, dialect) if not token.is_silent)
        if code.text.upper() == "USE":
            raise SqlSourceError(
                f"{source}:{line_of(text, text.index(statement) + code.start)}: USE has no effect here: each request "
                "names the run's own database.",
                hint="Write the database before the table's name, or leave USE out.",
            )
    return found
