"""The files of a run's folder, as the page serves them: nothing outside of it, and no script with the user's rights."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

# A report may run its own script, in an origin of its own: it can neither read cookies nor call Airflow.
SANDBOX = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
)
HEADERS = {
    "Content-Security-Policy": SANDBOX,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
}
_TEXT = "text/plain; charset=utf-8"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".md": _TEXT,
    ".log": _TEXT,
    ".txt": _TEXT,
    ".sql": _TEXT,
    ".xml": _TEXT,
    ".jsonl": _TEXT,
    ".csv": _TEXT,
}
DOWNLOADED = "application/octet-stream"
_STACK, _LOGS, _MAIL = "stack", "logs", "mail"


def file_of_run(root: Path, path: str) -> Path | None:
    """Return a file in a run's folder by its path below it, None when there is none that may be served.

    Links are not followed, wherever they lead. Of the services' own folder only the logs are served: it may hold keys.
    The folder of the mail is not served: it holds the addresses of people.
    """
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or "\x00" in path or ".." in parts:
        return None
    if parts[0] == _MAIL or (parts[0] == _STACK and parts[1:2] != (_LOGS,)):
        return None
    found = root
    try:
        for part in parts:
            found /= part
            if found.is_symlink():
                return None
        return found if found.is_file() else None
    except OSError:  # a name that is too long
        return None


def is_log(path: str) -> bool:
    """Return whether a path below a run's folder is that of a log, of a stage or of a service."""
    parts = PurePosixPath(path).parts
    return _STACK in parts[:1] or _LOGS in parts[:-1] or PurePosixPath(path).suffix.lower() == ".log"


def media_type(path: Path) -> str:
    """Return the media type of a file. What a browser cannot show is downloaded."""
    return _TYPES.get(path.suffix, DOWNLOADED)
