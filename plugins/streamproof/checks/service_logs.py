"""Logs of services: what is in them that somebody may have to look at, and the table that the checks read it from.

Every service writes in a form of its own (log4j, ClickHouse, Python, librdkafka), and one log may hold several of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from streamproof.warehouse.base import Warehouse

TABLE = "service_log_lines"
COLUMNS = ("service", "level", "logged_at", "line_number", "text")
# A row of this level says that a log was read; its text is the number of lines.
READ = "READ"
# What is kept: a service in trouble may say the same a million times, and a stack trace has no end.
MOST_LINES = 1_000
LONGEST_TEXT = 2_000

_LEVELS = {
    "WARN": "WARN", "WARNING": "WARN", "ERROR": "ERROR", "FATAL": "FATAL", "CRITICAL": "FATAL",
    # librdkafka writes the level of syslog.
    "0": "FATAL", "1": "FATAL", "2": "FATAL", "3": "ERROR", "4": "WARN",
}  # fmt: skip
_HEADS = (
    # log4j and Python: 2026-11-22T06:28:29,865Z WARN  [..., [2026-11-22 06:28:29,865] ERROR ...
    re.compile(r"\[?(?P<at>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,]\d{3})(?P<zone>Z?)\]?\s+(?P<level>[A-Z]+)\b", re.ASCII),
    # ClickHouse: 2026.11.22 06:28:27.541482 [ 429 ] {query} <Warning> Context: ...
    re.compile(r"(?P<at>\d{4}\.\d\d\.\d\d \d\d:\d\d:\d\d\.\d{3})\d* \[ \d+ \] \{[^}]*\} <(?P<level>\w+)>", re.ASCII),
    # librdkafka: %4|1795328935.102|GETPID|client| [thrd:main]: ...
    re.compile(r"%(?P<level>\d)\|(?P<unix>\d{1,11}\.\d{3})\|", re.ASCII),
    # The supervisor, which has no levels: 2026-11-22T06:28:27.300Z ready
    re.compile(r"(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})(?P<zone>Z) (?P<level>)", re.ASCII),
)
# Words that end a program and come without a head of their own.
_LAST_WORDS = re.compile(
    r"Traceback \(most recent call last\):|Fatal Python error|Exception in thread |java\.lang\.\w*Error"
    r"|# A fatal error has been detected|terminate called after "
)
_SECRETS = (
    re.compile(r"(--?password\s+)\S+"),
    re.compile(r"(://[^/\s:@]+:)[^/\s@]+(?=@)"),
    re.compile(r"(?i)(\bauthorization['\"]?\s*[:=]\s*['\"]?(?:basic|bearer)\s+)[^\s'\",;]+"),
    re.compile(r"(?i)([\w.-]*(?:password|passwd|secret|token|api[_-]?key|clickhouse-key)['\"]?\s*[:=]\s*['\"]?)[^\s'\",;&]+"),
)  # fmt: skip


@dataclass(slots=True)
class LogLine:
    """One line of level WARN, ERROR or FATAL and what follows it without a head.

    `number` is its position in the log, from 1; `at` its time in UTC, None where it has none that says its zone.
    """

    level: str
    number: int
    text: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ServiceLog:
    """What was read of a log: the number of its lines, and the first `MOST_LINES` of each level that is kept."""

    service: str
    line_count: int
    lines: tuple[LogLine, ...] = field(default=())


def masked(text: str) -> str:
    """Return a text with `***` in place of passwords, tokens and keys."""
    for secret in _SECRETS:
        text = secret.sub(r"\g<1>***", text)
    return text


def read_log(service: str, lines: Iterable[str]) -> ServiceLog:
    """Read the log of a service. Lines that no known form fits belong to the one before them."""
    kept: list[LogLine] = []
    kept_by_level: Counter[str] = Counter()
    open_line: LogLine | None = None
    under_head = False
    count = 0
    for count, raw in enumerate(lines, start=1):
        text = raw.rstrip()
        found, has_head = _parsed(text, count, under_head=under_head)
        if has_head or found:
            open_line, under_head = found, has_head
            if found and kept_by_level[found.level] < MOST_LINES:
                kept_by_level[found.level] += 1
                kept.append(found)
        elif open_line and len(open_line.text) < LONGEST_TEXT:
            open_line.text += f"\n{text}"
    for line in kept:
        line.text = masked(line.text)[:LONGEST_TEXT]
    return ServiceLog(service, count, tuple(kept))


def _parsed(text: str, number: int, *, under_head: bool) -> tuple[LogLine | None, bool]:
    """Return the line if it is one to keep, and whether it has a head."""
    for head in _HEADS:
        if match := head.match(text):
            parts = match.groupdict()
            level = _LEVELS.get(parts["level"].upper())
            return (LogLine(level, number, text, _moment(parts)) if level else None), True
    # Below a head a traceback tells more of what the head has said.
    if not under_head and _LAST_WORDS.match(text):
        return LogLine("ERROR", number, text), False
    return None, False


def _moment(parts: dict[str, str | None]) -> datetime | None:
    if unix := parts.get("unix"):
        return datetime.fromtimestamp(float(unix), UTC)
    if "zone" in parts and not parts["zone"]:
        return None
    at = parts["at"] or ""
    day, time = at[:10].replace(".", "-"), at[11:].replace(",", ".")
    try:
        return datetime.fromisoformat(f"{day}T{time}+00:00")
    except ValueError:
        # It looks like a time and is none; the line counts all the same.
        return None


def read_logs(folder: Path) -> tuple[ServiceLog, ...]:
    """Read every `<service>.log` of a folder, by name; none when there is no such folder. Raises OSError."""
    return tuple(_read_file(path) for path in sorted(folder.glob("*.log")))


def _read_file(path: Path) -> ServiceLog:
    with path.open(encoding="utf-8", errors="backslashreplace") as lines:
        return read_log(path.stem, lines)


def write_log_lines(warehouse: Warehouse, logs: Sequence[ServiceLog]) -> int:
    """Keep what was read in the run's database and return the number of rows.

    A second time it changes nothing, and adds what has been said since.
    Raises WarehouseError.
    """
    found = (row for log in logs for row in _rows(log))
    return warehouse.insert(TABLE, COLUMNS, found, what="The services' logs could not be kept")


def _rows(log: ServiceLog) -> Iterator[tuple[object, ...]]:
    yield log.service, READ, None, 0, str(log.line_count)
    for line in log.lines:
        yield (
            log.service,
            line.level,
            f"{line.at:%Y-%m-%d %H:%M:%S.%f}"[:-3] if line.at else None,
            line.number,
            line.text,
        )
