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


@pytest.mark.parametrize(
    ("diagnostics", "lost", "note"),
    [
        ({"missing": 0}, [], "5 of the dispositions are of a record that has another one, or that nobody published."),
        ({"missing": 3}, [("nowhere", 3)], "8 of the dispositions are of a record that has another one, or that"),
        ({}, [], "105 dispositions of 100 records were counted: how many records went nowhere is not known, because"),
    ],
)
def test_a_record_with_two_dispositions_hides_none_without_any(samples, diagnostics, lost, note):
    kinds = {"accepted": {"a": 95}, "duplicate": {"a": 10}}
    check = samples.check("dispositions_hold_every_record_once", suite="conservation", diagnostics=diagnostics)
    found = flow(results_of(samples, 100, details={"dispositions": kinds}, checks=(check,)))
    assert [(band.name, band.amount) for band in found.bands] == [("accepted", 95), ("duplicate", 10), *lost]
    assert found.note.startswith(note)


def test_a_lost_record_is_shown_where_the_totals_are_the_same(samples):
    check = samples.check("dispositions_hold_every_record_once", suite="conservation", diagnostics={"missing": 1})
    found = flow(results_of(samples, 10, details={"dispositions": {"accepted": {"a": 10}}}, checks=(check,)))
    assert [(band.name, band.amount) for band in found.bands] == [("accepted", 10), ("nowhere", 1)]
    assert found.note.startswith("1 of the dispositions is of a record that has another one")


def test_numbers_that_agree_need_no_note(samples):
    check = samples.check("dispositions_hold_every_record_once", suite="conservation", diagnostics={"missing": 2})
    found = flow(results_of(samples, 12, details={"dispositions": {"accepted": {"a": 10}}}, checks=(check,)))
    assert [(band.name, band.amount) for band in found.bands] == [("accepted", 10), ("nowhere", 2)]
    assert found.note == ""


def test_an_id_that_was_published_twice_is_not_lost(samples):
    check = samples.check(
        "no_id_is_missing",
        suite="conservation",
        failed_rows=1,
        diagnostics={"ids_published": 12, "ids_by_place": {"trades": 8, "rejects": 1}},
    )
    found = flow(results_of(samples, 0, checks=(check,)))
    assert [(band.name, band.kind, band.amount) for band in found.bands][2:] == [
        ("published or found several times", "kept", 2),
        ("nowhere", "lost", 1),
    ]


@pytest.mark.parametrize("published", [10, 12])
def test_a_pack_without_dispositions_shows_the_places_of_its_ids(samples, published):
    check = samples.check(
        "no_id_is_missing",
        suite="conservation",
        failed_rows=published - 10,
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
