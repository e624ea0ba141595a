"""A run's view of a database that others use: PostgreSQL has none."""

from __future__ import annotations

from streamproof.model.errors import UsageError


def refuse_correlated(database: str) -> None:
    """Raise UsageError: a query of PostgreSQL cannot read another database of the server."""
    raise UsageError(
        f"The rows of this run cannot be told apart in database {database}: a PostgreSQL database cannot read another.",
        hint="A processor of kind `running` needs a warehouse whose databases can read each other.",
    )
