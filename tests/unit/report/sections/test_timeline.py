"""How stages are laid out over the time of a run."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streamproof.model.results import StageResult, Status
from streamproof.model.window import from_epoch_ms, iso_ms
from streamproof.report.sections.timeline import build_timeline


def stage(name: str, start_ms: int, length_ms: int) -> StageResult:
    base = 1_772_331_300_000
    return StageResult(
        name, Status.PASSED, iso_ms(from_epoch_ms(base + start_ms)), iso_ms(from_epoch_ms(base + start_ms + length_ms)),
        length_ms / 1000,
    )  # fmt: skip


def test_no_stage_is_no_bar():
    assert build_timeline([]).bars == ()


def test_a_pause_between_stages_is_a_bar_of_its_own_and_counts_as_waiting():
    timeline = build_timeline(
        [stage("stack_up", 0, 1000), stage("replay_events", 2000, 1000), stage("query_pack", 3100, 900)],
        waiting={"stack_up"},
    )
    assert [(bar.label, bar.kind) for bar in timeline.bars] == [
        ("stack_up", "wait"), ("between stages", "idle"), ("replay_events", "work"), ("query_pack", "work"),
    ]  # fmt: skip
    assert timeline.total_sec == 4.0
    assert timeline.waited_sec == 2.0
    assert [(bar.start, bar.width) for bar in timeline.bars][:3] == [(0, 25), (25, 25), (50, 25)]


@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)), min_size=1, max_size=12))
def test_every_bar_is_visible_and_inside(spans):
    for bar in build_timeline([stage(f"s{number}", *span) for number, span in enumerate(spans)]).bars:
        assert 0 <= bar.start < 100
        assert 0 < bar.width <= 100.01 - bar.start
