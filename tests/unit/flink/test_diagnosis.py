"""The root cause of a failure, as a user must be told it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from streamproof.flink.diagnosis import LONGEST_CAUSE, hint_for, refused_because, root_cause

CASES = yaml.safe_load((Path(__file__).parent / "causes.yaml").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_last_cause_is_named_with_a_hint(case):
    assert root_cause(case["trace"]) == case["cause"]
    assert case["hint"] in hint_for(case["cause"])


def test_an_endless_message_is_shortened():
    assert len(root_cause("java.lang.Error: " + "x" * 10_000)) <= LONGEST_CAUSE + 2


def test_a_refusal_without_a_reason_says_so():
    assert refused_because([]) == refused_because(["Internal server error."]) == "Flink gives no reason"
