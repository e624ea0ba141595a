"""What readiness and drain conclude from what they see."""

from __future__ import annotations

import json

import pytest

from streamproof.stages.pipeline_ready import assigned_to_processor
from streamproof.stages.pipeline_wait import timeout_sec
from streamproof.transport.base import GroupState


@pytest.mark.parametrize(
    ("state", "assigned", "lacks"),
    [
        ("stable", {0, 1}, ""),
        ("stable", {0, 1, 2}, ""),
        ("stable", {1}, "group g has no consumer for partition 0"),
        ("preparing rebalancing", {0, 1}, "group g is preparing rebalancing"),
        ("not there yet", set(), "group g is not there yet"),
    ],
)
def test_a_group_is_ready_when_it_is_stable_and_holds_every_partition(state, assigned, lacks):
    assert GroupState("g", state, frozenset(assigned)).missing(frozenset({0, 1})) == lacks


@pytest.mark.parametrize(
    ("status", "assigned"),
    [
        ({"state": "running", "assigned": {"in": [0]}}, {0}),
        ({"state": "running", "assigned": {"other": [0]}}, set()),
        ({"state": "starting", "assigned": {"in": [0]}}, set()),
        ({"state": "running"}, set()),
        (None, set()),
    ],
)
def test_a_processor_holds_what_it_says_while_it_runs(tmp_path, status, assigned):
    file = tmp_path / "processor_status.json"
    if status is not None:
        file.write_text(json.dumps(status))
    assert assigned_to_processor(file, "in") == assigned


def test_a_drain_may_take_longer_the_more_was_published():
    assert timeout_sec(200) < 61
    assert timeout_sec(400_000) == 260
