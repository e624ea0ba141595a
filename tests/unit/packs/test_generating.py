"""The generator of any pack: one that makes one large set, and one that makes several and says how far it is."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from streamproof.model.errors import UsageError
from streamproof.packs.generating import sized_kinds, write_generated


@pytest.fixture
def plain(tmp_path):
    """A generator as packs had it before there were sets of several kinds and any size."""
    return SimpleNamespace(
        KINDS=("small",),
        DEFAULT_SEED=1,
        generate=lambda kind, folder, seed: folder / f"{kind}-{seed}",
        generate_load=lambda events, folder, seed: folder / f"load-{events}-{seed}",
    )


def test_a_plain_generator_makes_a_load_without_progress(plain, tmp_path):
    assert sized_kinds(plain) == ("load",)
    assert write_generated(plain, "load", tmp_path, 3, events=9, progress=print) == tmp_path / "load-9-3"
    assert write_generated(plain, "small", tmp_path, 3, events=None) == tmp_path / "small-3"


def test_a_generator_of_sized_sets_tells_its_progress(plain, tmp_path):
    steps = []

    def sized(kind, events, folder, _seed, *, progress):
        progress(events)
        return folder / kind

    plain.SIZED_KINDS, plain.generate_sized = ("load", "volume"), sized

    assert write_generated(plain, "volume", tmp_path, 3, events=9, progress=steps.append) == tmp_path / "volume"
    assert steps == [9]


@pytest.mark.parametrize(
    ("kind", "events", "message"),
    [
        ("other", None, "makes no set 'other'"),
        ("load", None, "needs --events"),
        ("small", 9, "has a size of its own"),
    ],
)
def test_what_cannot_be_made_is_refused(plain, tmp_path, kind, events, message):
    with pytest.raises(UsageError, match=message):
        write_generated(plain, kind, tmp_path, 1, events=events)


def test_a_size_that_the_generator_refuses_is_bad_input(plain, tmp_path):
    def refuse(*_):
        raise ValueError("too few events")

    plain.generate_load = refuse

    with pytest.raises(UsageError, match="too few events"):
        write_generated(plain, "load", tmp_path, 1, events=2)


def test_a_set_is_replaced_as_a_whole(plain, tmp_path):
    (tmp_path / "set" / "old").mkdir(parents=True)
    (tmp_path / "set" / "manifest.json").write_text("old")
    (tmp_path / "set" / "old" / "s.jsonl").write_text("old")

    def write(_kind, folder, _seed):
        (folder / "manifest.json").write_text("new")
        return folder / "manifest.json"

    plain.generate = write

    assert write_generated(plain, "small", tmp_path / "set", 3, events=None).read_text() == "new"
    assert [path.name for path in tmp_path.rglob("*")] == ["set", "manifest.json"]


def test_files_of_any_kind_are_part_of_a_set_that_names_them(plain, tmp_path):
    manifest = '{"files": ["cases.json"], "scenarios": {"a": {"sessions": [{"file": "days/a.dbn.zst"}]}}}'
    (tmp_path / "set" / "days").mkdir(parents=True)
    (tmp_path / "set" / "manifest.json").write_text(manifest)
    (tmp_path / "set" / "days" / "a.dbn.zst").write_text("old")
    (tmp_path / "set" / "cases.json").write_text("old")

    def write(_kind, folder, _seed):
        (folder / "manifest.json").write_text(manifest)
        return folder / "manifest.json"

    plain.generate = write

    write_generated(plain, "small", tmp_path / "set", 3, events=None)
    assert [path.name for path in (tmp_path / "set").iterdir()] == ["manifest.json"]
    (tmp_path / "set" / "b.dbn.zst").write_text("not of the set")
    with pytest.raises(UsageError, match=r"holds b\.dbn\.zst"):
        write_generated(plain, "small", tmp_path / "set", 3, events=None)


@pytest.mark.parametrize("end", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_a_set_that_is_not_finished_leaves_the_old_one(plain, tmp_path, end):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "manifest.json").write_text("old")

    def fail(_kind, folder, _seed):
        (folder / "manifest.json").write_text("half")
        raise end

    plain.generate = fail

    with pytest.raises((KeyboardInterrupt, UsageError)):
        write_generated(plain, "small", tmp_path / "set", 3, events=None)
    assert (tmp_path / "set" / "manifest.json").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (["manifest.json", "notes.txt"], "holds notes.txt"),
        (["mine.jsonl"], "holds mine.jsonl"),
    ],
)
def test_files_of_others_are_never_replaced(plain, tmp_path, files, message):
    for name in files:
        (tmp_path / name).write_text("kept")

    with pytest.raises(UsageError, match=message):
        write_generated(plain, "small", tmp_path, 3, events=None)
    assert sorted(path.name for path in tmp_path.iterdir()) == files


def test_a_file_is_no_folder_for_a_set(plain, tmp_path):
    (tmp_path / "file").write_text("kept")

    with pytest.raises(UsageError, match="is no folder"):
        write_generated(plain, "small", tmp_path / "file", 3, events=None)
