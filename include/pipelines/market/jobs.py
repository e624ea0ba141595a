"""Job files: YAML that names jobs, each with what to fetch. A job from options has the same form."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipelines.market.errors import BadInputError

Schema = Literal["definition", "ohlcv-1d", "ohlcv-1m", "statistics", "tbbo", "trades"]
SymbolType = Literal["continuous", "instrument_id", "parent", "raw_symbol"]
CONFIGS = Path(__file__).parent / "configs"
_CONTINUOUS = re.compile(r".+\.[cnv]\.\d+")
_PARENT = re.compile(r".+\.(FUT|OPT|SPOT)")


class Request(BaseModel):
    """Symbols of one data set over some days (UTC), the last one included, in some schemas.

    `symbol_type` is how the symbols are written; unset, it follows from their form. `chunk_hours` is the length of a
    chunk, which bounds memory: 24 or a divisor of it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: str = Field(min_length=1)
    symbols: tuple[str, ...] = Field(min_length=1)
    schemas: tuple[Schema, ...] = Field(min_length=1)
    start_date: dt.date
    end_date: dt.date
    symbol_type: SymbolType | None = None
    chunk_hours: Literal[1, 2, 3, 4, 6, 8, 12, 24] = 24

    @field_validator("symbols", "schemas")
    @classmethod
    def _no_duplicates(cls, items: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(items)) != len(items) or not all(item.strip() for item in items):
            raise ValueError("one of them is blank or named twice")
        return items

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.start_date > self.end_date:
            raise ValueError(f"start_date {self.start_date} is after end_date {self.end_date}")
        if self.symbol_type is None and len({_written_as(symbol) for symbol in self.symbols}) > 1:
            raise ValueError("the symbols are written in different ways: divide the request, or name their symbol_type")
        return self

    @property
    def stype_in(self) -> SymbolType:
        """Return how the symbols are written."""
        return self.symbol_type or _written_as(self.symbols[0])

    def between(self) -> tuple[dt.datetime, dt.datetime]:
        """Return the half-open range of time, UTC."""
        return _midnight(self.start_date), _midnight(self.end_date) + dt.timedelta(days=1)


class Job(BaseModel):
    """A job: its requests are fetched one after the other. `job_type` is free text for the progress table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    requests: tuple[Request, ...] = Field(min_length=1)
    job_type: str = "ingest"


class JobFile(BaseModel):
    """A file of jobs by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    jobs: dict[str, Job]


def read_job(name: str, file: Path | None) -> Job:
    """Read a job by name: from a file, or from the files of folder `configs`. Raises BadInputError."""
    files = [file] if file else sorted(CONFIGS.glob("*.yaml"))
    known: list[str] = []
    for path in files:
        jobs = read_jobs(path)
        if name in jobs:
            return jobs[name]
        known += jobs
    raise BadInputError(
        f"There is no job '{name}' in {file or CONFIGS}.", hint=f"There are: {', '.join(sorted(known)) or 'none'}."
    )


def read_jobs(file: Path) -> dict[str, Job]:
    """Read a job file. Raises BadInputError, which names the key, for one that cannot be used."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(
            f"The job file {file} cannot be read: {error}.", hint="Name another with --config."
        ) from None
    except yaml.YAMLError as error:
        raise BadInputError(
            f"The job file {file} is no YAML: {' '.join(str(error).split())}.", hint="Correct it."
        ) from None
    try:
        return JobFile.model_validate(content).jobs
    except ValidationError as error:
        raise _refused(f"The job file {file}", error) from None


def job_of(options: Mapping[str, Any]) -> Job:
    """Make a job of one request from options by name. Raises BadInputError."""
    try:
        return Job(requests=(Request.model_validate(options),))
    except ValidationError as error:
        raise _refused("The request", error) from None


def _refused(what: str, error: ValidationError) -> BadInputError:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the whole"
    allowed = ", ".join(Request.model_fields)
    hint = f"Keys of a request: {allowed}." if first["type"] == "extra_forbidden" else "Correct it and start again."
    return BadInputError(f"{what} is wrong at {where}: {first['msg']}.", hint=hint)


def _written_as(symbol: str) -> SymbolType:
    if _CONTINUOUS.fullmatch(symbol):
        return "continuous"
    if _PARENT.fullmatch(symbol):
        return "parent"
    return "instrument_id" if symbol.isascii() and symbol.isdigit() else "raw_symbol"


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)
