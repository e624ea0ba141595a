"""The kinds of transport. Each is a subpackage of this package; a pack names it as `transport: <kind>`.

Its module `port` has `TRANSPORT`, to which a replay publishes records, or `SOURCE`, which serves a fixture set.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from streamproof import transport
from streamproof.model.errors import UsageError
from streamproof.transport.base import Transport
from streamproof.transport.served import SourceTransport


def transport_kinds() -> tuple[str, ...]:
    """Return the names of all kinds, sorted."""
    return tuple(sorted(module.name for module in iter_modules(transport.__path__) if module.ispkg))


def transport_of(kind: str) -> Transport:
    """Return a transport by its kind. Raises UsageError for an unknown kind, and for one that serves."""
    found: Transport | None = getattr(_port(kind), "TRANSPORT", None)
    if found is None:
        raise UsageError(
            f"Transport '{kind}' serves a fixture set; nothing is published to it.",
            hint="This command is for packs whose transport carries records, such as kafka.",
        )
    return found


def source_of(kind: str) -> SourceTransport:
    """Return a transport that serves, by its kind. Raises UsageError for an unknown kind, and for one that does not."""
    found: SourceTransport | None = getattr(_port(kind), "SOURCE", None)
    if found is None:
        raise UsageError(
            f"Transport '{kind}' carries records that are published; it serves none.",
            hint="Leave `source` out of pack.yaml, or name a transport that serves, such as http.",
        )
    return found


def _port(kind: str) -> ModuleType:
    if kind not in transport_kinds():
        raise UsageError(
            f"There is no transport of kind '{kind}'.", hint=f"The kinds are: {', '.join(transport_kinds())}."
        )
    return import_module(f"streamproof.transport.{kind}.port")
