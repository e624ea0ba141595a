"""The one hierarchy of errors. Each says what happened, what to do next, and which exit code it means."""

from __future__ import annotations

EXIT_PASSED = 0
EXIT_CHECK_FAILED = 1
EXIT_USAGE = 2
EXIT_NOT_JUDGED = 3


class StreamproofError(Exception):
    """Something that a user can act on.

    `message` says what happened in one sentence; `hint` says what to do next. Neither ever holds a secret.
    """

    exit_code = EXIT_NOT_JUDGED

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(StreamproofError):
    """Bad arguments, window, pack or suite name: found before anything is started."""

    exit_code = EXIT_USAGE


class FixtureError(UsageError):
    """A manifest or fixture file that is missing, broken, truncated or not what its checksum says."""


class SqlSourceError(UsageError):
    """An assertion or query file that does not follow the block format; the message names file and line."""


class StackError(StreamproofError):
    """A service that does not start, died, or cannot be reached."""


class WarehouseError(StackError):
    """ClickHouse refused a statement or does not answer."""


class WaitTimeoutError(StackError):
    """A condition did not come true in time; the message says what was still missing."""
