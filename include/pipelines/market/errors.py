"""The errors of the pipeline. Each has a hint that says what to do, and the exit code of the program."""

from __future__ import annotations


class PipelineError(Exception):
    """The job could not be finished. Chunks that were loaded before stay; the next run continues after them."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class BadInputError(PipelineError):
    """The job, an option, a setting or the key is wrong. Nothing was loaded because of it."""

    exit_code = 2


class IncompleteDownloadError(Exception):
    """A download that ended without an error is not whole. It is repeated, as after a broken connection."""
