"""The ledger tells what was acknowledged, whatever was being written when its process died."""

from __future__ import annotations

import pytest

from streamproof.model.errors import StackError, UsageError
from streamproof.replaying.ledger import Acknowledged, Ledger, ledger_of


def test_series_of_offsets_are_one_line_each_and_add_up(tmp_path):
    with Ledger(tmp_path / "r") as ledger:
        ledger.add(0, [5, 6, 7, 9])
        ledger.add(2, [0])
        ledger.add(0, [10, 11])
        assert ledger.acknowledged() == {0: Acknowledged(6, 12), 2: Acknowledged(1, 1)}
    assert (tmp_path / "r/acknowledged.jsonl").read_text().splitlines() == [
        '{"partition":0,"offset":5,"records":3}',
        '{"partition":0,"offset":9,"records":1}',
        '{"partition":2,"offset":0,"records":1}',
        '{"partition":0,"offset":10,"records":2}',
    ]


def test_a_line_that_was_cut_does_not_count_and_is_written_over(tmp_path):
    with Ledger(tmp_path) as ledger:
        ledger.add(0, [0, 1])
    entries = tmp_path / "acknowledged.jsonl"
    whole = entries.read_bytes()
    for length in range(1, len(whole)):
        entries.write_bytes(whole + whole[:length])
        with Ledger(tmp_path) as ledger:
            assert ledger.acknowledged() == {0: Acknowledged(2, 2)}
            ledger.add(0, [2])
        with Ledger(tmp_path) as ledger:
            assert ledger.acknowledged() == {0: Acknowledged(3, 3)}


def test_one_process_at_a_time(tmp_path):
    with (
        Ledger(tmp_path / "r"),
        pytest.raises(StackError, match="published by another process"),
        Ledger(tmp_path / "r"),
    ):
        pass
    with Ledger(tmp_path / "r"):
        pass


def test_nothing_is_left_of_a_replay_that_has_not_begun(tmp_path):
    with pytest.raises(StackError, match="no broker"), Ledger(tmp_path / "r"):
        raise StackError("no broker", hint="start one")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StackError, match="cannot be written: Not a directory"), Ledger(tmp_path / "file" / "r"):
        pass


@pytest.mark.parametrize("run_id", ["", "..", "a/b", "-x", "x" * 65])
def test_an_id_is_the_name_of_a_folder(tmp_path, run_id):
    with pytest.raises(UsageError, match="is not the id of a replay"):
        ledger_of(tmp_path, run_id)
    assert ledger_of(tmp_path, "replay-1.a").folder == tmp_path / "replay-1.a"
