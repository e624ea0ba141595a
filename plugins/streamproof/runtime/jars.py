"""Fetch the JVM jars of the stack into a cache. A lock file names them with their SHA-256."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from streamproof.model.errors import StackError, UsageError
from streamproof.runtime.files import file_lock

Progress = Callable[[int, int, str], None]
"""A function that is called after every jar with the number of present jars, of all jars, and the coordinate."""

THREADS = 8
ATTEMPTS = 2
FETCH_TIMEOUT_SEC = 20
# A class-data archive records the time stamps of its jars, so a jar that is fetched again must get the same one.
JAR_TIME = 1_577_836_800
_LINE = re.compile(r"(?P<coordinate>[^\s:]+:[^\s:]+:[^\s:]+)(?:\s+(?P<sha256>[0-9a-f]{64}))?")


@dataclass(frozen=True, slots=True, order=True)
class Coordinate:
    """A jar in a Maven repository."""

    group: str
    artifact: str
    version: str

    def __str__(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"


@dataclass(frozen=True, slots=True, order=True)
class LockedJar:
    """A jar and its required SHA-256 (hex); '' for a line that `make lock` has not completed yet."""

    coordinate: Coordinate
    sha256: str

    def path_in(self, cache: Path) -> Path:
        """Return the jar's path in the cache. It contains the hash, so other content has another path."""
        return cache / "jars" / f"{self.coordinate.artifact}-{self.coordinate.version}-{self.sha256[:12]}.jar"


_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")

Download = Callable[[Coordinate, Path], Path]
"""A function that fetches a jar into a folder and returns the file. It raises StackError when it cannot."""


def no_progress(_done: int, _total: int, _name: str) -> None:
    """Ignore the progress."""


def read_lock(lock: Path) -> tuple[LockedJar, ...]:
    """Read a lock file: a line for each jar, `group:artifact:version sha256`; `#` starts a comment.

    The jars are returned sorted. Raises StackError that names file and line for an invalid line, or a coordinate that
    is listed twice.
    """
    try:
        text = lock.read_text(encoding="utf-8")
    except OSError as error:
        raise StackError(f"{lock} cannot be read: {error.strerror}.", hint="Take it from the repository.") from None
    jars: dict[Coordinate, LockedJar] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        content = line.partition("#")[0].strip()
        if not content:
            continue
        match = _LINE.fullmatch(content)
        coordinate = Coordinate(*match["coordinate"].split(":")) if match else None
        if match is None or coordinate is None or coordinate in jars:
            raise StackError(
                f"{lock.name}, line {number}: '{content}' is {'listed twice' if match else 'not a locked jar'}.",
                hint="A line is `group:artifact:version sha256`. `make lock` renews the hashes.",
            )
        jars[coordinate] = LockedJar(coordinate, match["sha256"] or "")
    return tuple(sorted(jars.values()))


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, as hex."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def download_jar(coordinate: Coordinate, folder: Path) -> Path:
    """Fetch a jar into `folder`, which must not contain it. Raises StackError when it cannot be fetched."""
    import jgo.maven
    import requests  # noqa: PLC0415 - as jgo, only needed when something is missing

    context = jgo.maven.MavenContext(repo_cache=folder, local_repos=[], timeout=FETCH_TIMEOUT_SEC)
    component = context.project(coordinate.group, coordinate.artifact).at_version(coordinate.version)
    artifact = component.artifact()
    reason = ""
    for _ in range(ATTEMPTS):
        try:
            return Path(artifact.resolve())
        except (requests.RequestException, RuntimeError, OSError) as error:
            reason = str(error).splitlines()[0][:300] if str(error) else type(error).__name__
            # The next attempt would take the rest of a broken transfer for the jar.
            Path(artifact.cached_path).unlink(missing_ok=True)
    raise StackError(
        f"Jar {coordinate} could not be fetched: {reason}",
        hint="Check the network, or proxy settings, and try again; without Kafka's jars, `--kafka mock` runs small "
        "fixture sets.",
    )


def is_named_jar(name: str, folder: Path) -> bool:
    """Return whether a name is that of a file, relative to `folder`, or has the form of a Maven coordinate."""
    return (folder / Path(name).expanduser()).is_file() or _coordinate(name) is not None


def named_jar(name: str, cache: Path, *, download: Download = download_jar) -> Path:
    """Return a jar that a user names: the path of a file, or a Maven coordinate, which is fetched into `cache` once.

    Raises UsageError for a name that is neither, StackError when the jar cannot be fetched.
    """
    path = Path(name).expanduser()
    if path.is_file():
        return path
    coordinate = _coordinate(name)
    if coordinate is None:
        raise UsageError(f"There is no jar {name}.", hint="Name a .jar file, or a coordinate group:artifact:version.")
    kept = cache / "jars" / "named" / coordinate.group / f"{coordinate.artifact}-{coordinate.version}.jar"
    if not kept.is_file():
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".incoming-", dir=cache / "jars") as incoming:
            download(coordinate, Path(incoming)).replace(kept)
    return kept


