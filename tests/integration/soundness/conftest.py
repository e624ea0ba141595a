"""A ClickHouse into which sets are fed without a broker, and sets of few events written for a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.conftest import Warehouse
from tests.support.pipeline_in_engine import PipelineInEngine


@pytest.fixture(scope="package")
def pipeline(warehouse: Warehouse, home: Path, tmp_path_factory: pytest.TempPathFactory) -> PipelineInEngine:
    """The pipeline in the engine of all integration tests."""
    return PipelineInEngine(warehouse.settings, home, tmp_path_factory.mktemp("engine"))
