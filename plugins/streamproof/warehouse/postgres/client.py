"""Connect to PostgreSQL, run statements in transactions, and turn its errors into ours, with a hint."""

from __future__ import annotations

import select
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from streamproof.model.errors import WarehouseError
from streamproof.model.settings import WarehouseSettings
from streamproof.sql.dialects import POSTGRES
from streamproof.sql.scripts import script_of
from streamproof.warehouse.postgres.binding import bound
from streamproof.warehouse.values import UNKNOWN_TABLE

if TYPE_CHECKING:
    from psycopg import Connection, Cursor

CONNECT_TIMEOUT_SEC = 10
STATEMENT_TIMEOUT_SEC = 300
LONGEST_MESSAGE = 600
# The name of our sessions, which others see in pg_stat_activity.
APPLICATION = "streamproof"
# Sent at the start of every session, so that a statement means the same under every server and role. The just-in-time
# compiler takes longer than most checks.
OPTIONS: Mapping[str, str] = {
    "timezone": "UTC",
    "search_path": "public",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "standard_conforming_strings": "on",
    "extra_float_digits": "1",
    "statement_timeout": f"{STATEMENT_TIMEOUT_SEC}s",
    # The transaction of a clone lasts as long as the proof.
    "idle_in_transaction_session_timeout": "0",
    "client_min_messages": "warning",
    "jit": "off",
}
_UNDEFINED_TABLE = "42P01"

quoted = POSTGRES.identifier


def plain_message(error: BaseException) -> str:
    """Return the message of the server or the network on one line, with its SQLSTATE, and shortened."""
    diagnosis: Any = getattr(error, "diag", None)
    parts = [diagnosis.message_primary, diagnosis.message_detail] if diagnosis else []
    text = " ".join(" ".join(part for part in parts if part).split()) or " ".join(str(error).split())
    text = (text or type(error).__name__)[:LONGEST_MESSAGE]
    state = getattr(error, "sqlstate", None)
    if state == _UNDEFINED_TABLE:
        return f"{text} {UNKNOWN_TABLE}"
    return f"{text} (SQLSTATE {state})" if state else text


@contextmanager
def refusals(doing: str, *, hint: str) -> Iterator[None]:
    """Turn an error of the driver or the network inside the block into a WarehouseError that begins with `doing`."""
    from psycopg import Error

    try:
        yield
    except (Error, OSError) as error:
        raise WarehouseError(f"{doing}: {plain_message(error)}", hint=hint) from error


def connect(settings: WarehouseSettings, *, source: str = "") -> Connection[Any]:
    """Open a session in the database of the settings. `source` says where the settings come from.

    Raises WarehouseError when the server does not answer, refuses the user, or has no such database.
    """
    import psycopg

    try:
        return psycopg.connect(
            host=settings.host,
            port=settings.port,
            user=settings.user,
            password=settings.password,
            dbname=settings.database,
            connect_timeout=CONNECT_TIMEOUT_SEC,
            application_name=APPLICATION,
            options=" ".join(f"-c {name}={value}" for name, value in OPTIONS.items()),
            autocommit=True,
            **_encryption(settings),
        )
    except (psycopg.Error, OSError) as error:
        said = plain_message(error)
        said = said.replace(settings.password, "***") if settings.password else said
        where = f"The connection comes from {source}. " if source else "Is it running? "
        address = f"{settings.host}:{settings.port}"
        raise WarehouseError(
            f"PostgreSQL at {address} (user {settings.user}, database {settings.database}): {said}",
            hint=f"{where}Are host, port, user and database right?",
        ) from None


def _encryption(settings: WarehouseSettings) -> dict[str, Any]:
    """Return the options of TLS. Without `secure`, the session is encrypted only if the server offers it."""
    if not settings.secure:
        return {"sslmode": "prefer"}
    if not settings.verify:
        return {"sslmode": "require"}
    return {"sslmode": "verify-full", "sslrootcert": settings.ca_cert or "system"}


