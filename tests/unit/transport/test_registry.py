"""Transports by kind: a folder beside the registry is a kind."""

from __future__ import annotations

import pytest

from streamproof.model.errors import UsageError
from streamproof.transport.registry import source_of, transport_kinds, transport_of


def test_each_kind_is_behind_the_port():
    assert transport_kinds() == ("http", "kafka")
    assert callable(transport_of("kafka").publish)
    assert callable(source_of("http").requests)


def test_an_unknown_kind_is_a_usage_error_that_lists_them():
    with pytest.raises(UsageError, match="kind 'pigeon'") as raised:
        transport_of("pigeon")
    assert raised.value.hint == "The kinds are: http, kafka."


def test_a_transport_that_serves_takes_no_records_and_the_other_serves_none():
    with pytest.raises(UsageError, match="'http' serves a fixture set"):
        transport_of("http")
    with pytest.raises(UsageError, match="'kafka' carries records"):
        source_of("kafka")
