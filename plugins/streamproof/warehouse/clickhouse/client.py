"""Connect to ClickHouse over HTTP, run statements, and turn its errors into ours, with a hint."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from urllib3.exceptions import HTTPError
from urllib3.poolmanager import PoolManager

from streamproof.model.errors import WarehouseError
from streamproof.model.settings import WarehouseSettings
from streamproof.sql.scripts import script_of
from streamproof.warehouse.clickhouse.binding import bindable

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
    """Return the message of ClickHouse or the network on one line, without the driver's additions, and shortened."""
    text = " ".join(str(error).split())
    if server := _SERVER.search(text):
        text = server["said"] + (server["code"] or "")
    elif network := _NETWORK.search(text):
        text = network["why"]
    text = text or type(error).__name__
    return text if len(text) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]} …"


def connect(settings: WarehouseSettings) -> Client:
    """Open a client. The database of the settings is its default, so SQL need not name it.

    Threads may share the client, because it has no server session. It returns times in UTC.
    Raises WarehouseError when the server does not answer, refuses the user, or has no such database.
    """
    import clickhouse_connect
    from clickhouse_connect.driver.exceptions import Error

    pool = _pool(settings)
    try:
        client = clickhouse_connect.get_client(
            host=settings.host,
            port=settings.port,
            username=settings.user,
            password=settings.password,
            database=settings.database,
            secure=settings.secure,
            pool_mgr=pool,
            connect_timeout=CONNECT_TIMEOUT_SEC,
            send_receive_timeout=QUERY_TIMEOUT_SEC,
            autogenerate_session_id=False,
            query_limit=0,
        )
    except (Error, OSError) as error:
        raise WarehouseError(
            f"ClickHouse at {settings.url} (user {settings.user}, database {settings.database}): "
            f"{_without(settings.password, plain_message(error))}",
            hint="Is it running, and are host, port, user and database right? See `streamproof stack status`.",
        ) from None
    # Closing the client must close our pool too: open connections would delay the end of the server.
    backend: Any = getattr(client, "_backend")  # noqa: B009 - the driver has no public option for this
    backend.owns_pool_manager = True
    return client


def _pool(settings: WarehouseSettings) -> PoolManager:
    """Return the connection pool of one client. The driver's own pool would use the proxies of the environment."""
    from clickhouse_connect.driver.httputil import get_pool_manager

    options: dict[str, Any] = {"http_proxy": settings.proxy} if settings.proxy else {}
    if settings.secure:
        options |= {"verify": settings.verify, "ca_cert": settings.ca_cert}
    pool: PoolManager = get_pool_manager(**options)
    return pool


def _without(secret: str, text: str) -> str:
    return text.replace(secret, "***") if secret else text


@contextmanager
def refusals(doing: str, *, hint: str) -> Iterator[None]:
    """Turn an error of the driver or the network inside the block into a WarehouseError that begins with `doing`."""
    from clickhouse_connect.driver.exceptions import Error

    try:
        yield
    except (Error, HTTPError, OSError) as error:
        raise WarehouseError(f"{doing}: {plain_message(error)}", hint=hint) from error


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


def new_session() -> dict[str, object]:
    """Return settings that make statements share a server session, and so temporary tables and the effect of SET."""
    return {"session_id": str(uuid.uuid4())}


def execute_script(client: Client, script: str, source: str = "the script") -> list[str]:
    """Run SQL statements separated by semicolons, one after the other in one session, and return them.

    Raises SqlSourceError, which names `source`, before the first statement runs, and WarehouseError.
    """
    found = script_of(script, source)
    session = new_session()
    for statement in found:
        execute(client, statement, settings=session)
    return found
