"""Where every record went."""

from __future__ import annotations

from itertools import pairwise

import pytest

from streamproof.report.sections.conservation import flow


def results_of(samples, published, **details):
    replay = samples.stage("replay_events", details={"published": published, "by_type": {"a": 8, "b": 4}})
    return {"replay_events": replay, "conservation": samples.stage("conservation", **details)}


def test_records_flow_to_their_dispositions_and_the_rest_is_lost(samples):
    kinds = {"accepted": {"a": 7, "b": 3}, "dlq": {"a": 1}, "ignored": {}}
    found = flow(results_of(samples, 12, details={"dispositions": kinds}))
    assert [(band.name, band.kind, band.amount) for band in found.bands] == [
        ("accepted", "kept", 10),
        ("dlq", "rejected", 1),
        ("nowhere", "lost", 1),
    ]
    assert found.columns == ("published", "accepted", "dlq", "ignored")
    assert found.rows == (("a", (8, 7, 1, 0)), ("b", (4, 3, 0, 0)))


def test_bands_do_not_overlap_and_stay_in_the_drawing(samples):
    kinds = {"accepted": {"a": 10**6}, "dlq": {"a": 1}, "quarantine": {"a": 1}}
    found = flow(results_of(samples, 10**6 + 2, details={"dispositions": kinds}))
    ends = [(band.target, band.target + band.height) for band in found.bands]
    assert all(end <= start for (_, end), (start, _) in pairwise(ends))
    assert ends[-1][1] <= found.height
    assert min(band.height for band in found.bands) >= 3


@pytest.mark.parametrize("published", [10, 12])
def test_a_pack_without_dispositions_shows_the_places_of_its_ids(samples, published):
    check = samples.check(
        "no_id_is_missing",
        suite="conservation",
        diagnostics={"ids_published": published, "ids_by_place": {"trades": 8, "rejects": 2}},
    )
    found = flow(results_of(samples, 0, checks=(check,)))
    lost = [] if published == 10 else [("nowhere", "lost", 2)]
    assert found.what == "ids"
    assert [(band.name, band.kind, band.amount) for band in found.bands] == [
        ("trades", "kept", 8),
        ("rejects", "kept", 2),
        *lost,
    ]
    assert found.rows == ()


def test_nothing_is_drawn_where_nothing_is_known(samples):
    assert flow(samples.error_results()) is None
    assert flow(results_of(samples, 0, details={"dispositions": {"accepted": {"a": 1}}})) is None
