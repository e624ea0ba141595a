"""A deployment is prepared: the topics of a pack that has some, the database and the tables of any."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from streamproof.model.errors import UsageError
from streamproof.model.settings import Connections, WarehouseSettings
from streamproof.packs.loading import read_pack
from streamproof.stages import prepare as stage
from tests.support.served_pack import LETTERS


@pytest.fixture
def made(monkeypatch):
    """What is made in the warehouse."""
    found = {}

    def apply_schema(_folder, *, feed, retention):
        found.update(feed=feed, retention=retention)
        return ["0001_letters"], 1

    server = SimpleNamespace(create=lambda name: found.update(database=name), close=lambda: None)
    database = SimpleNamespace(apply_schema=apply_schema, close=lambda: None)
    monkeypatch.setattr(stage, "open_server", lambda _kind, _settings: server)
    monkeypatch.setattr(stage, "open_warehouse", lambda _kind, _settings: database)
    return found


def test_a_pack_that_serves_needs_no_brokers(home, made):
    outside = Connections(WarehouseSettings("h", 1, database="letters"), source="the test")
    told = stage.prepare(read_pack(LETTERS / "pack.yaml", home), outside, retention=True)
    assert told == {"topics": [], "database": "letters", "migrations": ["0001_letters"]}
    assert made == {"database": "letters", "feed": None, "retention": True}


def test_without_a_database_nothing_is_made(home, made):
    with pytest.raises(UsageError, match="No database is named"):
        stage.prepare(
            read_pack(LETTERS / "pack.yaml", home), Connections(WarehouseSettings("h", 1), source=""), retention=True
        )
    assert made == {}
