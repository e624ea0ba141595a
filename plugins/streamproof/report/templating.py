"""The template environments of the renderers. HTML values are always escaped, Markdown values by filter `cell`."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from jinja2 import Environment
from markupsafe import Markup
from markupsafe import escape as escaped

from streamproof.model.formats.templates import templates_of
from streamproof.report import formatting
from streamproof.report.sections.checks import in_short, shown_diagnostics

# Characters of one value. A diagnostic may be a text of megabytes, and a report shows it several times.
LONGEST_VALUE = 20_000


def cut(item: Any) -> Any:
    """Return a value as it is, a text of more than `LONGEST_VALUE` characters without its end, which is counted."""
    if not isinstance(item, str) or isinstance(item, Markup) or len(item) <= LONGEST_VALUE:
        return item
    left = formatting.count(len(item) - LONGEST_VALUE, "more character")
    return f"{item[:LONGEST_VALUE]}\N{HORIZONTAL ELLIPSIS} ({left}, in the files of the run)"


def markdown_cell(item: Any) -> str:
    """Render a value for a Markdown table cell or line, without line breaks, column breaks, HTML or code fences."""
    text: str = cut(" ".join(formatting.value(item).split()))
    for mark, harmless in (("\\", "\\\\"), ("|", "\\|"), ("`", "'"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(mark, harmless)
    return text


def breakable(text: str) -> Markup:
    """Render a path or a long name so that a browser may break it after a slash, dot or underscore."""
    broken = re.sub(r"([/._])(?=[^/._])", "\\1\x00", text.replace("\x00", "\N{REPLACEMENT CHARACTER}"))
    return Markup("<wbr>").join(escaped(part) for part in broken.split("\x00"))


def code(text: str) -> Markup:
    """Render words between backticks as code; everything else stays text."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escaped(text)
    marked = (f"<code>{escaped(part)}</code>" if number % 2 else escaped(part) for number, part in enumerate(parts))
    return Markup("").join(map(Markup, marked))


@cache
def environment(*, escape: bool) -> Environment:
    """Return the environment for HTML (`escape`) or for plain text and Markdown."""
    filters: dict[str, Callable[..., Any]] = {
        "duration": formatting.duration,
        "value": formatting.value,
        "diagnostics": formatting.diagnostics,
        "seen": formatting.seen,
        "cell": markdown_cell,
        "breakable": breakable,
        "number": formatting.number,
        "decimal": formatting.decimal,
        "in_short": in_short,
        "shown_diagnostics": shown_diagnostics,
        "code": code,
    }
    made = templates_of("streamproof.report", filters, escape=escape)
    if escape:
        made.finalize = cut
    made.globals |= {"count": formatting.count}
    return made


def render(template: str, *, escape: bool, **values: Any) -> str:
    """Render a template of `report/templates/`; characters that a report cannot hold are replaced."""
    return formatting.writable(environment(escape=escape).get_template(template).render(**values))
