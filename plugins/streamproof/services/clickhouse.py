"""The warehouse: connect to ClickHouse over HTTP, and turn its refusals into errors that say what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from urllib3.exceptions import HTTPError

from streamproof.model.errors import WarehouseError
from streamproof.model.settings import ClickHouseSettings
from streamproof.sql.lexing import statements

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

CONNECT_TIMEOUT_SEC = 10
QUERY_TIMEOUT_SEC = 300
LONGEST_MESSAGE = 600

_SERVER = re.compile(
    r"DB::Exception: (?P<said>.*?)( Expected one of: .*?|,? [Ii]n scope .*?)?(?P<code> \([A-Z_]+\))?"
    r"( \(version [^)]*\))?( \(for url .*)?$"
)
_NETWORK = re.compile(r"\(Caused by .*?(?P<why>\[Errno [^'\"]*|Read timed out[^'\")]*)")


def plain_message(error: BaseException) -> str:
    """Return what ClickHouse or the network said: one line, without the driver's wrapping, of a readable length."""
    text = " ".join(str(error).split())
    if server := _SERVER.search(text):
        text = server["said"] + (server["code"] or "")
    elif network := _NETWORK.search(text):
        text = network["why"]
    text = text or type(error).__name__
    return text if len(text) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]} …"


def connect(settings: ClickHouseSettings) -> Client:
    """Open a client; the settings' database is its default, so SQL names no database.

    The client may be shared by threads (it has no server session). Times that it returns are in UTC.
    Raises WarehouseError when the server does not answer, refuses the user, or has no such database.
    """
    import clickhouse_connect
    from clickhouse_connect.driver.exceptions import Error

    try:
        return clickhouse_connect.get_client(
            host=settings.host,
            port=settings.port,
            username=settings.user,
            password=settings.password,
            database=settings.database,
            secure=settings.secure,
            verify=settings.verify,
            ca_cert=settings.ca_cert,
            connect_timeout=CONNECT_TIMEOUT_SEC,
            send_receive_timeout=QUERY_TIMEOUT_SEC,
            autogenerate_session_id=False,
            # A pool of its own is closed with the client; a shared one would hold the server up when it is stopped.
            dedicated_pool=True,
            query_limit=0,
        )
    except (Error, OSError) as error:
        raise WarehouseError(
            f"ClickHouse at {settings.url} (user {settings.user}, database {settings.database}): "
            f"{_without(settings.password, plain_message(error))}",
            hint="Is it running, and are host, port, user and database right? See `streamproof stack status`.",
        ) from None


def _without(secret: str, text: str) -> str:
    return text.replace(secret, "***") if secret else text


@contextmanager
def refusals(doing: str, *, hint: str) -> Iterator[None]:
    """Turn any error of the driver or the network inside the block into a WarehouseError that says what was done."""
    from clickhouse_connect.driver.exceptions import Error

    try:
        yield
    except (Error, HTTPError, OSError) as error:
        raise WarehouseError(f"{doing}: {plain_message(error)}", hint=hint) from error


class _Literal:
    """A parameter value that the driver must pass on as it stands."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


def _quoted(value: object) -> str:
    if not isinstance(value, str):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\t", "\\t")
    return f"'{escaped}'"


def _map_literal(mapping: Mapping[Any, object]) -> _Literal:
    entries = ",".join(f"{_quoted(key)}:{_quoted(value)}" for key, value in mapping.items())
    return _Literal(f"{{{entries}}}")


def bindable(parameters: Mapping[str, object] | None) -> dict[str, object] | None:
    """Return the parameters as the driver can bind them; a mapping becomes a ClickHouse Map.

    The driver writes a dict as JSON unless a process-wide switch is set, so the literal is written here.
    """
    if not parameters:
        return None
    return {name: _map_literal(value) if isinstance(value, Mapping) else value for name, value in parameters.items()}


def rows(
    client: Client,
    sql: str,
    parameters: Mapping[str, object] | None = None,
    *,
    settings: Mapping[str, object] | None = None,
) -> list[dict[str, Any]]:
    """Run a query with server-side parameters and return its rows by column name. Raises WarehouseError."""
    with refusals("ClickHouse refused a query", hint=f"The query begins: {' '.join(sql.split())[:120]}"):
        result = client.query(sql, parameters=bindable(parameters), settings=dict(settings or {}))
        return list(result.named_results())


def execute(
    client: Client,
    sql: str,
    parameters: Mapping[str, object] | None = None,
    *,
    settings: Mapping[str, object] | None = None,
) -> None:
    """Run a statement that returns nothing, and wait until its effect is visible. Raises WarehouseError."""
    with refusals("ClickHouse refused a statement", hint=f"The statement begins: {' '.join(sql.split())[:120]}"):
        client.command(sql, parameters=bindable(parameters), settings={"mutations_sync": 2, **(settings or {})})


def execute_script(client: Client, script: str) -> list[str]:
    """Run SQL statements divided by semicolons one after the other and return them.

    Raises SqlSourceError for a literal that is never closed (before anything is run) and WarehouseError.
    """
    found = statements(script, "the script")
    for statement in found:
        execute(client, statement)
    return found
