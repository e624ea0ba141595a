"""The ASGI app: the endpoints of the historical API that its client calls for a range of records.

An answer with records is sent in several messages. Each is a finished zstd frame of whole records, so an answer that
ends after some of them is cut between two records. The header `x-served-records` names the records in the answer.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import parse_qsl

import zstandard
from databento_dbn import Schema, SType
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from packs.market.source.catalogue import ALL_SYMBOLS, Catalogue, Query, Selection
from packs.market.source.times import iso, nanoseconds

RECORDS_HEADER = "x-served-records"
_FRAME_RECORDS = 4096
# US dollars of a gigabyte, so that a cost can be shown.
_PRICE_PER_GB = 28.0
Fields = Mapping[str, str]


class ApiError(Exception):
    """What the client gets as an error: status, case and message."""

    def __init__(self, status: int, case: str, message: str) -> None:
        super().__init__(message)
        self.status, self.case, self.message = status, case, message


def make_app(files: Mapping[str, Path], key: str) -> Starlette:
    """Return the app that serves these files, by their names, to clients with the key.

    Raises ValueError for a file that is not DBN, and OSError.
    """
    api = _Api(Catalogue(files), key)
    handlers: dict[str, tuple[str, Callable[[Fields], Response]]] = {
        "timeseries.get_range": ("POST", api.get_range),
        "metadata.get_record_count": ("POST", api.get_record_count),
        "metadata.get_billable_size": ("POST", api.get_billable_size),
        "metadata.get_cost": ("POST", api.get_cost),
        "metadata.get_dataset_range": ("GET", api.get_dataset_range),
        "metadata.list_datasets": ("GET", api.list_datasets),
        "metadata.list_schemas": ("GET", api.list_schemas),
        "symbology.resolve": ("POST", api.resolve),
    }
    return Starlette(
        routes=[
            Route(f"/v0/{name}", api.answering(handler), methods=[method])
            for name, (method, handler) in handlers.items()
        ]
    )


class _Api:
    def __init__(self, catalogue: Catalogue, key: str) -> None:
        self._catalogue = catalogue
        self._key = key

    def answering(self, handler: Callable[[Fields], Response]) -> Callable[[Request], Awaitable[Response]]:
        """Return an endpoint that checks the key and gives the fields of the request to a handler."""

        async def endpoint(request: Request) -> Response:
            try:
                self._check_key(request.headers.get("authorization", ""))
                text = (await request.body()).decode() if request.method == "POST" else request.url.query
                return handler(dict(parse_qsl(text, keep_blank_values=True)))
            except ApiError as error:
                detail = {"case": error.case, "message": error.message, "docs": ""}
                return JSONResponse({"detail": detail}, status_code=error.status)

        return endpoint

    def _check_key(self, header: str) -> None:
        try:
            user = base64.b64decode(header.removeprefix("Basic "), validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            user = ""
        if user != self._key:
            raise ApiError(401, "auth_authentication_failed", "Authentication failed.")

    def get_range(self, fields: Fields) -> Response:
        """Stream the records. The status is 206 when not every symbol was resolved on every day."""
        selection = self._select(fields)
        partly = selection.metadata.not_found or selection.metadata.partial
        return StreamingResponse(
            _frames(selection),
            status_code=206 if partly else 200,
            media_type="application/octet-stream",
            headers={RECORDS_HEADER: json.dumps(selection.spans())},
        )

    def get_record_count(self, fields: Fields) -> Response:
        """Return the number of records."""
        return JSONResponse(len(self._select(fields).records))

    def get_billable_size(self, fields: Fields) -> Response:
        """Return the number of bytes before compression."""
        return JSONResponse(self._size(fields))

    def get_cost(self, fields: Fields) -> Response:
        """Return the cost in US dollars."""
        return JSONResponse(self._size(fields) / 2**30 * _PRICE_PER_GB)

    def _size(self, fields: Fields) -> int:
        return sum(len(file.record(index)) for file, index in self._select(fields).records)

    def get_dataset_range(self, fields: Fields) -> Response:
        """Return the range of a data set."""
        start, end = self._catalogue.range_of(self._dataset(fields))
        return JSONResponse({"start": iso(start), "end": iso(end)})

    def list_datasets(self, _fields: Fields) -> Response:
        """Return the data sets."""
        return JSONResponse(self._catalogue.datasets)

    def list_schemas(self, fields: Fields) -> Response:
        """Return the schemas of a data set."""
        return JSONResponse(self._catalogue.schemas(self._dataset(fields)))

    def resolve(self, fields: Fields) -> Response:
        """Resolve symbols to instrument ids by days."""
        start, end = (nanoseconds(fields.get(name, "")) for name in ("start_date", "end_date"))
        symbols = tuple(fields.get("symbols", "").split(","))
        query = Query(self._dataset(fields), "", fields.get("stype_in", "raw_symbol"), symbols, start, end)
        found = {
            mapping.raw_symbol: [
                {"d0": str(i.start_date), "d1": str(i.end_date), "s": i.symbol} for i in mapping.intervals
            ]
            for mapping in self._catalogue.resolve(query)
        }
        missing = [symbol for symbol in symbols if symbol not in found]
        body = {
            "result": found,
            "symbols": list(symbols),
            "partial": [],
            "not_found": missing,
            "message": "OK",
            "status": 0,
        }
        return JSONResponse(body, status_code=206 if missing else 200)

    def _select(self, fields: Fields) -> Selection:
        selection = self._catalogue.select(self._query(fields))
        metadata = selection.metadata
        if len(metadata.not_found) == len(metadata.symbols):
            raise ApiError(
                422, "symbology_invalid_request", f"None of the symbols could be resolved: {metadata.symbols}"
            )
        return selection

    def _query(self, fields: Fields) -> Query:
        dataset = self._dataset(fields)
        schema, stype_in = fields.get("schema", "trades"), fields.get("stype_in", "raw_symbol")
        try:
            Schema.from_str(schema), SType.from_str(stype_in)
            start, end = nanoseconds(fields.get("start", "")), nanoseconds(fields.get("end", ""))
            limit = int(fields["limit"]) if fields.get("limit") else None
        except Exception as error:  # noqa: BLE001 - the library raises an exception of its own kind
            raise ApiError(422, "data_invalid_request", f"A field cannot be read: {error}") from None
        if start >= end:
            raise ApiError(422, "data_time_range_start_on_or_after_end", "start is on or after end.")
        if schema not in self._catalogue.schemas(dataset):
            raise ApiError(422, "data_schema_not_available", f"{dataset} has no schema {schema}.")
        symbols = tuple(fields.get("symbols", ALL_SYMBOLS).split(","))
        return Query(dataset, schema, stype_in, symbols, start, end, limit)

    def _dataset(self, fields: Fields) -> str:
        dataset = fields.get("dataset", "")
        if dataset not in self._catalogue.datasets:
            raise ApiError(422, "data_dataset_not_available", f"There is no data set {dataset!r}.")
        return dataset


async def _frames(selection: Selection) -> AsyncIterator[bytes]:
    for frame in frames_of(selection):
        yield frame


def frames_of(selection: Selection) -> Iterator[bytes]:
    """Yield the answer as finished zstd frames: first the metadata, then whole records."""
    records = selection.records
    yield _compressed(selection.metadata.encode())
    # At least two frames of records where there are two records: an answer can be cut between any of them.
    step = min(_FRAME_RECORDS, max(1, len(records) // 2))
    for first in range(0, len(records), step):
        yield _compressed(b"".join(file.record(index) for file, index in records[first : first + step]))


def _compressed(content: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=3, write_checksum=True).compress(content)
