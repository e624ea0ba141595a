"""The names of the checks of a pack whose oracle yields rows of tables and knows no entities."""

from __future__ import annotations

import shutil

import pytest

from streamproof.checks.check_files import CheckFiles
from streamproof.model.errors import UsageError
from streamproof.packs.loading import read_pack
from streamproof.runs.check_names import checks_by_suite


def test_only_the_comparison_of_its_tables_is_there(home):
    pack = read_pack(home / "tests/packs/letters/pack.yaml", home)
    found = checks_by_suite(CheckFiles(pack, home), pack, pack.suites)
    assert found["parity"] == {"parity_letters"}
    assert "oracle" not in found


def test_an_oracle_that_would_judge_nothing_is_refused(home, tmp_path):
    folder = shutil.copytree(home / "tests/packs/letters", tmp_path / "letters")
    shutil.rmtree(folder / "sql/parity")
    pack = read_pack(folder / "pack.yaml", home)
    with pytest.raises(UsageError, match="has an oracle, and nothing that it could judge") as refused:
        checks_by_suite(CheckFiles(pack, home), pack, pack.suites)
    assert "parity.yaml" in refused.value.hint
