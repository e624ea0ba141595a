"""The saved sessions on disk: found by their offsets, whole or not at all, bounded, and one process' own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.livepeer.lifecycle.state import StateError
from pipelines.livepeer.state_files import Positions, SavedState, StateFiles

PLACE = ("events", 0)


@pytest.fixture
def files(tmp_path: Path) -> Iterator[StateFiles]:
    made = StateFiles(tmp_path, small_bytes=100)
    yield made
    made.close()


def at(offset: int) -> Positions:
    return {PLACE: offset}


def found(files: StateFiles, offset: int) -> SavedState | None:
    return files.find(lambda positions: positions == at(offset))


def on_disk(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "lock")


def test_a_state_is_found_by_the_offsets_that_it_covers(files: StateFiles) -> None:
    files.begin(at(0), b"whole")
    files.append(at(5), b"one\n")
    files.append({**at(5), ("events", 1): 0}, b"")
    files.append({**at(9), ("events", 1): 0}, b"two")

    assert found(files, 0) == SavedState(b"whole", [])
    assert found(files, 5) == SavedState(b"whole", [b"one\n"])
    assert files.find(lambda positions: positions[PLACE] == 9) == SavedState(b"whole", [b"one\n", b"two"])
    assert found(files, 4) is None


def test_the_state_before_stays_until_the_offsets_after_it_are_committed(files: StateFiles, tmp_path: Path) -> None:
    files.begin(at(0), b"whole")
    files.append(at(5), b"one")
    files.begin(at(9), b"all of it")

    assert found(files, 5) == SavedState(b"whole", [b"one"])
    assert found(files, 9) == SavedState(b"all of it", [])

    files.append(at(12), b"more")

    assert found(files, 5) is None
    assert found(files, 12) == SavedState(b"all of it", [b"more"])
    assert on_disk(tmp_path) == ["sessions-00000002.state"]


def test_a_restart_goes_on_in_a_file_of_its_own(files: StateFiles, tmp_path: Path) -> None:
    files.begin(at(0), b"whole")
    files.append(at(5), b"one")
    files.close()

    again = StateFiles(tmp_path)
    again.begin(at(5), b"restored")
    again.append(at(7), b"two")

    assert found(again, 7) == SavedState(b"restored", [b"two"])
    assert on_disk(tmp_path) == ["sessions-00000002.state"]
    again.close()


def test_whatever_is_cut_off_the_end_what_is_whole_is_found(files: StateFiles, tmp_path: Path) -> None:
    files.begin(at(0), b"whole")
    files.append(at(5), b"one")
    [path] = tmp_path.glob("*.state")
    until = path.stat().st_size
    files.append(at(9), b"two")
    content = path.read_bytes()

    # Even without the line feed at its end an entry is whole.
    for size in range(until, len(content) - 1):
        path.write_bytes(content[:size])
        assert found(files, 9) is None
        assert found(files, 5) == SavedState(b"whole", [b"one"])
    path.write_bytes(content[:until] + content[until:].replace(b"two", b"owt"))
    assert found(files, 9) is None
    path.write_bytes(content[:until] + b"[1]\n" + content[until:])
    assert found(files, 9) is None


def test_it_says_when_the_changes_have_outgrown_the_state(files: StateFiles) -> None:
    # A whole state is compressed: its size counts four times.
    files.begin(at(0), b"w" * 125)
    files.append(at(1), b"c" * 400)
    assert not files.is_grown
    files.append(at(2), b"c" * 400)
    assert files.is_grown
    files.begin(at(3), b"w" * 500)
    assert not files.is_grown


def test_a_folder_belongs_to_one_process(files: StateFiles, tmp_path: Path) -> None:
    with pytest.raises(StateError, match="in use by another processor") as caught:
        StateFiles(tmp_path)
    assert "PROCESSOR_STATE_DIR" in caught.value.hint
    files.close()
    StateFiles(tmp_path).close()


def test_a_folder_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match="cannot be used"):
        StateFiles(tmp_path / "file")


def test_a_disk_that_takes_nothing_is_an_error(files: StateFiles, tmp_path: Path) -> None:
    (tmp_path / "sessions-00000001.new").mkdir()
    with pytest.raises(StateError, match="cannot be written"):
        files.begin(at(0), b"whole")
    with pytest.raises(StateError, match="no state that changes could be added to"):
        files.append(at(1), b"one")