def _coordinate(name: str) -> Coordinate | None:
    parts = name.split(":")
    return Coordinate(*parts) if len(parts) == 3 and all(_PART.fullmatch(part) for part in parts) else None


def _wrong(jar: LockedJar, found: str) -> StackError:
    return StackError(
        f"Jar {jar.coordinate} is not what jars.lock says: its SHA-256 is {found}, expected {jar.sha256}.",
        hint="Nothing was kept. If the change is wanted, renew the lock with `make lock` and review the difference; "
        "otherwise distrust the network or the mirror.",
    )


def _fetch_one(jar: LockedJar, cache: Path, incoming: Path, download: Download) -> None:
    fetched = download(jar.coordinate, incoming)
    found = sha256_of(fetched)
    if found != jar.sha256:
        raise _wrong(jar, found)
    os.utime(fetched, (JAR_TIME, JAR_TIME))
    fetched.replace(jar.path_in(cache))


def _map_threads(work: Callable[[LockedJar], object], jars: Iterable[LockedJar], report: Callable[[str], None]) -> None:
    """Run `work` for every jar in a few threads. The first error stops it and is raised."""
    with ThreadPoolExecutor(THREADS, thread_name_prefix="jars") as pool:
        futures = {pool.submit(work, jar): jar for jar in jars}
        try:
            for future in as_completed(futures):
                future.result()
                report(str(futures[future].coordinate))
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def bad_jars(jars: Iterable[LockedJar], cache: Path) -> tuple[LockedJar, ...]:
    """Return the jars that are missing or have another hash in the cache. It hashes all jars (0.1 s for 45 MB)."""

    def is_bad(jar: LockedJar) -> bool:
        path = jar.path_in(cache)
        return not path.is_file() or sha256_of(path) != jar.sha256

    jars = tuple(jars)
    with ThreadPoolExecutor(2, thread_name_prefix="jars") as pool:
        return tuple(jar for jar, bad in zip(jars, pool.map(is_bad, jars), strict=True) if bad)


def fetch_jars(
    lock: Path, cache: Path, progress: Progress = no_progress, *, download: Download = download_jar
) -> tuple[Path, ...]:
    """Return the paths in `cache` of all jars of a lock file, in its order, after fetching missing or damaged ones.

    Jars are fetched in 8 threads, and moved to the cache only after their hash was checked. So neither an interruption
    nor a second set-up at the same time leaves a bad file.
    Raises StackError that names a jar that has no hash in the lock file, cannot be fetched, or has another hash.
    """
    jars = read_lock(lock)
    for jar in jars:
        if not jar.sha256:
            raise StackError(f"Jar {jar.coordinate} has no hash in {lock.name}.", hint="Complete it with `make lock`.")
    if bad_jars(jars, cache):
        with file_lock(cache / "jars" / ".lock"):
            _fetch_missing(bad_jars(jars, cache), len(jars), cache, progress, download)
    progress(len(jars), len(jars), "")
    return tuple(jar.path_in(cache) for jar in jars)


def _fetch_missing(
    missing: tuple[LockedJar, ...], total: int, cache: Path, progress: Progress, download: Download
) -> None:
    done = total - len(missing)

    def report(name: str) -> None:
        nonlocal done
        done += 1
        progress(done, total, name)

    with tempfile.TemporaryDirectory(prefix=".incoming-", dir=cache / "jars") as incoming:
        _map_threads(lambda jar: _fetch_one(jar, cache, Path(incoming), download), missing, report)


def write_lock(
    lock: Path, progress: Progress = no_progress, *, download: Download = download_jar
) -> tuple[LockedJar, ...]:
    """Renew a lock file: fetch every jar again and write its SHA-256. Comment lines are kept at the top.

    To change a version, edit the coordinate, remove the hash, and call this. Raises StackError as `fetch_jars` does.
    """
    jars = read_lock(lock)
    hashes: dict[Coordinate, str] = {}
    done = 0

    def report(name: str) -> None:
        nonlocal done
        done += 1
        progress(done, len(jars), name)

    with tempfile.TemporaryDirectory(prefix="streamproof-lock-") as incoming:

        def work(jar: LockedJar) -> None:
            hashes[jar.coordinate] = sha256_of(download(jar.coordinate, Path(incoming)))

        _map_threads(work, jars, report)
    renewed = tuple(LockedJar(jar.coordinate, hashes[jar.coordinate]) for jar in jars)
    head = [line for line in lock.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    body = [f"{jar.coordinate} {jar.sha256}" for jar in renewed]
    partial = lock.with_name(f".{lock.name}.{os.getpid()}")
    partial.write_text("\n".join([*head, *body]) + "\n", encoding="utf-8")
    partial.replace(lock)
    return renewed
