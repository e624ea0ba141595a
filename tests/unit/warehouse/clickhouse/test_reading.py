"""Which settings a query is given, by what the user's profile lets it change."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from streamproof.model.errors import WarehouseError
from streamproof.warehouse.clickhouse.reading import (
    CHECK_SETTINGS,
    UNCOMPILED,
    is_frozen,
    needs_of,
    reading_settings,
    refuse_profile,
)

ALL_SETTINGS = {**CHECK_SETTINGS, **UNCOMPILED}

OUTER = "SELECT count() FROM a LEFT ANY JOIN b USING (x) WHERE b.y IS NULL"


def client(*fixed: str, **values: str) -> SimpleNamespace:
    """Stand in for a client: what its server said of the settings when it connected."""
    settings = {
        name: SimpleNamespace(
            value=values.get(name, "throw" if "overflow" in name else "0"), readonly=int(name in fixed)
        )
        for name in ALL_SETTINGS
    }
    return SimpleNamespace(server_settings=settings)


def test_a_free_user_is_given_all_settings():
    assert reading_settings(client()) == ALL_SETTINGS
    assert needs_of(client(), OUTER) == ""
    assert not is_frozen(client())
    refuse_profile(client())


def test_what_a_profile_fixes_is_not_sent():
    assert reading_settings(client("readonly")) == {k: v for k, v in ALL_SETTINGS.items() if k != "readonly"}
    assert reading_settings(client(*ALL_SETTINGS)) == {}


def test_a_server_that_does_not_know_how_to_be_quick_is_not_asked_to_be():
    old = client()
    for name in UNCOMPILED:
        del old.server_settings[name]
    assert reading_settings(old) == CHECK_SETTINGS


@pytest.mark.parametrize(
    ("sql", "depends"),
    [
        (OUTER, True),
        ("SELECT 1 FROM a\n  FULL OUTER JOIN b ON a.x = b.x", True),
        ("SELECT 1 FROM a ANY LEFT JOIN b USING (x)", True),
        ("SELECT 1 FROM a right join b using (x)", True),
        ("SELECT 1 FROM a INNER JOIN b USING (x)", False),
        ("SELECT 1 FROM a LEFT ANTI JOIN b USING (x)", False),
        ("SELECT 1 FROM a LEFT ARRAY JOIN b", False),
        ("SELECT left(x, 2) FROM a", False),
    ],
)
def test_a_query_with_an_outer_join_depends_on_a_setting(sql, depends):
    frozen = client(*CHECK_SETTINGS)
    assert bool(needs_of(frozen, sql)) is depends
    assert is_frozen(frozen)


@pytest.mark.parametrize("values", [{"result_overflow_mode": "break"}, {"join_use_nulls": "1"}])
def test_a_profile_under_which_answers_are_wrong_is_refused(values):
    refuse_profile(client(**values))
    with pytest.raises(WarehouseError, match=next(iter(values))):
        refuse_profile(client(*CHECK_SETTINGS, **values))
