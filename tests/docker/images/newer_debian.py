"""Unpacks PostgreSQL with TimescaleDB, which this Debian does not have, out of the packages of the next one.

They make a whole root file system: no library of this machine is used. The system's own packages are not changed.
"""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

RELEASE = "trixie"
PACKAGES = (
    "base-files", "bash", "coreutils", "dash", "libacl1", "libattr1", "libaudit1", "libc6", "libcap-ng0", "libcap2",
    "libcom-err2", "libgcc-s1", "libgmp10", "libgssapi-krb5-2", "libicu76", "libk5crypto3", "libkeyutils1",
    "libkrb5-3", "libkrb5support0", "libldap2", "liblz4-1", "liblzma5", "libpam0g", "libpcre2-8-0", "libpq5",
    "libreadline8t64", "libsasl2-2", "libselinux1", "libssl3t64", "libstdc++6", "libsystemd0", "libtinfo6", "libxml2",
    "libxxhash0", "libzstd1", "postgresql-17", "postgresql-17-timescaledb", "postgresql-client-17", "tzdata", "zlib1g",
)  # fmt: skip
# Below usr/: what no server reads.
LEFT_OUT = ("share/doc", "share/man", "share/locale", "share/lintian", "lib/postgresql/17/lib/bitcode")
MERGED = ("bin", "sbin", "lib", "lib64")


def write_root(target: Path, work: Path) -> None:
    """Write the root file system to a new folder `target`; `work` is a folder for lists and packages."""
    for folder in ("lists/partial", "archives/partial"):
        (work / folder).mkdir(parents=True, exist_ok=True)
    for name in MERGED:
        (target / "usr" / name).mkdir(parents=True, exist_ok=True)
        (target / name).symlink_to(f"usr/{name}")
    for package in _downloaded(work):
        _run("dpkg-deb", "--extract", str(package), str(target))
    for folder in LEFT_OUT:
        _run("rm", "-rf", str(target / "usr" / folder))


def _downloaded(work: Path) -> list[Path]:
    """Return the packages, fetched with an own state of apt from the mirror that this machine uses."""
    (work / "sources").write_text(f"deb {_mirror()} {RELEASE} main\n")
    (work / "status").touch()
    settings = {
        "Dir::Etc::sourcelist": work / "sources",
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": work / "lists",
        "Dir::State::status": work / "status",
        "Dir::Cache": work,
        "Dir::Cache::archives": work / "archives",
        "APT::Sandbox::User": "root",
    }
    apt = ["apt-get", "-qq", *(word for name, value in settings.items() for word in ("-o", f"{name}={value}"))]
    _run(*apt, "update")
    archives = work / "archives"
    _run(*apt, "download", *PACKAGES, folder=archives)
    return sorted(archives.glob("*.deb"))


def _mirror() -> str:
    codename = platform.freedesktop_os_release()["VERSION_CODENAME"]
    targets = _run(
        "apt-get", "indextargets", "--format", "$(REPO_URI)", f"Codename: {codename}", "Created-By: Packages"
    )
    return targets.splitlines()[0]


def _run(*command: str, folder: Path | None = None) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"}
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done.stdout
