"""The kinds of transport. Each is a subpackage of this package; a pack names it as `transport: <kind>`."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from streamproof import transport
from streamproof.model.errors import UsageError
from streamproof.transport.base import Transport


def transport_kinds() -> tuple[str, ...]:
    """Return the names of all kinds, sorted."""
    return tuple(sorted(module.name for module in iter_modules(transport.__path__) if module.ispkg))


def transport_of(kind: str) -> Transport:
    """Return a transport by its kind. Raises UsageError for an unknown kind."""
    if kind not in transport_kinds():
        raise UsageError(
            f"There is no transport of kind '{kind}'.", hint=f"The kinds are: {', '.join(transport_kinds())}."
        )
    found: Transport = import_module(f"streamproof.transport.{kind}.port").TRANSPORT
    return found
