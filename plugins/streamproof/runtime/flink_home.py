"""Install Apache Flink and its Python into a cache, once per machine. Lock files name the packages and jars."""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from streamproof.model.errors import StackError
from streamproof.runtime.files import file_lock, stack_files
from streamproof.runtime.jars import Progress, fetch_jars, read_lock
from streamproof.runtime.uv import run_uv

# The Pythons for which apache-flink and its bridge from Java to Python (pemja) are built.
OLDEST_PYTHON, TOO_NEW_PYTHON = (3, 11), (3, 13)
_OLDEST, _TOO_NEW = (".".join(map(str, version)) for version in (OLDEST_PYTHON, TOO_NEW_PYTHON))
# Change it when this module puts together an installation in another way.
_LAYOUT = "1"
_PHASE = "Flink (a Python environment of 850 MB, installed once)"


def requirements_file(home: Path) -> Path:
    """Return the lock file of the Python packages."""
    return home / "requirements-flink.txt"


def flink_jars_lock(home: Path) -> Path:
    """Return the lock file of the connector jars."""
    return stack_files(home) / "flink" / "jars.lock"


@dataclass(frozen=True, slots=True)
class FlinkHome:
    """An installation of Flink in the cache: a virtual environment whose package `pyflink` is a whole FLINK_HOME."""

    folder: Path

    @property
    def environment(self) -> Path:
        """Return the virtual environment."""
        return self.folder / "venv"

    @property
    def python(self) -> Path:
        """Return its Python, which runs Python jobs."""
        return self.environment / "bin" / "python"

    @property
    def root(self) -> Path:
        """Return FLINK_HOME, the folder with bin, lib, opt and plugins. Raises StackError when it is not there."""
        found = sorted(self.environment.glob("lib/python3.*/site-packages/pyflink"))
        if not found:
            raise StackError(f"{self.folder} holds no Flink.", hint=f"Remove {self.folder}: it is installed again.")
        return found[0]

    @property
    def complete(self) -> bool:
        """Return whether it is there. The folder is moved to its path as a whole, so it is never half complete."""
        return self.folder.is_dir()

    @property
    def class_path(self) -> str:
        """Return the jars of lib in the order of Flink's own scripts: by name, and flink-dist last."""
        jars = sorted(self.root.glob("lib/*.jar"), key=lambda jar: (jar.name.startswith("flink-dist"), jar.name))
        return ":".join(map(str, jars))


def flink_version(home: Path) -> str:
    """Return the version of Flink that the lock file names. Raises StackError when it names none."""
    found = re.search(r"^apache-flink==(\S+)", _text(requirements_file(home)), re.MULTILINE)
    if found is None:
        raise StackError(f"{requirements_file(home)} names no apache-flink.", hint="`make lock` renews it.")
    return found[1]


def flink_home(home: Path, cache: Path) -> FlinkHome:
    """Return where Flink is, or would be installed, for these lock files, this Python and this machine."""
    locks = (_text(requirements_file(home)), _text(flink_jars_lock(home)))
    # Not by the path of this Python: all environments that are made of one Python share an installation.
    python = f"{platform.python_version()} {sys.base_prefix}"
    key = "\n".join([_LAYOUT, python, platform.machine(), *locks])
    return FlinkHome(cache / "flink" / hashlib.sha256(key.encode()).hexdigest()[:16])


def install_flink(home: Path, cache: Path, progress: Progress) -> FlinkHome:
    """Return an installation of Flink, after installing it where that was not done yet (10 s to a few minutes).

    An interruption leaves nothing that could be used. Two installations at the same time wait for each other. Raises
    StackError when a package or a jar cannot be had, or when this machine has no Python for which Flink is built.
    """
    found = flink_home(home, cache)
    if found.complete:
        return found
    jars = fetch_jars(flink_jars_lock(home), cache, progress)
    progress(0, 1, _PHASE)
    with file_lock(cache / "flink" / ".lock"):
        if not found.complete:
            _install(home, found, jars)
    progress(1, 1, _PHASE)
    return found


def _install(home: Path, wanted: FlinkHome, jars: Sequence[Path]) -> None:
    """Make the installation beside its path, and move it there when it is complete."""
    for left_over in wanted.folder.parent.glob(".making-*"):
        # This process holds the lock, so the process that created this folder was killed.
        shutil.rmtree(left_over, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=wanted.folder.parent) as text:
        made = FlinkHome(Path(text) / "flink")
        _uv("venv", "--relocatable", "--no-python-downloads", "--python", _wanted_python(), str(made.environment))
        lock = str(requirements_file(home))
        _uv("pip", "install", "--python", str(made.python), "--require-hashes", "--requirement", lock)
        # With this jar in opt only, the second Python job of a task manager in thread mode fails.
        bridge = made.root.glob("opt/flink-python-*.jar")
        names = [f"{jar.coordinate.artifact}-{jar.coordinate.version}.jar" for jar in read_lock(flink_jars_lock(home))]
        for jar, name in [*((jar, jar.name) for jar in bridge), *zip(jars, names, strict=True)]:
            shutil.copyfile(jar, made.root / "lib" / name)
        made.folder.replace(wanted.folder)


def _wanted_python() -> str:
    """Return this Python if Flink is built for it, else the range of those for which it is."""
    if OLDEST_PYTHON <= sys.version_info < TOO_NEW_PYTHON:
        return sys.executable
    return f">={_OLDEST},<{_TOO_NEW}"


def _uv(*arguments: str) -> None:
    """Run uv. Raises StackError with its reason."""
    run_uv(
        *arguments,
        what="Flink",
        needs="It needs a package index (uv's default, or UV_DEFAULT_INDEX), 1 GB of disk, and a Python from "
        f"{_OLDEST} to before {_TOO_NEW}.",
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise StackError(f"{path} cannot be read: {error.strerror}.", hint="Take it from the repository.") from None
