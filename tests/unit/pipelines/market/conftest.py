from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from packs.market.generator import generate

from .cluster import Cluster
from .gateway import Gateway
from .surroundings import Market, variables

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    server = Cluster()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def sets(tmp_path_factory) -> Path:
    """A folder with the sets golden and hostile."""
    folder = tmp_path_factory.mktemp("sets")
    for kind in ("golden", "hostile"):
        generate(kind, folder / kind)
    return folder


@pytest.fixture(scope="session")
def gateways(sets, tmp_path_factory) -> Iterator[dict[str, Gateway]]:
    made = {kind: Gateway(sets / kind, tmp_path_factory.mktemp(f"tls-{kind}")) for kind in ("golden", "hostile")}
    for gateway in made.values():
        gateway.start()
    yield made
    for gateway in made.values():
        gateway.stop()


@pytest.fixture(scope="session")
def loaded(cluster, gateways, sets, tmp_path_factory) -> dict[str, Market]:
    """Each set, loaded once. Tests that change something work on a copy: see `copy_of`."""
    found = {}
    for kind, gateway in gateways.items():
        cluster.create(f"loaded_{kind}", "market_schema")
        market = Market(gateway, cluster, f"loaded_{kind}", tmp_path_factory.mktemp(kind), sets / kind)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in variables(gateway, cluster, market.database).items():
                patch.setenv(name, value)
            market.totals = market.run_set()
        found[kind] = market
    return found


@pytest.fixture
def made(gateways, cluster, sets, tmp_path, monkeypatch):
    """Make the surroundings for a set with a database of their own, empty or a copy of another one."""
    names = []

    def make(kind: str, template: str = "market_schema") -> Market:
        gateway = gateways[kind]
        gateway.requests.clear()
        gateway.fault = None
        names.append(f"market_{next(_NUMBERS)}")
        cluster.create(names[-1], template)
        for name, value in variables(gateway, cluster, names[-1]).items():
            monkeypatch.setenv(name, value)
        return Market(gateway, cluster, names[-1], tmp_path, sets / kind)

    yield make
    # The gateways serve the whole session: the next test, or the loading of the sets, must not meet this fault.
    for gateway in gateways.values():
        gateway.fault = None
    for name in names:
        cluster.drop(name)


@pytest.fixture
def market(made) -> Market:
    """The surroundings with the golden set and an empty database."""
    return made("golden")


@pytest.fixture
def copy_of(made, loaded):
    """Make the surroundings for a set that is loaded, with a database to change."""
    return lambda kind: made(kind, loaded[kind].database)
