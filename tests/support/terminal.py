"""A program in a pseudo-terminal, and the screen that a person would see."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

import pyte

CTRL_C = "\x03"
# A run on a busy machine.
PATIENCE_SEC = 300.0


class Terminal:
    """Runs a command with a terminal as its input, its standard error and, unless a file is given, its output."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = 100,
        rows: int = 40,
        env: Mapping[str, str] | None = None,
        stdout: Path | None = None,
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self._master, slave = pty.openpty()
        termios.tcsetwinsize(slave, (rows, columns))
        # What a test types must not be on the screen.
        attributes = termios.tcgetattr(slave)
        attributes[3] &= ~termios.ECHO
        termios.tcsetattr(slave, termios.TCSANOW, attributes)
        environ = {name: value for name, value in os.environ.items() if name not in _OF_OUR_TERMINAL}
        output = os.open(stdout, os.O_WRONLY | os.O_CREAT) if stdout else None

        def attach() -> None:
            os.login_tty(slave)
            if output is not None:
                os.dup2(output, 1)

        self.process = subprocess.Popen(
            command,
            env={**environ, "TERM": "xterm-256color", **(env or {})},
            preexec_fn=attach,  # noqa: PLW1509 - a controlling terminal must be set in the child
            pass_fds=(slave, *([output] if output is not None else [])),
        )
        os.close(slave)
        if output is not None:
            os.close(output)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._master)

    @property
    def lines(self) -> list[str]:
        """The lines on the screen that hold anything, without spaces at their ends."""
        return [line.rstrip() for line in self.screen.display if line.strip()]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def cursor_is_shown(self) -> bool:
        return not self.screen.cursor.hidden

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Change the size, as when somebody drags the window: the program gets SIGWINCH."""
        self.screen.resize(rows, columns)
        termios.tcsetwinsize(self._master, (rows, columns))

    def until(self, shown: str | Callable[[], bool]) -> None:
        """Read what the program writes until a text is on the screen, or a condition holds."""
        holds = shown if callable(shown) else lambda: shown in self.text
        end = time.monotonic() + PATIENCE_SEC
        while not holds():
            assert time.monotonic() < end, f"not seen: {shown}; the screen:\n{self.text}"
            assert self._read(end), f"the program ended before {shown} was seen; the screen:\n{self.text}"

    def ended(self) -> int:
        """Read until the program ends, and return its exit code."""
        end = time.monotonic() + PATIENCE_SEC
        while self._read(end):
            assert time.monotonic() < end, f"still running; the screen:\n{self.text}"
        return self.process.wait(timeout=PATIENCE_SEC)

    def _read(self, end: float) -> bool:
        """Read what there is. Return False when nobody can write any more."""
        readable, _, _ = select.select([self._master], [], [], max(end - time.monotonic(), 0.0))
        if not readable:
            return True
        try:
            chunk = os.read(self._master, 65536)
        except OSError:  # Linux reports the end of a pseudo-terminal as an input/output error
            return False
        self.raw += chunk
        self._stream.feed(chunk)
        return bool(chunk)


# What rich takes from the environment, which must be that of the test's own terminal.
_OF_OUR_TERMINAL = (
    "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CI", "TERM", "COLORTERM", "TTY_COMPATIBLE", "TTY_INTERACTIVE",
)  # fmt: skip
