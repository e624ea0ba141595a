"""A ClickHouse into which sets are fed without a broker, and sets of few events written for a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.pipeline_in_engine import PipelineInEngine, engine


@pytest.fixture(scope="package")
def pipeline(home: Path, cache_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipelineInEngine]:
    """The pipeline in an engine of its own, shared by all tests of this folder."""
    with engine(home, tmp_path_factory.mktemp("engine"), cache_dir) as found:
        yield found
