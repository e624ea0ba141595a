"""Column coverage by the command line: a column that no check compares is named. test_prove.py has the whole pack."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.system


def test_undetected_damages_are_named(cli, home):
    # The pack counts rows and adds up amounts: nothing compares an id or a second with what was published.
    ended = cli("prove", "--coverage", "--json", "--pack", str(home / "tests/packs/counter"))
    assert ended.code == 1, ended.stderr
    document = ended.json
    unseen = {(entry["table"], entry["column"], entry["damage"]) for entry in document["survivors"]}
    assert unseen == {("clicks", "id", "extended"), ("clicks", "clicked_at", "a second later")}
    assert (document["columns"], document["covered"], document["no_effect"]) == (7, 5, 0)
    seen = {(entry["table"], entry["column"], entry["damage"]): entry["checks"] for entry in document["matrix"]}
    assert seen["clicks", "id", "blank"] == ["clicks_are_unique"]
    assert seen["clicks_per_page", "", "a row is lost"] == ["page_sums_equal_clicks"]
    assert "clicks.clicked_at" in ended.stderr


def test_damages_without_coverage_are_refused(cli):
    ended = cli("prove", "--damages", "one")
    assert ended.code == 2
    assert "without --coverage" in ended.stderr
