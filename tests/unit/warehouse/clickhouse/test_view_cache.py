"""A query with held views in place of the views that it names."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from streamproof.warehouse.clickhouse.view_cache import HeldViews, shared_by


def test_a_query_reads_what_is_held_of_its_views(monkeypatch):
    monkeypatch.setattr("streamproof.warehouse.clickhouse.view_cache.rows", lambda *_: [{"name": "held__v_a"}])
    views = HeldViews.found(SimpleNamespace())
    assert views.in_place("SELECT 1 FROM v_a JOIN v_b") == "SELECT 1 FROM `held__v_a` AS `v_a` JOIN v_b"


VIEWS = {
    "v_a": "SELECT 1 FROM d.facts",
    "v_b": "SELECT 1 FROM d.v_a",
    "v_c": "SELECT 1 FROM d.v_a JOIN d.v_b",
    "v_d": "SELECT 1 FROM d.v_d",
}


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["FROM v_a JOIN v_b"], {"v_a"}),
        (["FROM v_a AS v_a"], set()),
        (["FROM v_a", "FROM v_a"], {"v_a"}),
        (["FROM v_a_old", "FROM v_a"], set()),
        (["FROM v_b"], set()),
        (["FROM v_c"], {"v_a"}),
        (["FROM v_c", "FROM v_b"], {"v_a", "v_b"}),
        # A view is one reader of what it names, however many read it.
        (["FROM v_b", "FROM v_b"], {"v_b"}),
        (["FROM v_d"], {"v_d"}),
        (["FROM facts", "FROM facts"], set()),
        ([], set()),
    ],
)
def test_a_view_is_shared_by_two_readers_or_more_views_among_them(texts, expected):
    assert shared_by(texts, VIEWS) == expected
