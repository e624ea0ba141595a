"""The templates that a package keeps in its folder `templates`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def templates_of(
    package: str, filters: Mapping[str, Callable[..., Any]], *, escape: bool = False, trim: bool = True
) -> Environment:
    """Return the environment for a package's templates. An unknown variable is an error.

    `escape` is for HTML. With `trim`, the line of a block tag leaves neither its blanks nor its line end in the text.
    """
    environment = Environment(
        loader=PackageLoader(package, "templates"),
        autoescape=escape,  # noqa: S701 - other texts than HTML have characters of their own to escape
        undefined=StrictUndefined,
        trim_blocks=trim,
        lstrip_blocks=trim,
        keep_trailing_newline=True,
    )
    environment.filters |= filters
    return environment
