"""Makes the root file system that stands in for `python:3.11-slim` where no image can be pulled.

It is a small Debian of this machine's own installed packages, and the Python that runs this. Nothing is downloaded.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

# These and what they depend on.
PACKAGES = (
    "base-files", "bash", "coreutils", "dash", "findutils", "grep", "hostname", "libbz2-1.0", "libc-bin", "libffi8",
    "liblzma5", "libreadline8", "libsqlite3-0", "libssl3", "libstdc++6", "libuuid1", "netbase", "sed", "tzdata", "wget",
    "zlib1g",
)  # fmt: skip
NOT_NEEDED = frozenset({"debconf", "dpkg", "perl-base", "cdebconf", "awk", "libc-dev"})
LEFT_OUT = ("/usr/share/doc", "/usr/share/man", "/usr/share/locale", "/usr/share/lintian", "/usr/share/info")
PYTHON_LEFT_OUT = ("test", "idlelib", "tkinter", "turtledemo", "site-packages", "__pycache__")
MERGED = ("bin", "sbin", "lib", "lib64")
# For pip in a build: the authorities that this machine trusts.
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin",
    "LANG": "C.UTF-8",
    "SSL_CERT_FILE": AUTHORITIES,
    "PIP_CERT": AUTHORITIES,
}


def write_root(target: Path, packages: tuple[str, ...] = PACKAGES) -> None:
    """Write the root file system as a tar file."""
    with tarfile.open(target, "w") as tar:
        for name in MERGED:
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, f"usr/{name}"
            tar.addfile(link)
        files = {*_package_files(packages), *map(Path, ("/usr/bin/sh", "/etc/passwd", "/etc/group", AUTHORITIES))}
        for path in sorted(files):
            tar.add(path, str(path).lstrip("/"), recursive=False)
        _add_python(tar)


def _ask(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _with_dependencies(packages: tuple[str, ...]) -> list[str]:
    """Return the packages and all that they depend on; of alternatives the one that is installed."""
    installed = {}
    for line in _ask("dpkg-query", "-W", "-f", "${Package}\t${db:Status-Status}\t${Pre-Depends}, ${Depends}\n").split(
        "\n"
    ):
        if line.count("\t") == 2 and "\tinstalled\t" in line:
            name, _, needs = line.split("\t")
            installed[name] = [_installable(need) for need in needs.split(",") if need.strip()]
    found, open_ends = set(), list(packages)
    while open_ends:
        name = open_ends.pop()
        if name in found or name in NOT_NEEDED or name not in installed:
            continue
        found.add(name)
        open_ends.extend(alternative for need in installed[name] for alternative in need)
    return sorted(found)


def _installable(need: str) -> list[str]:
    return [alternative.split("(")[0].split(":")[0].strip() for alternative in need.split("|")]


def _package_files(packages: tuple[str, ...]) -> Iterator[Path]:
    listed = _ask("dpkg", "-L", *_with_dependencies(packages)).split("\n")
    seen = set()
    for line in listed:
        path = Path(line)
        if not line.startswith("/") or line.startswith(LEFT_OUT) or not (path.exists() or path.is_symlink()):
            continue
        # /bin is a link to /usr/bin: what a package put there is below /usr.
        real = path.parent.resolve() / path.name
        if real not in seen and real.name not in ("", *MERGED):
            seen.add(real)
            yield real


def _add_python(tar: tarfile.TarFile) -> None:
    prefix = Path(sys.base_prefix)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    tar.add((prefix / "bin" / version).resolve(), f"usr/local/bin/{version}")
    for name in ("python", "python3"):
        link = tarfile.TarInfo(f"usr/local/bin/{name}")
        link.type, link.linkname = tarfile.SYMTYPE, version
        tar.addfile(link)
    for library in prefix.glob("lib/libpython3*.so.*"):
        # A folder that the loader looks into without being told.
        tar.add(library, f"usr/lib/x86_64-linux-gnu/{library.name}")
    tar.add(prefix / "lib" / version, f"usr/local/lib/{version}", filter=_needed)
    folder = tarfile.TarInfo(f"usr/local/lib/{version}/site-packages")
    folder.type, folder.mode = tarfile.DIRTYPE, 0o755
    tar.addfile(folder)


def _needed(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if set(Path(member.name).parts) & set(PYTHON_LEFT_OUT) else member
