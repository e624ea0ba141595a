"""Transports by kind: a folder beside the registry is a kind."""

from __future__ import annotations

import pytest

from streamproof.model.errors import UsageError
from streamproof.transport.registry import transport_kinds, transport_of


def test_each_kind_is_behind_the_port():
    assert transport_kinds() == ("kafka",)
    assert callable(transport_of("kafka").publish)


def test_an_unknown_kind_is_a_usage_error_that_lists_them():
    with pytest.raises(UsageError, match="kind 'pigeon'") as raised:
        transport_of("pigeon")
    assert raised.value.hint == "The kinds are: kafka."
