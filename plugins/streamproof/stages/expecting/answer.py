"""The answer of a process of the oracle. A class of a program that runs as `__main__` could not be unpickled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from streamproof.checks.oracle_parts import Row


class Answer(NamedTuple):
    """The result of a part: numbers of stored rows by table, and the sessions.

    When it failed, `error` is the error, or `trace` the traceback of one that nobody foresaw.
    """

    numbers: Mapping[str, int]
    sessions: list[Row]
    error: tuple[str, str, str] | None = None
    trace: str = ""
