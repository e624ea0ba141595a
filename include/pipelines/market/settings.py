"""The settings of the program, from environment variables.

`DATABENTO_API_KEY` is the key, `DATABENTO_GATEWAY` the address of another gateway than the service's own, and
`REQUESTS_CA_BUNDLE` the certificate authorities that its TLS is trusted by (the client's HTTP library reads it). The
database is named by the variables of libpq: PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD, PGSSLMODE.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.market.errors import BadInputError


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings. `gateway`: None for the service itself. `attempts`: how often a request is tried in all.

    `backoff_seconds` is the wait before the second attempt; it doubles from one attempt to the next. `work_dir` holds a
    download while it is read, `quarantine_dir` the files of quarantined records.
    """

    api_key: str = field(repr=False)
    gateway: str | None
    work_dir: Path
    quarantine_dir: Path
    attempts: int
    backoff_seconds: float


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Read the settings. Raises BadInputError for a value that is missing or cannot be used."""
    key = environment.get("DATABENTO_API_KEY", "").strip()
    if not key:
        raise BadInputError("There is no API key.", hint="Set DATABENTO_API_KEY to the key of your account.")
    return Settings(
        api_key=key,
        gateway=environment.get("DATABENTO_GATEWAY", "").strip() or None,
        work_dir=Path(environment.get("MARKET_WORK_DIR", "").strip() or "downloads"),
        quarantine_dir=Path(environment.get("MARKET_QUARANTINE_DIR", "").strip() or "dlq"),
        attempts=int(_number(environment, "MARKET_ATTEMPTS", "5", whole=True)),
        backoff_seconds=_number(environment, "MARKET_BACKOFF_SECONDS", "0.5", whole=False),
    )


def _number(environment: Mapping[str, str], name: str, default: str, *, whole: bool) -> float:
    text = environment.get(name, "").strip() or default
    digits = text if whole else text.replace(".", "", 1)
    if not (digits.isascii() and digits.isdigit() and 0 < float(text) <= 1000):
        raise BadInputError(
            f"{name} is {text[:40]!r}.",
            hint=f"Give a {'whole ' if whole else ''}number above 0 and at most 1000; unset means {default}.",
        )
    return float(text)
