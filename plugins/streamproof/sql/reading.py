"""Read SQL files."""

from __future__ import annotations

from pathlib import Path

from streamproof.model.errors import SqlSourceError


def read_sql(path: Path, *, shown_as: str = "") -> str:
    """Return a file's text without a byte order mark, with line feeds as line ends.

    `shown_as` names the file in errors. Raises SqlSourceError when it cannot be read, is not UTF-8, or holds a NUL.
    """
    source = shown_as or str(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SqlSourceError(f"{source} cannot be read: {error.strerror}.", hint="Give a UTF-8 text file.") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SqlSourceError(
            f"{source}:{line}: byte {error.object[error.start]:#04x} is no UTF-8.", hint="Save the file as UTF-8."
        ) from None
    if "\0" in text:
        raise SqlSourceError(f"{source} holds a NUL character; is it UTF-16?", hint="Save the file as UTF-8.")
    return text


def shown_path(file: Path, home: Path | None) -> str:
    """Return a file's path for messages: relative to `home` if the file is inside it."""
    return str(file.relative_to(home)) if home and file.is_relative_to(home) else str(file)
