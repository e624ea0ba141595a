"""The attribution decision by itself, and what the index shows it."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.livepeer.lifecycle import attribution
from pipelines.livepeer.lifecycle.attribution import Evidence, Sighting, decide
from pipelines.livepeer.lifecycle.candidates import CapabilityIndex, Snapshot
from pipelines.livepeer.lifecycle.rules import DEFAULT_RULES, Rules

from . import builders

DECISIONS = builders.cases("decisions")
WHEN = {
    "exact": attribution.SAME_TIME,
    "prior": attribution.EARLIER,
    "later": attribution.LATER,
    "old": attribution.TOO_OLD,
}
DAY = DEFAULT_RULES.attribution_ttl_ms
SKEW = DEFAULT_RULES.future_skew_ms


def sighting(wallet: str, when: str = "prior", minutes: int = 1, **values: Any) -> Sighting:
    known = {"url": "", "pipeline": "live", "model": "X", "gpu": None, "at_url": False, **values}
    return Sighting(address=wallet, freshness=WHEN[when], distance_ms=minutes * 60_000, **known)


@pytest.mark.parametrize("case", DECISIONS, ids=[case["name"] for case in DECISIONS])
def test_decision(case: dict[str, Any]) -> None:
    hint = case.get("hint", "")
    for seen in permutations([sighting(**item) for item in case["sightings"]]):
        decision = decide(seen, hint)
        assert {name: getattr(decision, name) for name in case["expect"]} == case["expect"]
        # What a session keeps of it says the same.
        assert Evidence.weigh(seen).decide(hint) == decision


def index_with(*snapshots: tuple[str, str, str, int], rules: Rules = DEFAULT_RULES) -> CapabilityIndex:
    index = CapabilityIndex(rules)
    for proxy, wallet, url, time_ms in snapshots:
        index.add(Snapshot(proxy, wallet, url, "live", "X", "g", time_ms))
    return index


@pytest.mark.parametrize(
    ("age_ms", "method"),
    [
        (0, "exact_orchestrator_time_match"),
        (1, "nearest_prior_snapshot"),
        (DAY, "nearest_prior_snapshot"),
        (DAY + 1, "proxy_address_join"),
        (9 * DAY, "proxy_address_join"),
        (-1, "nearest_snapshot_within_ttl"),
        (-SKEW, "nearest_snapshot_within_ttl"),
        (-SKEW - 1, "none"),
    ],
)
def test_method_by_age_of_the_snapshot(age_ms: int, method: str) -> None:
    now = 100 * DAY
    index = index_with(("p", "A", "https://u", now - age_ms))
    assert index.evidence("p", "https://u", now).decide("X").method == method


def test_answers_are_not_kept_beyond_the_times_they_hold_for() -> None:
    now = 100 * DAY
    index = index_with(("p", "A", "u", now))
    asked = [now + 1, now + DAY, now + DAY + 1, now - SKEW, now - SKEW - 1, now, now - 1]
    assert [index.evidence("p", "u", at).decide("X").confidence for at in [*asked, *reversed(asked)]] == [
        *(expected := [0.9, 0.9, 0.4, 0.7, 0.0, 1.0, 0.7]),
        *reversed(expected),
    ]


def test_wallets_are_found_as_proxy_and_as_canonical() -> None:
    index = index_with(("p", "A", "u", 5), ("q", "A", "v", 5))
    assert [index.evidence(wallet, "", 6).decide("").address for wallet in ("p", "q", "A", "z")] == ["A", "A", "A", ""]
    assert index.evidence("A", "v", 6).decide("").url == "v"


def test_one_proxy_of_several_wallets_is_settled_by_the_url() -> None:
    index = index_with(("p", "A", "https://One:8935/", 5), ("p", "B", "https://two:8935", 5))
    found = [
        index.evidence("p", url, 6).decide("X") for url in ("https://one:8935", "https://TWO:8935/", "", "https://x")
    ]
    assert [decision.address for decision in found] == ["A", "B", "", ""]
    assert [decision.status for decision in found] == ["resolved", "resolved", "ambiguous", "ambiguous"]


def test_a_snapshot_without_canonical_wallet_is_not_kept() -> None:
    index = CapabilityIndex(DEFAULT_RULES)
    assert not index.add(Snapshot("p", "", "u", "live", "X", "g", 1))
    assert not index.add(Snapshot("", "", "u", "live", "X", "g", 1))
    assert index.wallet_count == 0


def test_the_index_is_bounded() -> None:
    rules = Rules(most_wallets=10, most_candidates_per_wallet=3, most_times_per_candidate=4)
    index = CapabilityIndex(rules)
    for number in range(50):
        index.add(Snapshot("p", f"w{number}", f"u{number}", "live", "X", None, 1000 + number))
        index.add(Snapshot("p", "w", "u", "live", "X", None, 2000 + number))
    kept = index.dump()
    assert len(kept["shelves"]) <= 10
    assert all(len(places) <= 3 for places in kept["shelves"].values())
    assert all(len(item[-1]) <= 4 for item in kept["candidates"])
    assert index.evidence("p", "u", 2049).decide("X").confidence == 1.0


WALLETS = st.sampled_from(["", "p", "q", "A", "B"])
SNAPSHOTS = st.builds(
    Snapshot,
    WALLETS,
    WALLETS,
    st.sampled_from(["", "u", "v"]),
    st.sampled_from(["", "live"]),
    st.sampled_from(["", "X", "x", "Y"]),
    st.sampled_from([None, "g", "h"]),
    st.integers(0, 40),
)


@given(st.lists(SNAPSHOTS, max_size=12), st.randoms(use_true_random=False), st.data())
def test_neither_the_order_of_snapshots_nor_earlier_questions_change_an_answer(snapshots, random, data) -> None:
    rules = Rules(attribution_ttl_ms=10, future_skew_ms=3)
    one, other = CapabilityIndex(rules), CapabilityIndex(rules)
    for snapshot in snapshots:
        one.add(snapshot)
    random.shuffle(snapshots)
    for snapshot in snapshots:
        other.add(snapshot)
        other.evidence("p", "u", 20)
    restored = CapabilityIndex(rules)
    restored.load(other.dump())
    for wallet, url, at_ms in data.draw(
        st.lists(st.tuples(WALLETS, st.sampled_from(["", "u"]), st.integers(0, 60)), max_size=9)
    ):
        content = one.evidence(wallet, url, at_ms).content()
        fresh = CapabilityIndex(rules)
        for snapshot in snapshots:
            fresh.add(snapshot)
        assert content == fresh.evidence(wallet, url, at_ms).content()
        assert content == other.evidence(wallet, url, at_ms).content()
        assert content == restored.evidence(wallet, url, at_ms).content()