class Client:
    """The sessions in one database. Threads may share it: each transaction has a session of its own."""

    def __init__(self, settings: WarehouseSettings, *, source: str = "") -> None:
        """Open the first session. `source` says where the settings come from. Raises WarehouseError."""
        self.settings = settings
        self._source = source
        self._idle: list[Connection[Any]] = []
        self._lock = threading.Lock()
        first = connect(settings, source=source)
        self.version = first.info.parameter_status("server_version") or ""
        self._give_back(first)

    @property
    def database(self) -> str:
        """Return the name of the database."""
        return self.settings.database

    @contextmanager
    def reading(self) -> Iterator[Connection[Any]]:
        """Yield a session in a read-only transaction."""
        with self._transaction(read_only=True) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Connection[Any]]:
        """Yield a session in a transaction, which is committed when the block ends without an error."""
        with self._transaction(read_only=False) as session:
            yield session

    @contextmanager
    def _transaction(self, *, read_only: bool) -> Iterator[Connection[Any]]:
        session = self._take()
        try:
            session.read_only = read_only
            with session.transaction():
                yield session
        finally:
            self._give_back(session)

    def _take(self) -> Connection[Any]:
        with self._lock:
            while self._idle:
                session = self._idle.pop()
                if _is_alive(session):
                    return session
                session.close()
        return connect(self.settings, source=self._source)

    def _give_back(self, session: Connection[Any]) -> None:
        if session.closed or session.broken:
            return
        with self._lock:
            self._idle.append(session)

    def close(self) -> None:
        """Close the sessions that are not in use. A later statement opens a new one."""
        with self._lock:
            idle, self._idle = self._idle, []
        for session in idle:
            session.close()


def _is_alive(session: Connection[Any]) -> bool:
    """Return whether the server has not ended an idle session: it says so before it closes the connection."""
    said = select.poll()
    said.register(session.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    return not said.poll(0)


def cursor_of(session: Connection[Any], sql: str, parameters: Mapping[str, object] | None = None) -> Cursor[Any]:
    """Run a query in a session and return its cursor. Raises errors of the driver."""
    text, values = bound(sql, parameters)
    return session.execute(text, values)


def rows(client: Client, sql: str, parameters: Mapping[str, object] | None = None) -> list[dict[str, Any]]:
    """Run a read-only query and return its rows by column name. Raises WarehouseError."""
    with refusals("PostgreSQL refused a query", hint=beginning("query", sql)), client.reading() as session:
        cursor = cursor_of(session, sql, parameters)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def execute(client: Client, sql: str, parameters: Mapping[str, object] | None = None) -> None:
    """Run a statement that returns nothing, in a transaction of its own. Raises WarehouseError."""
    with refusals("PostgreSQL refused a statement", hint=beginning("statement", sql)), client.writing() as session:
        run(session, sql, parameters)


def run(session: Connection[Any], sql: str, parameters: Mapping[str, object] | None = None) -> None:
    """Run a statement in a session. Its values are put into the text, because a DDL statement cannot have parameters.

    Raises errors of the driver.
    """
    from psycopg import ClientCursor

    text, values = bound(sql, parameters)
    with ClientCursor(session) as cursor:
        cursor.execute(text, values)


def beginning(what: str, sql: str) -> str:
    """Return a hint with the beginning of a query or statement."""
    return f"The {what} begins: {' '.join(sql.split())[:120]}"


def execute_script(client: Client, script: str, source: str = "the script") -> list[str]:
    """Run SQL statements separated by semicolons, in one transaction, and return them.

    Raises SqlSourceError, which names `source`, before the first statement runs, and WarehouseError.
    """
    found = script_of(script, source, POSTGRES)
    with client.writing() as session:
        for statement in found:
            with refusals("PostgreSQL refused a statement", hint=beginning("statement", statement)):
                run(session, statement)
    return found
