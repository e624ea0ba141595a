"""Where a new pack goes."""

from __future__ import annotations

import pytest

from streamproof.environment import PACKAGED, Environment
from streamproof.model.errors import UsageError
from streamproof.packs.loading import Packs
from streamproof.scaffold.placing import place_for


def test_the_first_additional_folder_takes_it_then_the_project(tmp_path):
    own = Packs(tmp_path, (tmp_path / "a", tmp_path / "b"), installed=True)
    assert place_for("shop", own).folder == tmp_path / "a/shop"
    assert place_for("shop", Packs(tmp_path)).folder == tmp_path / "include/packs/shop"


def test_an_installed_package_is_not_written_to(tmp_path):
    with pytest.raises(UsageError) as refused:
        place_for("shop", Packs(tmp_path, installed=True))
    assert "STREAMPROOF_PACKS" in refused.value.hint


def test_the_environment_says_whether_it_is_installed(tmp_path):
    assert not Environment.read({"STREAMPROOF_HOME": str(tmp_path)}).packs.installed
    assert Environment.read({"STREAMPROOF_HOME": str(PACKAGED)}).packs.installed
