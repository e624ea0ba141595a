"""The names that isolate a run."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamproof.model.errors import UsageError
from streamproof.runs.names import RunNames


def test_everything_carries_the_run_id(pack):
    names = RunNames.of(pack, "nightly-1")
    assert names.database == "sp_livepeer_nightly_1"
    assert tuple(names.topics.values()) == (
        "nightly-1.streaming_events",
        "nightly-1.events.dlq.streaming_events.v1",
        "nightly-1.events.quarantine.streaming_events.v1",
    )
    assert {names.groups["processor"], names.groups["raw"]} == {"nightly-1.processor", "nightly-1.raw"}


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", fullmatch=True))
def test_any_run_id_gives_legal_names(pack, run_id):
    names = RunNames.of(pack, run_id)
    assert re.fullmatch("[A-Za-z0-9_]+", names.database)
    for topic in names.topics.values():
        assert re.fullmatch("[A-Za-z0-9._-]{1,249}", topic)


@pytest.mark.parametrize("run_id", ["", "-x", "../up", "a/b", "a b", "x" * 65, "é", "a\n"])
def test_other_run_ids_are_refused(pack, run_id):
    with pytest.raises(UsageError, match="is not a run id"):
        RunNames.of(pack, run_id)
