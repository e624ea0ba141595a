"""Render SQL templates. The migrations of a schema are templates, with a run's names and switches as variables."""

from __future__ import annotations

from collections.abc import Mapping

from jinja2 import Environment, StrictUndefined, TemplateError

from streamproof.model.errors import SqlSourceError
from streamproof.sql.dialects import CLICKHOUSE, Dialect


def sql_string(value: object) -> str:
    """Quote a value as a ClickHouse string literal."""
    return CLICKHOUSE.string(value)


def render(text: str, variables: Mapping[str, object], source: str, dialect: Dialect = CLICKHOUSE) -> str:
    """Render a template; its filter `sql_string` quotes a value as a literal. `source` names the template in errors.

    Raises SqlSourceError when the template is broken or uses an unknown variable.
    """
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)  # noqa: S701 - SQL
    environment.filters["sql_string"] = dialect.string
    try:
        return environment.from_string(text).render(variables)
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        location = f"{source}:{line}" if line else source
        raise SqlSourceError(
            f"{location}: {error}", hint="Correct the template, or pass the variable that it needs."
        ) from None
