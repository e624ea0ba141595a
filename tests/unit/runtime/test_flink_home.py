"""Flink's installation in the cache, with a package index and a jar that stay on this machine."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from streamproof.model.errors import StackError
from streamproof.runtime import flink_home as module
from streamproof.runtime.flink_home import flink_home, flink_version, install_flink
from streamproof.runtime.jars import Coordinate, LockedJar


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with locks of its own, whose one jar is in the cache, and whose index answers nobody."""
    folder = tmp_path / "project"
    (folder / "include/stack/flink").mkdir(parents=True)
    (folder / "requirements-flink.txt").write_text(f"apache-flink==9.9.9 --hash=sha256:{'0' * 64}\n")
    jar = LockedJar(Coordinate("org.a", "alpha", "1"), "")
    cached = jar.path_in(tmp_path / "cache")
    cached.parent.mkdir(parents=True)
    cached.touch()
    digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    cached.rename(LockedJar(jar.coordinate, digest).path_in(tmp_path / "cache"))
    (folder / "include/stack/flink/jars.lock").write_text(f"org.a:alpha:1 {digest}\n")
    for name, value in {
        "UV_DEFAULT_INDEX": "http://user:hush@127.0.0.1:9/simple", "UV_HTTP_RETRIES": "0",
        "UV_CACHE_DIR": str(tmp_path / "uv"),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    return folder


def built(folder: Path) -> None:
    """Make what uv makes of the real lock file."""
    root = folder / "lib/python3.11/site-packages/pyflink"
    for name in ("lib/flink-dist-9.9.9.jar", "lib/log4j-1.jar", "opt/flink-python-9.9.9.jar", "opt/flink-sql-9.jar"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


@pytest.fixture
def uv(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The calls of uv, which makes an environment at once."""
    calls: list[tuple[str, ...]] = []

    def run(*arguments: str) -> None:
        calls.append(arguments)
        if arguments[0] == "venv":
            built(Path(arguments[-1]))

    monkeypatch.setattr(module, "_uv", run)
    return calls


def test_an_installation_is_a_flink_home_with_all_jars_in_lib(project, tmp_path, uv):
    told = []
    found = install_flink(project, tmp_path / "cache", lambda *what: told.append(what))

    names = [Path(jar).name for jar in found.class_path.split(":")]
    assert names == ["alpha-1.jar", "flink-python-9.9.9.jar", "log4j-1.jar", "flink-dist-9.9.9.jar"]
    assert (found.root.name, found.python.parent.name) == ("pyflink", "bin")
    assert [call[0] for call in uv] == ["venv", "pip"]
    assert "--require-hashes" in uv[1]
    assert told[-1][:2] == (1, 1)
    assert [path.name for path in (tmp_path / "cache/flink").iterdir() if path.name != ".lock"] == [found.folder.name]

    assert install_flink(project, tmp_path / "cache", lambda *_: pytest.fail("nothing is left to do")) == found


def test_two_installations_at_once_are_one(project, tmp_path, uv):
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: install_flink(project, tmp_path / "cache", lambda *_: None), range(2)))

    assert both[0] == both[1]
    assert [call[0] for call in uv] == ["venv", "pip"]


def test_other_locks_are_another_installation(project, tmp_path):
    first = flink_home(project, tmp_path)
    for name in ("requirements-flink.txt", "include/stack/flink/jars.lock"):
        with (project / name).open("a") as lock:
            lock.write("# changed\n")
        assert flink_home(project, tmp_path) != first
        first = flink_home(project, tmp_path)


def test_an_index_that_cannot_be_reached_is_one_error_and_leaves_nothing(project, tmp_path):
    (tmp_path / "cache/flink/.making-killed").mkdir(parents=True)

    with pytest.raises(StackError, match=r"Flink could not be installed: .*127.0.0.1:9/simple") as refused:
        install_flink(project, tmp_path / "cache", lambda *_: None)

    assert "UV_DEFAULT_INDEX" in refused.value.hint
    assert "hush" not in refused.value.message
    assert [path.name for path in (tmp_path / "cache/flink").iterdir()] == [".lock"]


def test_a_python_for_which_flink_is_not_built_is_not_used(project, tmp_path, uv, monkeypatch):
    monkeypatch.setattr(module, "TOO_NEW_PYTHON", sys.version_info[:2])

    install_flink(project, tmp_path / "cache", lambda *_: None)

    assert uv[0][uv[0].index("--python") + 1] == ">=3.11,<3.13"
    assert "--no-python-downloads" in uv[0]


def test_the_real_locks(home):
    assert flink_version(home) == "2.3.0"
    text = (home / "requirements-flink.txt").read_text()
    # What a job computes must not depend on where it runs.
    pinned = [line for line in text.splitlines() if line.startswith("orjson==")]
    assert pinned == [
        line for line in (home / "requirements.txt").read_text().splitlines() if line.startswith("orjson==")
    ]
    assert "streamproof/project/requirements-flink.txt" in (home / "pyproject.toml").read_text()


def test_a_lock_file_that_is_missing_or_names_no_flink_is_named(project, tmp_path):
    (project / "requirements-flink.txt").write_text("orjson==1\n")
    with pytest.raises(StackError, match="names no apache-flink"):
        flink_version(project)
    (project / "requirements-flink.txt").unlink()
    with pytest.raises(StackError, match=r"requirements-flink.txt cannot be read"):
        install_flink(project, tmp_path, lambda *_: None)
