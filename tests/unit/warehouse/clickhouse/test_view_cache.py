"""Which views are worth to be cached, and which queries read what is cached."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from streamproof.warehouse.clickhouse.view_cache import ViewCache, shared_by


@pytest.mark.parametrize(
    ("sql", "reads_the_cache"),
    [
        ("SELECT 1 FROM v_a JOIN v_b", True),
        ("SELECT 1 FROM v_b", False),
        ("SELECT 1 FROM v_a_old", False),
        ("SELECT 1 FROM merge('^v_')", True),
        ("SELECT 1 FROM merge('^facts$')", False),
        # What is asked about tables is asked about the run's own.
        ("SELECT 1 FROM system.columns WHERE table = 'v_a'", False),
    ],
)
def test_a_query_that_names_a_cached_view_runs_where_it_is_cached(monkeypatch, sql, reads_the_cache):
    monkeypatch.setattr("streamproof.warehouse.clickhouse.view_cache.rows", lambda *_: [{"name": "v_a"}])
    cache = ViewCache.found(SimpleNamespace(database="sp_run"))
    assert cache.database_for(sql) == ("sp_run__views" if reads_the_cache else None)


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
