"""The output of the CLI: results as text, or as one JSON document, on stdout; progress and errors on stderr."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

# The width for a file or a pipe, which has none itself. In 80 columns, tables would lose many of their columns.
WIDTH_OF_A_FILE = 180


def emit_json(document: Mapping[str, Any] | list[Any]) -> None:
    """Print the JSON document of a command on stdout, always as UTF-8."""
    from streamproof.model.formats.json_text import to_json

    sys.stdout.flush()
    sys.stdout.buffer.write(to_json(document) + b"\n")
    sys.stdout.flush()


def survive_any_console() -> None:
    """Make both streams print unsupported characters as escapes, so that printing never fails."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@cache
def _console(stream: str) -> Console:
    from rich.console import Console

    # rich detects colours and width. It must not highlight or wrap names and paths.
    # CI systems keep what a terminal redraws as line after line, also those that give their jobs a terminal.
    plain = os.environ.get("CI", "").lower() not in ("", "0", "false")
    console = Console(
        stderr=stream == "stderr", highlight=False, soft_wrap=True, force_interactive=False if plain else None
    )
    if not console.is_terminal:
        console.width = max(console.width, WIDTH_OF_A_FILE)
    return console


def progress_console() -> Console:
    """Return the console on stderr: progress, notices, errors."""
    return _console("stderr")


def result_console(*, json: bool) -> Console:
    """Return the console for results as text: stdout, or stderr when stdout is used for the JSON document."""
    return _console("stderr" if json else "stdout")
