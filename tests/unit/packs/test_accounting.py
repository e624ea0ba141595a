"""What a pack says about the records of its pipeline, and the rungs that this offers."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from streamproof.model.rungs import NEEDS, PROVES, Rung, missing_rungs
from streamproof.packs.accounting import Accounting
from streamproof.packs.pack import PackFile

RAW = {"table": "raw", "topic": "t", "partition": "p", "offset": "o"}
IDS = {"path": "order.id", "tables": [{"table": "orders", "column": "id"}]}


@pytest.mark.parametrize(
    ("described", "offered"),
    [
        ({}, set()),
        ({"drained": {"consumer_groups": ["processor"]}}, set()),
        ({"raw": RAW}, {Rung.RAW_COMPLETE}),
        ({"ids": IDS}, {Rung.IDS_ACCOUNTED}),
        ({"dispositions": {"table": "outcomes"}}, {Rung.RECORDS_ACCOUNTED}),
        ({"raw": RAW, "ids": IDS}, {Rung.RAW_COMPLETE, Rung.IDS_ACCOUNTED}),
    ],
)
def test_each_part_offers_its_rung(described, offered):
    assert Accounting.model_validate(described).rungs == offered


@pytest.mark.parametrize(
    ("described", "shows"),
    [
        ({"drained": {"consumer_groups": ["processor"]}}, False),
        ({"drained": {"settled_tables": ["orders"]}}, True),
        ({"raw": RAW}, True),
        ({"dispositions": {"table": "outcomes"}}, True),
        ({"ids": IDS}, False),
    ],
)
def test_what_shows_that_all_rows_have_arrived(described, shows):
    assert Accounting.model_validate(described).shows_arrival is shows


def test_a_rung_that_is_missing_says_what_the_pack_would_have_to_say():
    missing = missing_rungs({"judged", "drained"})
    assert list(missing) == ["raw_complete", "ids_accounted", "records_accounted", "foretold"]
    assert "`accounting.raw`" in missing["raw_complete"]
    assert set(NEEDS) == set(PROVES) == set(Rung)


@pytest.mark.parametrize(
    "ids",
    [
        {**IDS, "reject_tables": [{"table": "orders", "column": "id"}]},
        {**IDS, "tables": IDS["tables"] * 2},
        {**IDS, "reject_topics": [{"topic": "dlq", "path": "id"}] * 2},
    ],
)
def test_an_event_ends_in_one_place(ids):
    with pytest.raises(ValidationError, match="twice"):
        Accounting.model_validate({"ids": ids})


def test_a_reject_topic_is_a_role_of_the_pack():
    file = {
        "name": "shop", "title": "Shop", "warehouse": "clickhouse", "transport": "kafka",
        "topics": {"input": "orders"}, "layers": {"typed": ["orders"]},
        "accounting": {"ids": {**IDS, "reject_topics": [{"topic": "dlq", "path": "id"}]}},
    }  # fmt: skip
    with pytest.raises(ValidationError, match="no role in `topics`"):
        PackFile.model_validate(file)
    assert PackFile.model_validate({**file, "topics": {"input": "orders", "dlq": "bad"}}).accounting.ids


@pytest.mark.parametrize("place", [{}, {"column": "id", "sql": "concat(a, b)"}])
def test_the_id_of_a_table_is_a_column_or_an_expression(place):
    with pytest.raises(ValidationError, match="exactly one of `column` and `sql`"):
        Accounting.model_validate({"ids": {"tables": [{"table": "orders", **place}]}})
