"""Which chunks of a job the service has data of. The others are left out, with a warning that names their time."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from pipelines.market.chunks import Chunk, Span, divided, spans_of
from pipelines.market.errors import BadInputError

if TYPE_CHECKING:
    from pipelines.market.api.adapter import DatabentoAdapter

_LOG = logging.getLogger(__name__)


def available(adapter: DatabentoAdapter, chunks: Iterable[Chunk], *, nothing_is_wrong: bool) -> list[Chunk]:
    """Return the chunks of whose time the service has any data, and warn of the others.

    Raises BadInputError when it has data of none of them, unless `nothing_is_wrong` with that; PipelineError.
    """
    chunks = list(chunks)
    ranges = {dataset: adapter.range_of(dataset) for dataset in dict.fromkeys(chunk.dataset for chunk in chunks)}
    there, absent = divided(chunks, ranges)
    said = list(_absences(absent, ranges))
    if absent and not there and not nothing_is_wrong:
        raise BadInputError(" ".join(said), hint="Correct the days of the job.")
    for sentence in said:
        _LOG.warning("%s Chunks of that time are left out; a later run fetches them.", sentence)
    return there


def _absences(absent: Iterable[Chunk], ranges: Mapping[str, Span]) -> Iterator[str]:
    """Yield for each data set a sentence that says of which time it has nothing, and of which it has data."""
    spans: dict[str, dict[str, None]] = {}
    for span in spans_of(absent):
        spans.setdefault(span.dataset, {})[f"from {_moment(span.start)} to {_moment(span.end)}"] = None
    for dataset, named in spans.items():
        first, end = ranges[dataset]
        yield f"{dataset} has no data {' and '.join(named)}. Its data is from {_moment(first)} to {_moment(end)}."


def _moment(time: dt.datetime) -> str:
    return f"{time:%Y-%m-%d}" if time.time() == dt.time() else f"{time:%Y-%m-%d %H:%M}"
