"""Remembered answers are those that a fresh look gives, also at the edges of 24 and 48 hours."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from packs.livepeer.oracle.attribution import FUTURE_SKEW_MS, TTL_MS, Wallets
from packs.livepeer.oracle.evidence import Signal
from packs.livepeer.oracle.snapshots import Snapshot

times = st.builds(lambda halves, slack: halves * TTL_MS // 2 + slack, st.integers(10, 20), st.integers(-1, 1))
names = st.sampled_from(["a", "b"])
snapshots = st.lists(
    st.builds(
        Snapshot,
        st.integers(0, 9),
        times,
        names,
        st.just("proxy"),
        names,
        st.sampled_from(["", "m", "M2"]),
        st.just("p"),
    )
)
signals = st.lists(
    st.builds(
        lambda time, sequence, address, url: Signal(
            "s|r", time, 2, "uid", time, sequence, "status", "s", "r", "", address, url
        ),
        times,
        st.integers(0, 9),
        st.sampled_from(["proxy", "a"]),
        st.sampled_from(["", "a", "c"]),
    ),
    max_size=8,
)


@settings(deadline=None)  # no test here judges by the clock
@given(snapshots=snapshots, signals=signals, hints=st.lists(st.sampled_from(["", "m", "m2", "x"]), min_size=8))
def test_an_answer_depends_only_on_its_question(snapshots, signals, hints):
    shared = Wallets(snapshots)
    for signal, hint in zip(signals, hints, strict=False):
        known = [
            snapshot
            for snapshot in snapshots
            if snapshot.sequence < signal.sequence and snapshot.time <= signal.published + FUTURE_SKEW_MS
        ]
        answer = shared.attribute(signal, hint)
        assert answer == Wallets(known).attribute(signal, hint)
        assert answer is None or answer.canonical in {snapshot.canonical for snapshot in known}
