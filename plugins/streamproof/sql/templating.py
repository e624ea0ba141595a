"""Render SQL templates: the schema's migrations take the names and switches of a run as variables."""

from __future__ import annotations

from collections.abc import Mapping

from jinja2 import Environment, StrictUndefined, TemplateError

from streamproof.model.errors import SqlSourceError


def sql_string(value: object) -> str:
    """Quote a value as a ClickHouse string literal."""
    escaped = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def render(text: str, variables: Mapping[str, object], source: str) -> str:
    """Fill a template; filter `sql_string` quotes a literal. Raises SqlSourceError, also for an unknown variable."""
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)  # noqa: S701 - SQL
    environment.filters["sql_string"] = sql_string
    try:
        return environment.from_string(text).render(variables)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        where = f"{source}:{line}" if line else source
        raise SqlSourceError(
            f"{where}: {error}", hint="Mend the template, or give the variable that it needs."
        ) from None
