"""Packs as data."""

from __future__ import annotations

import pytest

from streamproof.model.errors import UsageError
from streamproof.packs.pack import Pack


def test_the_shipped_pack_is_whole(pack):
    assert pack.name == "livepeer"
    assert pack.default_fixture_set in pack.fixture_sets
    assert set(pack.core_types) <= set(pack.typed_tables)
    typed = {table for tables in pack.typed_tables.values() for table in tables}
    assert typed <= set(pack.layers["typed"])


def test_a_run_needs_the_union_of_services_each_once_and_the_processor_last(pack_data):
    services = {"every_run": ["processor", "clickhouse"], "suites": {"a": ["mailpit"], "b": ["kafka", "mailpit"]}}
    needs = Pack.from_mapping({**pack_data, "services": services}).services

    assert needs.of(()) == ("clickhouse", "processor")
    assert needs.of(("a", "b")) == ("clickhouse", "mailpit", "kafka", "processor")
    assert needs.of(("b", "unlisted")) == ("clickhouse", "kafka", "mailpit", "processor")


def test_a_pack_that_says_nothing_needs_the_whole_pipeline(pack_data):
    pack_data.pop("services", None)
    assert Pack.from_mapping(pack_data).services.of(("any",)) == ("kafka", "clickhouse", "processor")


@pytest.mark.parametrize(
    "key",
    [
        "name",
        "title",
        "topics",
        "core_types",
        "typed_tables",
        "layers",
        "suites",
        "fixture_sets",
        "processor",
        "generator",
    ],
)
def test_a_missing_key_is_named(pack_data, key):
    del pack_data[key]
    with pytest.raises(UsageError, match=f"pack.yaml lacks '{key}'"):
        Pack.from_mapping(pack_data)


@pytest.mark.parametrize("data", [None, [], {"topics": 3, "processor": 4}, "text"])
def test_a_misshapen_pack_is_a_usage_error(data):
    with pytest.raises(UsageError, match=r"pack\.yaml"):
        Pack.from_mapping(data)


def test_suites_come_in_the_order_of_the_pack(pack):
    assert pack.suite_names(()) == pack.suites
    assert pack.suite_names(tuple(reversed(pack.suites))) == pack.suites


def test_an_unknown_suite_is_refused_and_the_known_ones_listed(pack):
    with pytest.raises(UsageError, match="has no suite ghost") as caught:
        pack.suite_names(("ghost", *pack.suites))
    assert pack.suites[0] in caught.value.hint
