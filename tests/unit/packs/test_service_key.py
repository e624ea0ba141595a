"""Key `service` of a pack.yaml: only a pack with a source may have it."""

from __future__ import annotations

import pytest

from streamproof.model.errors import UsageError
from streamproof.packs.loading import read_pack

FILE = """\
name: letters
title: Letters
warehouse: clickhouse
transport: kafka
topics: {input: letters}
layers: {typed: [letters]}
service: {url: LETTERS_URL, key: LETTERS_KEY}
"""


def test_a_service_takes_the_place_of_a_source(tmp_path):
    (tmp_path / "pack.yaml").write_text(FILE)
    with pytest.raises(UsageError, match="`service` is for a pack with a `source`"):
        read_pack(tmp_path / "pack.yaml", tmp_path)
