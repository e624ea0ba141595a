"""What the service itself charges for the files of a set, asked by its own client."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from packs.market.source.jobs import JOB, job_text

# The run with --force fetches again what the first one has fetched.
FETCHES = 2


def service_cost(files: Mapping[str, Path], url: str, key: str) -> tuple[float, str]:
    """Return what a run that fetches these files costs in US dollars, and a sentence that says it.

    Raises ValueError when the service refuses the question, and OSError when it does not answer.
    """
    # Only a run on the service itself needs the client, which takes a second to import.
    import databento  # noqa: PLC0415
    from databento.common.error import BentoError  # noqa: PLC0415

    client = databento.Historical(key, gateway=url)
    dollars, records = 0.0, 0
    try:
        for asked in _questions(files):
            dollars += float(client.metadata.get_cost(**asked))
            records += int(client.metadata.get_record_count(**asked))
    except BentoError as error:
        raise ValueError(" ".join(str(error).split())) from None
    # Whole cents, rounded up: what is shown is what the limit is compared with.
    amount = math.ceil(dollars * FETCHES * 100) / 100
    return amount, f"It charges {amount:.2f} US dollars: {records} records, which are fetched {FETCHES} times."


def _questions(files: Mapping[str, Path]) -> Iterator[dict[str, Any]]:
    """Yield the arguments of the client for all that the job of these files asks for."""
    requests: Iterable[Mapping[str, Any]] = yaml.safe_load(job_text(files))["jobs"][JOB]["requests"]
    for request in requests:
        end: date = request["end_date"] + timedelta(days=1)
        for schema in request["schemas"]:
            yield {
                "dataset": request["dataset"],
                "schema": schema,
                "symbols": request["symbols"],
                "stype_in": request["symbol_type"],
                "start": request["start_date"].isoformat(),
                "end": end.isoformat(),
            }
