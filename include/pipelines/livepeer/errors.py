"""What can go wrong in the processor. The user-facing errors carry a hint; a FieldError concerns one record only."""

from __future__ import annotations


class ProcessorError(Exception):
    """The job cannot go on. `hint` says what to do next; neither text ever holds a secret."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class SettingsError(ProcessorError):
    """A setting of the environment that is missing or not what it must be."""

    exit_code = 2


class SinkError(ProcessorError):
    """ClickHouse or a reject topic did not take what the job wrote: the job fails, no record is to blame."""


class SourceError(ProcessorError):
    """Kafka does not hand out the input, or does not take the offsets."""


class FieldError(ValueError):
    """A payload value that the warehouse column cannot hold: the record goes to the dead letters."""
