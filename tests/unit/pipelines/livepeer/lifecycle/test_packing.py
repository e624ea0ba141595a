"""Packed sessions: nothing is lost, and a quiet session takes little memory."""

from __future__ import annotations

import tracemalloc

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.livepeer.lifecycle.attribution import NOBODY, Evidence
from pipelines.livepeer.lifecycle.engine import Lifecycle
from pipelines.livepeer.lifecycle.packing import PackedSignals
from pipelines.livepeer.lifecycle.signals import STATUS, Signal

from . import builders

EVIDENCE = [None, Evidence(NOBODY, NOBODY, {}), Evidence(NOBODY, NOBODY, {})]
TEXT = st.sampled_from(["", "a", "é", "🚀", "\x00"]) | st.text(max_size=9)
SIGNALS = st.builds(
    Signal,
    st.integers(0, 2**62),
    st.integers(0, 3),
    TEXT,
    st.integers(0, 2),
    TEXT,
    TEXT,
    TEXT,
    TEXT,
    st.sampled_from(EVIDENCE),
    st.integers(0, 2**62),
    st.integers(0, 15),
    TEXT,
)


@given(st.lists(SIGNALS, max_size=20))
def test_signals_are_the_same_after_packing(signals: list[Signal]) -> None:
    packed = PackedSignals(signals)
    found = packed.unpack()
    assert len(packed) == len(signals)
    assert found == signals
    assert all(one.evidence is other.evidence for one, other in zip(found, signals, strict=True))


@settings(max_examples=30)
@given(most_open=st.integers(0, 3), order=st.permutations(range(24)))
def test_how_many_sessions_are_open_changes_no_row(most_open: int, order: list[int]) -> None:
    def warehouse(lifecycle: Lifecycle) -> builders.Warehouse:
        batches = [order[start : start + 3] for start in range(0, len(order), 3)]
        rows = [[builders.signal(n, f"e{n}", status="ONLINE", stream=f"s{n % 4}") for n in batch] for batch in batches]
        return builders.run(*rows, lifecycle=lifecycle)

    few, all_of_them = Lifecycle(most_open=most_open), Lifecycle()
    assert warehouse(few).content() == warehouse(all_of_them).content()
    assert few.snapshot() == all_of_them.snapshot()


def test_a_packed_session_takes_a_quarter_of_the_memory() -> None:
    def used(packed: bool) -> int:
        tracemalloc.start()
        signals = [
            Signal(10**12 + n, 2, f"{n:036d}", STATUS, "", "gateway", "model", "url", EVIDENCE[1], 10**12, 0, "")
            for n in range(5_000)
        ]
        kept: list[Signal] | PackedSignals = PackedSignals(signals) if packed else list(signals)
        del signals
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(kept) == 5_000
        return size

    assert used(packed=True) < used(packed=False) / 4


def test_a_late_signal_of_a_packed_session_is_retracted_like_any_other() -> None:
    lifecycle = Lifecycle(most_open=0)
    builders.run([builders.signal(1, "e1", status="ONLINE", stream="s")], lifecycle=lifecycle)
    before = lifecycle.snapshot()
    table, values, gateway = builders.signal(2, "e2", status="ONLINE", stream="s")
    lifecycle.apply(table, values, gateway)
    lifecycle.retract()
    assert lifecycle.flush(builders.T0) == {}
    assert lifecycle.snapshot() == before
    assert lifecycle.session_count == 1
