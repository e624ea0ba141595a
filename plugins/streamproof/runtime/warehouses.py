"""How to reach the warehouse of a started stack."""

from __future__ import annotations

from pathlib import Path

from streamproof.model.errors import StackError
from streamproof.model.settings import WarehouseSettings
from streamproof.model.stack import StackState
from streamproof.runtime.stack_spec import CLICKHOUSE

# The database of every PostgreSQL server, to which one connects when no other is meant.
MAINTENANCE = "postgres"


def warehouse_settings(state: StackState, kind: str) -> WarehouseSettings:
    """Return how to reach the server of this kind in a stack that we have started.

    Raises StackError when the stack has none, or its password cannot be read.
    """
    if kind == CLICKHOUSE:
        return state.clickhouse
    if not state.postgres_port:
        raise StackError(f"Stack {state.name} has no warehouse of kind '{kind}'.", hint="Was it started for this pack?")
    return WarehouseSettings(
        state.postgres_host,
        state.postgres_port,
        user=state.postgres_user,
        password=_secret_of(state),
        database=MAINTENANCE,
    )


def address_of(kind: str, settings: WarehouseSettings) -> str:
    """Return the URL of a server of this kind, without credentials."""
    return settings.url if kind == CLICKHOUSE else f"postgresql://{settings.host}:{settings.port}"


def _secret_of(state: StackState) -> str:
    try:
        return Path(state.postgres_secret).read_text(encoding="utf-8")
    except OSError as error:
        raise StackError(
            f"The password of PostgreSQL in stack {state.name} cannot be read: {error.strerror}.",
            hint="Does the stack still run, and did the same user start it?",
        ) from None
