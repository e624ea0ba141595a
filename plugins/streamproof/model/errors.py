"""The errors of streamproof. Each has a message, a hint that says what to do next, and an exit code."""

from __future__ import annotations

EXIT_PASSED = 0
EXIT_CHECK_FAILED = 1
EXIT_USAGE = 2
EXIT_NOT_JUDGED = 3


class StreamproofError(Exception):
    """An error that a user can act on.

    `message` says what happened in one sentence; `hint` says what to do next. Neither contains a secret.
    """

    exit_code = EXIT_NOT_JUDGED

    def __init__(self, message: str, *, hint: str) -> None:
        # A message may end with a library's text, which has its own full stop.
        if message.endswith("..") and not message.endswith("..."):
            message = message[:-1]
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(StreamproofError):
    """Wrong arguments, window, pack or suite name, found before anything is started."""

    exit_code = EXIT_USAGE


class FixtureError(UsageError):
    """A manifest or fixture file that is missing, broken or truncated, or does not match its checksum."""


class SqlSourceError(UsageError):
    """An assertion or query file that does not follow the block format; the message names file and line."""


class StackError(StreamproofError):
    """A service that does not start, died, or cannot be reached."""


class WarehouseError(StackError):
    """The warehouse refused a statement or does not answer."""


class FlinkError(StackError):
    """Flink's REST interface cannot be reached, refused a request, or reports that a job has failed."""


class WaitTimeoutError(StackError):
    """A condition did not hold in time; the message says what was still missing."""
