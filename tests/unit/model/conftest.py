"""The shipped pack, as data and as a model."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from streamproof.model.pack import Pack


@pytest.fixture
def pack_data(home) -> dict[str, Any]:
    """The content of the shipped pack.yaml."""
    return yaml.safe_load((home / "include/packs/livepeer/pack.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def pack(home) -> Pack:
    """The shipped pack."""
    return Pack.from_mapping(yaml.safe_load((home / "include/packs/livepeer/pack.yaml").read_text(encoding="utf-8")))
