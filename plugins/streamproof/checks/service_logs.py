"""Parse the warnings and errors in the logs of services, and write them to the table that the checks read.

Each service has its own log format (log4j, ClickHouse, Python, librdkafka). One log may contain several formats.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from streamproof.warehouse.base import Warehouse

TABLE = "service_log_lines"
COLUMNS = ("service", "level", "logged_at", "line_number", "text")
# Level of the one row per log that records that the log was read. Its text is the number of lines.
READ = "READ"
# Level of a line that the pack asks for. Its text shows the level that the service gave it.
KEPT = "KEPT"
# Limits: a failing service may repeat a line a million times, and a stack trace may be very long.
MOST_LINES = 1_000
MOST_KEPT = 100_000
LONGEST_TEXT = 2_000

_LEVELS = {
    "WARN": "WARN", "WARNING": "WARN", "ERROR": "ERROR", "FATAL": "FATAL", "CRITICAL": "FATAL", "PANIC": "FATAL",
    # librdkafka writes syslog levels.
    "0": "FATAL", "1": "FATAL", "2": "FATAL", "3": "ERROR", "4": "WARN",
}  # fmt: skip
_HEADERS = (
    # PostgreSQL: 2026-11-22 06:28:27.541 UTC [429] ERROR:  ..., and on stack compose [429] (client backend) ERROR:  ...
    re.compile(
        r"(?P<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) (?P<zone>UTC) \[\d+\] (?:\(.*?\) )?(?P<level>[A-Z]+\d?):",
        re.ASCII,
    ),
    # log4j and Python: 2026-11-22T06:28:29,865Z WARN  [..., [2026-11-22 06:28:29,865] ERROR ...
    re.compile(r"\[?(?P<at>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,]\d{3})(?P<zone>Z?)\]?\s+(?P<level>[A-Z]+)\b", re.ASCII),
    # ClickHouse: 2026.11.22 06:28:27.541482 [ 429 ] {query} <Warning> Context: ...
    re.compile(r"(?P<at>\d{4}\.\d\d\.\d\d \d\d:\d\d:\d\d\.\d{3})\d* \[ \d+ \] \{[^}]*\} <(?P<level>\w+)>", re.ASCII),
    # librdkafka: %4|1795328935.102|GETPID|client| [thrd:main]: ...
    re.compile(r"%(?P<level>\d)\|(?P<unix>\d{1,11}\.\d{3})\|", re.ASCII),
    # The supervisor, which writes no levels: 2026-11-22T06:28:27.300Z ready
    re.compile(r"(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})(?P<zone>Z) (?P<level>)", re.ASCII),
)
# Messages of a crashing program. They have no timestamp or level of their own.
_CRASH_MESSAGES = re.compile(
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
    """One entry of level WARN, ERROR, FATAL or KEPT: its first line, and the following lines that have no header.

    `number` is the position of the first line in the log, from 1. `at` is its time in UTC, None when the line has no
    time or no time zone.
    """

    level: str
    number: int
    text: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ServiceLog:
    """The content of a log: the number of its lines, and the first entries of each stored level.

    There are at most `MOST_LINES` of a level, and `MOST_KEPT` of level KEPT.
    """

    service: str
    line_count: int
    lines: tuple[LogLine, ...] = field(default=())


def masked(text: str) -> str:
    """Return a text with `***` in place of passwords, tokens and keys."""
    for secret in _SECRETS:
        text = secret.sub(r"\g<1>***", text)
    return text


def read_log(service: str, lines: Iterable[str], kept: Sequence[str] = ()) -> ServiceLog:
    """Read the log of a service. A line in no known format belongs to the entry before it.

    `kept` are regular expressions of lines that are stored whatever their level.
    """
    patterns = [re.compile(expression) for expression in kept]
    stored: list[LogLine] = []
    stored_by_level: Counter[str] = Counter()
    current: LogLine | None = None
    after_header = False
    count = 0
    for count, raw in enumerate(lines, start=1):
        # Not every warehouse can store a NUL in a text.
        text = raw.rstrip().replace("\0", "\\0")
        found, has_header = _parsed(text, count, after_header=after_header)
        if found is None and any(pattern.search(text) for pattern in patterns):
            found = LogLine(KEPT, count, text, _time_of(text))
        if has_header or found:
            current, after_header = found, has_header
            if found and stored_by_level[found.level] < (MOST_KEPT if found.level == KEPT else MOST_LINES):
                stored_by_level[found.level] += 1
                stored.append(found)
        elif current and len(current.text) < LONGEST_TEXT:
            current.text += f"\n{text}"
    for line in stored:
        line.text = masked(line.text)[:LONGEST_TEXT]
    return ServiceLog(service, count, tuple(stored))


def _parsed(text: str, number: int, *, after_header: bool) -> tuple[LogLine | None, bool]:
    """Return the entry that a line starts, None if its level is not stored, and whether the line has a header."""
    if parts := _header(text):
        level = _LEVELS.get(parts["level"].upper())
        return (LogLine(level, number, text, _moment(parts)) if level else None), True
    # A traceback after a header belongs to the entry of that header.
    if not after_header and _CRASH_MESSAGES.match(text):
        return LogLine("ERROR", number, text), False
    return None, False


def _header(text: str) -> dict[str, str]:
    """Return the parts of the header of a line, {} without one."""
    matches = (pattern.match(text) for pattern in _HEADERS)
    return next((match.groupdict() for match in matches if match), {})


def _time_of(text: str) -> datetime | None:
    parts = _header(text)
    return _moment(parts) if parts else None


def _moment(parts: Mapping[str, str]) -> datetime | None:
    if unix := parts.get("unix"):
        return datetime.fromtimestamp(float(unix), UTC)
    if "zone" in parts and not parts["zone"]:
        return None
    at = parts["at"]
    day, time = at[:10].replace(".", "-"), at[11:].replace(",", ".")
    try:
        return datetime.fromisoformat(f"{day}T{time}+00:00")
    except ValueError:
        # It looks like a time but is not valid. The line is stored without a time.
        return None


def read_logs(folder: Path, kept: Mapping[str, Sequence[str]] | None = None) -> tuple[ServiceLog, ...]:
    """Read every `<service>.log` of a folder in the order of names; () without the folder. Raises OSError.

    `kept` holds, by service, regular expressions of lines that are stored whatever their level.
    """
    return tuple(_read_file(path, (kept or {}).get(path.stem, ())) for path in sorted(folder.glob("*.log")))


def _read_file(path: Path, kept: Sequence[str]) -> ServiceLog:
    with path.open(encoding="utf-8", errors="backslashreplace") as lines:
        return read_log(path.stem, lines, kept)


def write_log_lines(warehouse: Warehouse, logs: Sequence[ServiceLog]) -> int:
    """Write the entries of the logs to the run's database and return the number of rows.

    A second call writes the same rows again, which the table replaces, and adds new entries. Raises WarehouseError.
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
