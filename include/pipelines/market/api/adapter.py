"""The API adapter: fetches chunks by the official client, and hands on only whole downloads."""

from __future__ import annotations

import datetime as dt
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from databento_dbn import DBNError

from pipelines.market.api.guards import require_count, require_whole_frames
from pipelines.market.chunks import Chunk
from pipelines.market.errors import BadInputError, IncompleteDownloadError
from pipelines.market.settings import Settings
from pipelines.market.stages.rules import Interval, Symbols

if TYPE_CHECKING:
    from databento import Historical

    from pipelines.market.api.retries import Retries

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Download:
    """A whole download. `records` is their number; `unresolved` says why by symbol.

    `covered` is the time [start, end) in ns of which the answer says that it has all records.

    Iterating `store` reads the records from the file again.
    """

    store: Any
    records: int
    symbols: Symbols
    unresolved: Mapping[str, str]
    covered: tuple[int, int]


class DatabentoAdapter:
    """Fetches chunks. `downloads` counts the streams that were asked for, repeated ones included.

    The client is imported when the service is asked for the first time: that takes longer than a run that finds all its
    chunks loaded.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.work_dir
        self.downloads = 0
        _LOG.info("DatabentoAdapter initialized successfully")

    @cached_property
    def _client(self) -> Historical:
        """Return the official client. Raises BadInputError for a setting that it refuses."""
        from databento import Historical, HistoricalGateway  # noqa: PLC0415 - see the class

        try:
            return Historical(self._settings.api_key, gateway=self._settings.gateway or HistoricalGateway.BO1)
        except ValueError as error:
            raise BadInputError(
                f"The client refuses a setting: {error}.", hint="Check the key and the gateway."
            ) from None

    @cached_property
    def _retries(self) -> Retries:
        from pipelines.market.api.retries import Retries  # noqa: PLC0415 - it knows the client's errors

        return Retries(self._settings.attempts, self._settings.backoff_seconds)

    def cost_of(self, chunk: Chunk) -> tuple[float, int]:
        """Return what the service will charge for a chunk in US dollars, and its number of records."""
        metadata, options = self._client.metadata, _options(chunk)
        cost = self._retries.call(f"Cost of {chunk.identifier}", lambda: metadata.get_cost(**options))
        return float(cost), self._count(chunk)

    def range_of(self, dataset: str) -> tuple[dt.datetime, dt.datetime]:
        """Return the time [start, end), UTC, that the service has data of. Raises PipelineError."""
        found = self._retries.call(
            f"Range of {dataset}", lambda: self._client.metadata.get_dataset_range(dataset=dataset)
        )
        return _time(found["start"]), _time(found["end"])

    @contextmanager
    def fetch(self, chunk: Chunk) -> Iterator[Download]:
        """Download a chunk into a file, which is removed at the end. Raises PipelineError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / f"{_file_name(chunk)}.part"
        try:
            yield self._retries.call(f"Download of {chunk.identifier}", lambda: self._download(chunk, file))
        finally:
            file.unlink(missing_ok=True)

    def _count(self, chunk: Chunk) -> int:
        metadata, options = self._client.metadata, _options(chunk)
        return int(self._retries.call(f"Count of {chunk.identifier}", lambda: metadata.get_record_count(**options)))

    def _download(self, chunk: Chunk, file: Path) -> Download:
        """Download once. The count is asked anew for each attempt: late data may arrive between two."""
        announced = int(self._client.metadata.get_record_count(**_options(chunk)))
        file.unlink(missing_ok=True)
        self.downloads += 1
        with warnings.catch_warnings():
            # The client warns of a file that it takes for cut; the guards below decide.
            warnings.simplefilter("ignore")
            try:
                store = self._client.timeseries.get_range(**_options(chunk), path=file)
                require_whole_frames(file)
                seen = sum(1 for _ in store)
            except (ValueError, DBNError) as error:
                # So the client reports an empty body, and what is not DBN.
                raise IncompleteDownloadError(f"the download cannot be read: {error}") from error
        require_count(seen, announced)
        _require_schema(store, chunk)
        _LOG.info("Fetched %d records from Databento API (%s)", seen, chunk.identifier)
        return Download(store, seen, _symbols(store), _unresolved(store), _covered(store, chunk))


def _options(chunk: Chunk) -> dict[str, Any]:
    return {
        "dataset": chunk.dataset,
        "schema": chunk.schema,
        "symbols": list(chunk.symbols),
        "stype_in": chunk.stype_in,
        "start": chunk.start.isoformat(),
        "end": chunk.end.isoformat(),
    }


def _require_schema(store: Any, chunk: Chunk) -> None:
    if str(store.dataset) != chunk.dataset or str(store.schema) != chunk.schema:
        raise IncompleteDownloadError(f"{chunk.identifier} was asked for, {store.dataset}/{store.schema} came")


def _covered(store: Any, chunk: Chunk) -> tuple[int, int]:
    """Return the part of the chunk's time that the metadata of an answer is for, empty where there is none."""
    first, end = chunk.window_ns
    start = min(max(first, store.metadata.start), end)
    return start, max(start, end if store.metadata.end is None else min(end, store.metadata.end))


def _symbols(store: Any) -> Symbols:
    """Return the symbols of a response, which maps those that were asked for to ids by days, the end excluded."""
    intervals: dict[int, list[Interval]] = {}
    for symbol, entries in store.mappings.items():
        for entry in entries:
            if entry["symbol"]:
                interval = Interval(entry["start_date"].toordinal(), entry["end_date"].toordinal(), symbol)
                intervals.setdefault(int(entry["symbol"]), []).append(interval)
    for found in intervals.values():
        found.sort(key=lambda interval: (interval.first, interval.symbol))
    return Symbols(intervals)


def _unresolved(store: Any) -> dict[str, str]:
    symbology = store.symbology
    found = {str(symbol): "the service does not know the symbol" for symbol in symbology["not_found"]}
    found |= {str(symbol): "the service knows the symbol on some days only" for symbol in symbology["partial"]}
    return found


def _file_name(chunk: Chunk) -> str:
    return "".join(letter if letter.isalnum() or letter in "-." else "_" for letter in chunk.identifier)


def _time(text: str) -> dt.datetime:
    time = dt.datetime.fromisoformat(text[:26].rstrip("Z"))
    return time if time.tzinfo else time.replace(tzinfo=dt.UTC)
