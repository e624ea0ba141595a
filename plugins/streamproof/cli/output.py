"""Where the CLI writes: one JSON document on stdout with --json, else text there; progress and errors on stderr."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

# A file or a pipe has no width; a table in 80 columns would lose half of its own.
WIDTH_OF_A_FILE = 180


def emit_json(document: Mapping[str, Any] | list[Any]) -> None:
    """Print the one JSON document of a command on stdout: UTF-8, whatever the console's encoding."""
    from streamproof.model.json_text import to_json

    sys.stdout.flush()
    sys.stdout.buffer.write(to_json(document) + b"\n")
    sys.stdout.flush()


def survive_any_console() -> None:
    """Let both streams show what their encoding lacks as an escape: what is printed must never change how it ends."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@cache
def _console(stream: str) -> Console:
    from rich.console import Console

    # Colours and widths are rich's to find out; names and paths are never re-coloured or broken.
    console = Console(stderr=stream == "stderr", highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = max(console.width, WIDTH_OF_A_FILE)
    return console


def progress_console() -> Console:
    """Return the console on stderr: progress, notices, errors."""
    return _console("stderr")


def result_console(*, json: bool) -> Console:
    """Return the console for results in words: stdout, or stderr when stdout belongs to the JSON document."""
    return _console("stderr" if json else "stdout")
