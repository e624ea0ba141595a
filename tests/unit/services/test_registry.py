"""Which services a stack has."""

from __future__ import annotations

import pytest

from streamproof.model.errors import StackError
from streamproof.runtime.stack_spec import ComposeLaunch, StackSpec
from streamproof.services.registry import services_of


def _spec(tmp_path, **options):
    return StackSpec(name="s", folder=str(tmp_path), cache_dir="", home="", **options)


@pytest.mark.parametrize("kind", ["clickhouse", "postgres"])
def test_a_local_stack_has_the_warehouse_of_its_pack(tmp_path, kind):
    services = services_of(_spec(tmp_path, warehouse=kind, kafka_kind="mock"), {}, 1)
    assert services.names == ("kafka-mock", kind)
    services.close()


def test_a_stack_on_docker_has_no_postgresql(tmp_path):
    launch = ComposeLaunch(project="p", files=(), services=())
    with pytest.raises(StackError, match="no warehouse of kind 'postgres'"):
        services_of(_spec(tmp_path, warehouse="postgres", compose=launch), {}, 1)
