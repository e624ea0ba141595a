"""Which services a stack has."""

from __future__ import annotations

import pytest

from streamproof.runtime.stack_spec import ComposeLaunch, SourceLaunch, StackSpec
from streamproof.services.registry import services_of


def _spec(tmp_path, **options):
    return StackSpec(name="s", folder=str(tmp_path), cache_dir="", home="", **options)


@pytest.mark.parametrize("kind", ["clickhouse", "postgres"])
def test_a_local_stack_has_the_warehouse_of_its_pack(tmp_path, kind):
    services = services_of(_spec(tmp_path, warehouse=kind, kafka_kind="mock"), {}, 1)
    assert services.names == ("kafka-mock", kind)
    services.close()


def test_a_stack_on_docker_that_serves_has_a_source_beside_its_containers(tmp_path):
    launch = ComposeLaunch(project="p", files=(), services=("timescaledb",))
    source = SourceLaunch(pack_file="", files={}, ledger="")
    services = services_of(
        _spec(tmp_path, warehouse="postgres", kafka_kind="none", compose=launch, source=source), {}, 1
    )
    assert services.names == ("timescaledb", "source")
    services.close()
