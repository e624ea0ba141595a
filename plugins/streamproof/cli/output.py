"""Where the CLI writes: one JSON document on stdout with --json, else text there; progress and errors on stderr."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def emit_json(document: Mapping[str, Any] | list[Any]) -> None:
    """Print the one JSON document of a command on stdout."""
    import orjson

    text = orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS, default=str)
    sys.stdout.write(text.decode() + "\n")
    sys.stdout.flush()


@cache
def _console(stream: str) -> Console:
    from rich.console import Console

    # Colours and widths are rich's to find out; names and paths are never re-coloured or broken.
    return Console(stderr=stream == "stderr", highlight=False, soft_wrap=True)


def progress_console() -> Console:
    """Return the console on stderr: progress, notices, errors."""
    return _console("stderr")


def result_console(*, json: bool) -> Console:
    """Return the console for results in words: stdout, or stderr when stdout belongs to the JSON document."""
    return _console("stderr" if json else "stdout")
