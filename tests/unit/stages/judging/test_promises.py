"""What a replayed set promises, by what it publishes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from streamproof.fixtures.ordering import plan_replay
from streamproof.model.window import Window
from streamproof.packs.loading import load_pack
from streamproof.stages.judging.promises import promised_by_scenario, promised_sessions, published_in_window
from tests.support import one_session as log
from tests.support.one_session import CLEAN, PARAMS, REFUSED, START_MS, Who

WHO = Who()
TRACE, SAMPLE = log.trace("gateway_receive_stream_request", 0, WHO), log.status(10, WHO)
REJECTED = log.Event(10, "ai_stream_status", {}, "dlq")


@pytest.mark.parametrize(
    ("events", "scenario", "promised"),
    [
        ([TRACE, SAMPLE], CLEAN, 1),
        ([TRACE], CLEAN, 0),
        ([SAMPLE], CLEAN, 0),
        # A sample that the set wants rejected makes no session healthy.
        ([TRACE, REJECTED], CLEAN, 0),
        ([TRACE], REFUSED, 1),
        ([TRACE, SAMPLE], PARAMS, 0),
        ([TRACE, log.notice("params_update", 5, WHO)], PARAMS, 1),
        ([log.payment(5, WHO)], REFUSED, 0),
    ],
)
def test_a_label_promises_what_its_records_can_bring_about(home, tmp_path: Path, events, scenario, promised) -> None:
    pack = load_pack(home, "livepeer")
    plan = plan_replay(log.write_log(tmp_path, events, {WHO.session: scenario}), pack.replay)
    assert len(promised_sessions(pack, plan)) == promised
    assert promised_by_scenario(pack, plan) == {name: promised * (name == scenario) for name in pack.scenarios}


def test_records_count_in_the_window_of_their_own_time(home, tmp_path: Path) -> None:
    events = [TRACE, SAMPLE, log.capability(-60_000), log.payment(20, WHO)]
    plan = plan_replay(log.write_log(tmp_path, events, {WHO.session: CLEAN}), load_pack(home, "livepeer").replay)
    start, end = (datetime.fromtimestamp((START_MS + at) / 1000, UTC) for at in (0, 20))
    assert published_in_window(plan, Window(start, end)) == {"ai_stream_status": 1, "stream_trace": 1}
