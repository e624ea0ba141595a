"""A query with held views in place of the views that it names."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from streamproof.services.held_views import HeldViews, shared_by

HELD = "`v_a` AS (SELECT * FROM `held__v_a`)"


@pytest.fixture
def views(monkeypatch) -> HeldViews:
    """Views `v_a` and `v_b` are held."""
    monkeypatch.setattr(
        "streamproof.services.held_views.rows", lambda *_: [{"name": "held__v_a"}, {"name": "held__v_b"}]
    )
    return HeldViews.found(SimpleNamespace())


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1 FROM facts", "SELECT 1 FROM facts"),
        ("SELECT 1 FROM v_a_old", "SELECT 1 FROM v_a_old"),
        ("SELECT 1 FROM v_a", f"WITH {HELD} SELECT 1 FROM v_a"),
        ("WITH x AS (SELECT 1) SELECT 1 FROM v_a", f"WITH {HELD},  x AS (SELECT 1) SELECT 1 FROM v_a"),
        ("with x AS (SELECT * FROM v_a) SELECT 1", f"WITH {HELD},  x AS (SELECT * FROM v_a) SELECT 1"),
        ("-- with what?\n/* WITH */ SELECT 1 FROM v_a", f"-- with what?\n/* WITH */ WITH {HELD} SELECT 1 FROM v_a"),
        (
            "SELECT 1 FROM v_b, v_a",
            f"WITH {HELD}, `v_b` AS (SELECT * FROM `held__v_b`) SELECT 1 FROM v_b, v_a",
        ),
    ],
)
def test_a_query_gets_what_is_held_under_the_names_of_its_views(views, sql, expected):
    assert views.in_place(sql) == expected


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
