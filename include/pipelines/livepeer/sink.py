"""Inserts rows into ClickHouse over HTTP. A token makes each request idempotent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

import orjson
import urllib3

from pipelines.livepeer.batches import Request
from pipelines.livepeer.config import SinkSettings
from pipelines.livepeer.errors import SinkError
from pipelines.livepeer.tables import COLUMNS

# A span may be sent again after a restart; the materialized views of a table must then not count its rows twice either.
# Tokens are per block, so parsing must be single-threaded: a request then always makes the same blocks.
INSERT_SETTINGS = {
    "async_insert": "0",
    "deduplicate_blocks_in_dependent_materialized_views": "1",
    "input_format_parallel_parsing": "0",
    "insert_deduplicate": "1",
}
UNKNOWN_TABLE, UNKNOWN_DATABASE = "60", "81"
_SHOWN = 400
_TABLES = "SELECT name FROM system.tables WHERE database = currentDatabase() FORMAT JSONCompactEachRow"


class ClickHouseSink:
    """One ClickHouse database. Safe to use from several threads."""

    def __init__(self, settings: SinkSettings) -> None:
        self._settings = settings
        # The server closes idle connections after a few seconds. A request on a closed connection is retried at once,
        # which is safe because of the tokens.
        retries = urllib3.Retry(
            total=3, connect=2, read=2, redirect=0, status=0, other=0, backoff_factor=0, allowed_methods=None
        )
        self._pool = urllib3.PoolManager(
            maxsize=settings.max_in_flight + 1,
            retries=retries,
            timeout=urllib3.Timeout(connect=5.0, read=300.0),
            ca_certs=settings.ca_cert,
            cert_reqs="CERT_REQUIRED" if settings.verify else "CERT_NONE",
        )
        self._headers = {
            "X-ClickHouse-User": settings.user,
            "X-ClickHouse-Key": settings.password,
            "X-ClickHouse-Database": settings.database,
        }

    def insert(self, request: Request) -> None:
        """Insert the rows of one request. Raises SinkError; the cause is never a record, since parsers judged all."""
        statement = f"INSERT INTO {request.table} ({', '.join(COLUMNS[request.table])}) FORMAT JSONCompactEachRow"
        fields = {"query": statement, "insert_deduplication_token": request.token, **INSERT_SETTINGS}
        response = self._send(fields, request.body, f"the rows of {request.table}", stream=False)
        if response.status != 200:
            raise self._refused(response, f"the rows of {request.table}")

    def lines(self, statement: str, parameters: Mapping[str, str]) -> Iterator[bytes]:
        """Yield the lines of a query's answer; none when the table or database does not exist yet. Raises SinkError."""
        # The server completes the answer before it sends the first byte, so an error cannot interrupt an answer.
        fields = {"query": statement, "wait_end_of_query": "1"}
        fields |= {f"param_{name}": value for name, value in parameters.items()}
        response = self._send(fields, b"", "a query", stream=True)
        if response.status != 200:
            if response.headers.get("X-ClickHouse-Exception-Code") in (UNKNOWN_TABLE, UNKNOWN_DATABASE):
                response.drain_conn()
                return
            raise self._refused(response, "a query")
        try:
            yield from response
        except urllib3.exceptions.HTTPError as error:
            raise self._unreachable(error, "a query") from error

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()

    def _send(self, fields: dict[str, str], body: bytes, what: str, *, stream: bool) -> urllib3.BaseHTTPResponse:
        try:
            return self._pool.request(
                "POST",
                f"{self._settings.url}/?{urlencode(fields)}",
                headers=self._headers,
                body=body,
                preload_content=not stream,
            )
        except urllib3.exceptions.HTTPError as error:
            raise self._unreachable(error, what) from error

    def _unreachable(self, error: Exception, what: str) -> SinkError:
        reason = getattr(error, "reason", None) or error
        return SinkError(
            f"ClickHouse at {self._settings.url} did not take {what}: {type(reason).__name__}.",
            hint="See whether the server runs and CLICKHOUSE_URL is right; the job continues where it stopped.",
        )

    def _refused(self, response: urllib3.BaseHTTPResponse, what: str) -> SinkError:
        if response.headers.get("X-ClickHouse-Exception-Code") == UNKNOWN_TABLE:
            return self._without_tables(what)
        answer = response.data.decode(errors="replace").strip()[:_SHOWN]
        return SinkError(
            f"ClickHouse refused {what} (database {self._settings.database}): {answer}",
            hint="Correct the warehouse (schema, rights, disk) and start again; the job continues where it stopped.",
        )

    def _without_tables(self, what: str) -> SinkError:
        """Return the error of a schema that is older than this processor; it names every table that is missing."""
        there = {orjson.loads(line)[0] for line in self.lines(_TABLES, {})}
        missing = ", ".join(sorted(COLUMNS.keys() - there))
        return SinkError(
            f"ClickHouse did not take {what}: the database {self._settings.database} has no {missing}.",
            hint="Its schema is older than this processor: apply the migrations; the job continues where it stopped.",
        )
