"""Find the secrets among a program's arguments and a job's configuration, so that no message repeats them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

_SECRET = re.compile(r"password|passwd|secret|token|api[-_.]?key|credential|jaas", re.IGNORECASE)
HIDDEN = "***"


def secret_values(arguments: Sequence[str], configuration: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Return the values of `--password VALUE`, `--password=VALUE` and the like, longest first."""
    found = {*_of_arguments(arguments), *(value for key, value in (configuration or {}).items() if _SECRET.search(key))}
    return tuple(sorted((value for value in found if value), key=len, reverse=True))


def without(secrets: Iterable[str], text: str) -> str:
    """Return a text without these values."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return text


def hidden(arguments: Sequence[str]) -> list[str]:
    """Return arguments to be shown: the values of secrets are replaced."""
    secrets = secret_values(arguments)
    return [without(secrets, argument) for argument in arguments]


def _of_arguments(arguments: Sequence[str]) -> Iterator[str]:
    for position, argument in enumerate(arguments):
        key, sign, value = argument.partition("=")
        if not _SECRET.search(key):
            continue
        if sign:
            yield value
        elif argument.startswith("-") and position + 1 < len(arguments):
            yield arguments[position + 1]
