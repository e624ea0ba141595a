"""Logs of one session, whole and in every broken-off form in which people have them: a sound pipeline passes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from streamproof.model.results import Status, Verdict
from tests.support import one_session as log
from tests.support.one_session import CLEAN, OTHER, PARAMS, REFUSED, Event, Who
from tests.support.pipeline_in_engine import Outcome, PipelineInEngine

pytestmark = pytest.mark.engine

WHO = Who()
SHORT = log.whole_session(samples=4)
REQUESTED = log.trace("gateway_receive_stream_request", 0, WHO, named=False)
NOBODY = log.notice("error", 3, WHO, "no orchestrators available")
NONE_AVAILABLE = log.trace("gateway_no_orchestrators_available", 3, WHO, named=False)
CLOSED = log.trace("gateway_ingest_stream_closed", 100, WHO, named=False)
AGAIN = Who(request="77aa01cc")


def late(event: Event, at: int) -> Event:
    return replace(event, at=at)


# What the log is, its events, and the scenario of each session that it makes.
LOGS: dict[str, tuple[list[Event], dict[str, str]]] = {
    "whole": (log.whole_session(), {WHO.session: CLEAN}),
    "no capability": (log.without(SHORT, "network_capabilities"), {WHO.session: CLEAN}),
    "capability before the traces": (
        [late(event, -60_000) if event.family == "network_capabilities" else event for event in SHORT],
        {WHO.session: CLEAN},
    ),
    "capability after the end": (
        [late(event, 900_000) if event.family == "network_capabilities" else event for event in SHORT],
        {WHO.session: CLEAN},
    ),
    "capability of another model": (
        [log.capability(76_000, "another-model"), *log.without(SHORT, "network_capabilities")],
        {WHO.session: CLEAN},
    ),
    "no payments": (log.without(SHORT, "create_new_payment"), {WHO.session: CLEAN}),
    "no notices and no statistics": (
        log.without(SHORT, "ai_stream_events", "stream_ingest_metrics"),
        {WHO.session: CLEAN},
    ),
    "no closing edge": (
        [event for event in SHORT if event.data and "closed" not in str(event.data)],
        {WHO.session: CLEAN},
    ),
    "two requests of one stream": (
        [*SHORT, *log.without(log.whole_session(AGAIN, samples=4, offset=400_000), "network_capabilities")],
        {WHO.session: CLEAN, AGAIN.session: CLEAN},
    ),
    "parameters changed": ([*SHORT, log.notice("params_update", 70_500, WHO, "prompt")], {WHO.session: PARAMS}),
    "slow": (log.whole_session(samples=4, fps=6.5), {WHO.session: OTHER}),
    "one failed attempt": ([REQUESTED, NOBODY, NONE_AVAILABLE, CLOSED], {WHO.session: REFUSED}),
    "only the head": ([event for event in SHORT if event.at < 1_300], {WHO.session: OTHER}),
    "only the tail": ([event for event in SHORT if event.at > 61_000], {WHO.session: OTHER}),
    "a milestone of the app": (
        [*SHORT, log.trace("app_send_stream_request", -5, WHO, named=False)],
        {WHO.session: CLEAN},
    ),
    "stream id only": (
        [
            replace(event, expect="dlq")
            for event in [log.status(60_000, Who(request="")), log.ingest(5, Who(request=""))]
        ],
        {"": OTHER},
    ),
    "payments only": ([log.payment(300, WHO), log.payment(600, WHO)], {WHO.session: CLEAN}),
    "discovery only": ([log.discovery(0)], {WHO.session: REFUSED}),
    "capabilities only": ([log.capability()], {WHO.session: CLEAN}),
    "statistics only": ([log.ingest(5_000, WHO)], {WHO.session: OTHER}),
    "notices only": ([NOBODY], {WHO.session: OTHER}),
    "samples only": ([log.status(60_000, WHO)], {WHO.session: OTHER}),
    "milestones under the label of the whole": (
        [event for event in SHORT if event.family == "stream_trace"],
        {WHO.session: CLEAN},
    ),
}


def judged(pipeline: PipelineInEngine, folder: Path, events: list[Event], sessions: dict[str, str]) -> Outcome:
    return pipeline.judge(pipeline.load(log.write_log(folder, events, sessions)))


@pytest.mark.parametrize("name", LOGS)
def test_a_log_of_one_session_passes(pipeline: PipelineInEngine, tmp_path: Path, name: str) -> None:
    outcome = judged(pipeline, tmp_path, *LOGS[name])
    assert outcome.verdict is Verdict.PASSED, outcome.explain()


def test_the_whole_log_has_all_seven_families() -> None:
    events = log.whole_session()
    assert len(events) == 65
    assert len({event.family for event in events}) == 7


def test_a_family_that_nobody_published_is_skipped_with_that_reason(pipeline: PipelineInEngine, tmp_path: Path) -> None:
    checks = judged(pipeline, tmp_path, *LOGS["one failed attempt"]).checks
    skipped = checks["raw_typed_network_capabilities_expected_in_window"]
    assert skipped.status is Status.SKIPPED
    assert "no capability event was published" in skipped.diagnostics["skip_reason"]
    assert (
        "nothing was published"
        in checks["scenario_1_clean_success_no_swap_fps_gt_12_exists"].diagnostics["skip_reason"]
    )


def test_an_unexpected_reject_is_named(pipeline: PipelineInEngine, tmp_path: Path) -> None:
    broken = replace(log.trace("gateway_send_first_ingest_segment", 1_205, WHO), data={"type": "of nobody"})
    outcome = judged(pipeline, tmp_path, [*SHORT, broken], {WHO.session: CLEAN})
    assert outcome.verdict is Verdict.FAILED
    failed = {name: outcome.checks[name].diagnostics for name in outcome.named(Status.FAILED)}
    [event_id] = failed["raw_typed_core_1to1_parity"]["failing_ids"]
    [(partition, offset, rejected, disposition, reason)] = failed["conservation_rejects_are_expected"][
        "partition_offset_id_disposition_reason"
    ]
    assert (rejected, disposition, reason) == (event_id, "dlq", "missing_field")
    assert failed["raw_typed_no_dlq_or_quarantine_for_core_types"]["partition_offset_place"] == [
        [partition, offset, "dlq"]
    ]


def test_a_time_in_seconds_is_named(pipeline: PipelineInEngine, tmp_path: Path) -> None:
    seconds = (log.START_MS + 70_000) // 1000
    broken = replace(log.status(70_000, WHO), at=seconds - log.START_MS)
    outcome = judged(pipeline, tmp_path, [*SHORT, broken], {WHO.session: CLEAN})
    assert outcome.verdict is Verdict.FAILED
    found = outcome.checks["raw_typed_event_times_are_plausible"]
    assert [entry[1:] for entry in found.diagnostics["event_field_and_value"]] == [["timestamp", seconds]]
    assert found.sessions == (WHO.session,)
    # Oracle and views treat it by one rule: its session counts for nothing.
    assert outcome.checks["oracle_sessions_match"].status is Status.SKIPPED
