"""Fetch the jars of a lock file for an image: `python fetch_jars.py jars.lock TARGET MAVEN_URL`.

It needs the standard library only. A jar with another SHA-256 than the lock file's ends the build.
"""

from __future__ import annotations

import hashlib
import sys
import urllib.request
from pathlib import Path

TIMEOUT_SEC = 60


def main(lock: Path, target: Path, maven: str) -> None:
    """Write each jar to the folder `target`. Raises SystemExit for another hash, OSError where nothing answers."""
    target.mkdir(parents=True, exist_ok=True)
    for line in lock.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        coordinate, expected = line.split()
        group, artifact, version = coordinate.split(":")
        url = f"{maven}/{group.replace('.', '/')}/{artifact}/{version}/{artifact}-{version}.jar"
        with urllib.request.urlopen(url, timeout=TIMEOUT_SEC) as answer:  # noqa: S310 - the image names the address
            content = answer.read()
        found = hashlib.sha256(content).hexdigest()
        if found != expected:
            sys.exit(f"{coordinate} is not what {lock.name} says: its SHA-256 is {found}.")
        (target / f"{artifact}-{version}.jar").write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
