"""The errors of the processor. User-facing errors have a hint; a FieldError concerns one record only."""

from __future__ import annotations


class ProcessorError(Exception):
    """The job cannot continue. `hint` says what to do next. Neither text contains a secret."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class SettingsError(ProcessorError):
    """An environment variable that is missing or has an invalid value."""

    exit_code = 2


class SinkError(ProcessorError):
    """ClickHouse or a reject topic refused a write. The job fails; the cause is not a record."""


class SourceError(ProcessorError):
    """Kafka does not deliver the input, or refuses the offsets."""


class FieldError(ValueError):
    """A payload value that the warehouse column cannot hold: the record goes to the dead letters."""
