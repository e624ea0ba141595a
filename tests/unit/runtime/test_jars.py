"""The lock file and the cache of jars, with a download that stays on this machine."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamproof.model.errors import StackError, UsageError
from streamproof.runtime.jars import Coordinate, LockedJar, bad_jars, fetch_jars, named_jar, read_lock, write_lock

CONTENT = {"alpha": b"first jar", "beta": b"second jar"}


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Maven:
    """Stands in for the repository: writes known bytes, counts, and fails on demand."""

    def __init__(self, content: dict[str, bytes] | None = None) -> None:
        self.content = content or CONTENT
        self.asked: list[str] = []

    def __call__(self, coordinate: Coordinate, folder: Path) -> Path:
        self.asked.append(coordinate.artifact)
        if coordinate.artifact not in self.content:
            raise StackError(f"Jar {coordinate} could not be fetched: not found", hint="")
        target = folder / f"{coordinate.artifact}.jar"
        target.write_bytes(self.content[coordinate.artifact])
        return target


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "jars.lock"
    path.write_text(
        f"# a comment\norg.b:beta:2.0 {sha(CONTENT['beta'])}\n\norg.a:alpha:1.0 {sha(CONTENT['alpha'])} # another\n"
    )
    return path


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def files(cache: Path) -> list[str]:
    return sorted(path.name for path in (cache / "jars").iterdir() if path.name != ".lock")


class TestReadLock:
    def test_lines_are_sorted_and_comments_dropped(self, lock: Path) -> None:
        jars = read_lock(lock)
        assert [str(jar.coordinate) for jar in jars] == ["org.a:alpha:1.0", "org.b:beta:2.0"]
        assert jars[0].sha256 == sha(CONTENT["alpha"])

    @pytest.mark.parametrize(
        "line",
        ["org.a:alpha", "org.a:alpha:1.0 abc", "org.a:alpha:1.0 " + "g" * 64, "a b c", f"org.a:alpha:1.0 {'0' * 64} x"],
    )
    def test_an_unreadable_line_is_named(self, lock: Path, line: str) -> None:
        lock.write_text(f"# comment\n{line}\n")
        with pytest.raises(StackError, match=r"jars\.lock, line 2") as caught:
            read_lock(lock)
        assert "make lock" in caught.value.hint

    def test_a_coordinate_listed_twice_is_refused(self, lock: Path) -> None:
        lock.write_text("org.a:alpha:1.0\norg.a:alpha:1.0\n")
        with pytest.raises(StackError, match="listed twice"):
            read_lock(lock)

    def test_a_missing_file_is_an_error_with_a_hint(self, tmp_path: Path) -> None:
        with pytest.raises(StackError, match="cannot be read"):
            read_lock(tmp_path / "none.lock")

    @given(
        st.lists(
            st.builds(
                LockedJar,
                st.builds(Coordinate, *[st.from_regex(r"[A-Za-z0-9_.\-]{1,20}", fullmatch=True)] * 3),
                st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
            ),
            unique_by=lambda jar: jar.coordinate,
        )
    )
    def test_what_is_written_is_read(self, tmp_path_factory: pytest.TempPathFactory, jars: list[LockedJar]) -> None:
        path = tmp_path_factory.mktemp("lock") / "jars.lock"
        path.write_text("".join(f"{jar.coordinate} {jar.sha256}\n" for jar in jars))
        assert read_lock(path) == tuple(sorted(jars))


class TestTheProjectsLock:
    def test_every_jar_is_locked_and_the_log_binding_matches(self, home: Path) -> None:
        jars = read_lock(home / "include" / "stack" / "jars.lock")
        versions = {jar.coordinate.artifact: jar.coordinate.version for jar in jars}
        assert all(jar.sha256 for jar in jars)
        assert versions["kafka_2.13"] == versions["kafka-clients"]
        assert versions["log4j-slf4j-impl"] == versions["log4j-core"]


class TestFetch:
    def test_what_is_missing_is_fetched_once(self, lock: Path, cache: Path) -> None:
        maven, told = Maven(), []
        jars = fetch_jars(lock, cache, lambda *what: told.append(what), download=maven)
        assert [path.read_bytes() for path in jars] == [CONTENT["alpha"], CONTENT["beta"]]
        assert told[-1][:2] == (2, 2)
        fetch_jars(lock, cache, download=maven)
        assert sorted(maven.asked) == ["alpha", "beta"]

    def test_a_damaged_jar_is_found_and_fetched_again(self, lock: Path, cache: Path) -> None:
        jars = fetch_jars(lock, cache, download=Maven())
        jars[0].write_bytes(b"x" * len(CONTENT["alpha"]))
        assert [jar.coordinate.artifact for jar in bad_jars(read_lock(lock), cache)] == ["alpha"]
        maven = Maven()
        fetch_jars(lock, cache, download=maven)
        assert maven.asked == ["alpha"]
        assert jars[0].read_bytes() == CONTENT["alpha"]

    def test_a_wrong_hash_names_the_coordinate_and_keeps_nothing(self, lock: Path, cache: Path) -> None:
        maven = Maven({**CONTENT, "beta": b"tampered"})
        with pytest.raises(StackError, match=r"org\.b:beta:2\.0.*SHA-256") as caught:
            fetch_jars(lock, cache, download=maven)
        assert sha(b"tampered") in caught.value.message
        assert "make lock" in caught.value.hint
        assert not any("beta" in name or "incoming" in name for name in files(cache))

    def test_a_jar_that_cannot_be_had_keeps_the_others(self, lock: Path, cache: Path) -> None:
        with pytest.raises(StackError, match=r"org\.b:beta:2\.0 could not be fetched"):
            fetch_jars(lock, cache, download=Maven({"alpha": CONTENT["alpha"]}))
        assert all(name.startswith("alpha") for name in files(cache))
        assert len(fetch_jars(lock, cache, download=Maven())) == 2

    def test_a_jar_without_hash_is_refused_before_anything_is_fetched(self, lock: Path, cache: Path) -> None:
        lock.write_text("org.a:alpha:1.0\n")
        maven = Maven()
        with pytest.raises(StackError, match="no hash"):
            fetch_jars(lock, cache, download=maven)
        assert not maven.asked

    def test_two_at_once_fetch_each_jar_once(self, lock: Path, cache: Path) -> None:
        maven = Maven()
        with ThreadPoolExecutor(2) as pool:
            both = list(pool.map(lambda _: fetch_jars(lock, cache, download=maven), range(2)))
        assert both[0] == both[1]
        assert sorted(maven.asked) == ["alpha", "beta"]

    def test_a_cache_that_cannot_be_made_is_a_clear_error(self, lock: Path, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(StackError, match="cannot be written") as caught:
            fetch_jars(lock, tmp_path / "file", download=Maven())
        assert "XDG_CACHE_HOME" in caught.value.hint

    def test_a_jar_fetched_again_looks_the_same_to_the_archive(self, lock: Path, cache: Path) -> None:
        first = [path.stat().st_mtime for path in fetch_jars(lock, cache, download=Maven())]
        for path in (cache / "jars").glob("*.jar"):
            path.unlink()
        assert [path.stat().st_mtime for path in fetch_jars(lock, cache, download=Maven())] == first


class TestWriteLock:
    def test_hashes_are_renewed_and_comments_stay(self, lock: Path) -> None:
        lock.write_text(f"# why\norg.b:beta:2.0 {'0' * 64}\norg.a:alpha:1.0\n")
        write_lock(lock, download=Maven())
        assert lock.read_text() == (
            f"# why\norg.a:alpha:1.0 {sha(CONTENT['alpha'])}\norg.b:beta:2.0 {sha(CONTENT['beta'])}\n"
        )

    def test_a_failure_leaves_the_lock_alone(self, lock: Path) -> None:
        before = lock.read_text()
        with pytest.raises(StackError):
            write_lock(lock, download=Maven({"alpha": b""}))
        assert lock.read_text() == before


def test_a_jar_is_named_by_its_path_or_by_a_coordinate_that_is_fetched_once(tmp_path):
    fetched = []

    def download(coordinate: Coordinate, folder: Path) -> Path:
        fetched.append(str(coordinate))
        path = folder / "x.jar"
        path.write_bytes(b"jar")
        return path

    own = tmp_path / "own.jar"
    own.write_bytes(b"own")
    for _ in range(2):
        assert named_jar("a.b:c-d:1.0", tmp_path / "cache", download=download).read_bytes() == b"jar"

    assert named_jar(str(own), tmp_path / "cache", download=download) == own
    assert fetched == ["a.b:c-d:1.0"]


@pytest.mark.parametrize("name", ["gone.jar", "a:b", "a:b:c:d", "a:../b:c", "::"])
def test_a_name_that_is_no_jar(tmp_path, name):
    with pytest.raises(UsageError, match="There is no jar"):
        named_jar(name, tmp_path)
