"""The templates of the page, with the style sheet and the filters of the report."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader

from streamproof.model.formats.templates import templates_of
from streamproof.report import formatting
from streamproof.report.templating import breakable


def _minute(time: str) -> str:
    """Render an ISO-8601 time in UTC to the minute."""
    return time[:16].replace("T", " ")


def _quantity(number: float) -> str:
    """Render a number of the history, which keeps all of them as floats: 1,204 and 0.0814288."""
    return f"{number:,.0f}" if number == int(number) else f"{number:,.6g}"


@cache
def _environment() -> Environment:
    filters: dict[str, Callable[..., Any]] = {
        "duration": formatting.duration,
        "number": formatting.number,
        "value": formatting.value,
        "breakable": breakable,
        "commit": formatting.commit,
        "diagnostics": formatting.diagnostics,
        "minute": _minute,
        "quantity": _quantity,
    }
    made = templates_of("streamproof.airflow.page", filters, escape=True)
    made.loader = ChoiceLoader([PackageLoader("streamproof.airflow.page"), PackageLoader("streamproof.report")])
    made.globals |= {"count": formatting.count}
    return made


def render(template: str, **values: Any) -> str:
    """Render a template of the page. All values are escaped."""
    return formatting.writable(_environment().get_template(template).render(**values))
