"""The lock files of packs and those of the project name the same versions."""

from __future__ import annotations

import re

import pytest


def pins(text: str) -> dict[str, str]:
    """The version of each package of a lock file, by name."""
    return dict(re.findall(r"^([a-z0-9][a-z0-9.-]*)==(\S+)", text, re.MULTILINE))


@pytest.fixture(scope="module")
def of_market(home) -> dict[str, str]:
    """The versions that pack `market` names."""
    return pins((home / "include/packs/market/requirements.txt").read_text(encoding="utf-8"))


def test_a_pack_names_no_other_version_than_the_environment(home, of_market):
    """An environment goes before a pack: with another version, the pack's would never be used."""
    base = pins((home / "requirements.txt").read_text(encoding="utf-8"))

    assert {name: version for name, version in of_market.items() if base.get(name, version) != version} == {}
    # What makes the difference, and what the base environment is spared.
    assert {"databento", "databento-dbn", "zstandard"} <= of_market.keys() - base.keys()


def test_the_types_and_tests_of_a_pack_see_what_a_run_sees(home, of_market):
    developed = pins((home / "requirements-dev.txt").read_text(encoding="utf-8"))

    assert {name: version for name, version in of_market.items() if developed.get(name) != version} == {}
