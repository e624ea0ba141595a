"""Report the failures of the CLI: a message, a hint and an exit code, never a traceback."""

from __future__ import annotations

import errno
import os
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from streamproof.cli.output import emit_json, survive_any_console
from streamproof.model.errors import EXIT_NOT_JUDGED, EXIT_USAGE, StreamproofError

EXIT_INTERRUPTED = 130
_NO_ACCESS = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG)


class StreamproofGroup(TyperGroup):
    """A command group that reports every failure in the same way, usage errors of the CLI library included."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line and exit with its exit code."""
        survive_any_console()
        given = list(sys.argv[1:] if args is None else args)
        as_json = "--json" in given
        passed_on = {"complete_var": complete_var, "windows_expand_args": windows_expand_args, **extra}
        with _sigterm_is_ctrl_c():
            code = self._run(given, as_json, {"prog_name": prog_name or "streamproof", **passed_on})
        sys.stdout.flush()
        if not standalone_mode:
            return code
        sys.exit(code)

    def _run(self, args: list[str], as_json: bool, extra: dict[str, Any]) -> int:
        try:
            code = super().main(args, standalone_mode=False, **extra) or 0
        except StreamproofError as error:
            return report_failure(error.message, error.hint, error.exit_code, as_json=as_json)
        except typer.TyperException as error:
            return report_failure(_sentence(error), _usage_hint(error), EXIT_USAGE, as_json=as_json)
        except typer.Abort:
            code = EXIT_INTERRUPTED
        except BrokenPipeError:
            # The reader of the output (head, less) has ended. Flushing at exit must not fail for the same reason.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return EXIT_NOT_JUDGED
        except Exception as error:  # noqa: BLE001 - a user must never see a traceback
            return _report_defect(error, as_json=as_json)
        if code == EXIT_INTERRUPTED:
            return report_failure("Interrupted.", "What was started has been stopped.", code, as_json=as_json)
        return int(code)


@contextmanager
def _sigterm_is_ctrl_c() -> Iterator[None]:
    """End a command on SIGTERM as on Ctrl-C: what it has begun to write or has started does not stay.

    A handler of somebody else stays in place. Signals reach only the main thread.
    """
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def report_failure(message: str, hint: str, exit_code: int, *, as_json: bool) -> int:
    """Write message and hint to stderr, with `as_json` also as the JSON document; return the exit code."""
    if as_json:
        emit_json({"error": message, "hint": hint, "exit_code": exit_code})
    sys.stderr.write(f"Error: {message}\nHint: {hint}\n")
    return exit_code


def _report_defect(error: Exception, *, as_json: bool) -> int:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return report_failure(
            f"The disk is full{f': {error.filename} could not be written' if error.filename else ''}.",
            "What was started has been stopped. Free space, or name a folder on another disk in STREAMPROOF_ARTIFACTS.",
            EXIT_NOT_JUDGED,
            as_json=as_json,
        )
    if isinstance(error, OSError) and error.filename is not None and error.errno in _NO_ACCESS:
        return report_failure(
            f"{error.filename} cannot be used: {error.strerror}.",
            "Make it readable and writable, or copy the run's folder to a place where it is.",
            EXIT_NOT_JUDGED,
            as_json=as_json,
        )
    path = _keep_traceback()
    return report_failure(
        f"Unexpected {type(error).__name__}: {' '.join(str(error).split())[:300] or 'no message'}",
        f"This is a defect of streamproof; its traceback is in {path}.",
        EXIT_NOT_JUDGED,
        as_json=as_json,
    )


def _keep_traceback() -> Path:
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    handle, name = tempfile.mkstemp(prefix=f"streamproof-{stamp}-", suffix=".log")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(traceback.format_exc())
    return Path(name)


def _sentence(error: typer.TyperException) -> str:
    text = " ".join(error.format_message().split())
    return text if text.endswith((".", "?")) else f"{text}."


def _usage_hint(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "streamproof"
    return f"See `{command} --help`."
