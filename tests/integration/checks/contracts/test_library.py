"""How Great Expectations is set up."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from streamproof.checks.contracts.files import load_contracts
from streamproof.checks.contracts.judging import judge
from streamproof.warehouse.values import Reading

ORDERS = """
table: orders
about: Orders.
needs: an order
identify: [id]
expectations:
  - expect: expect_column_values_to_be_unique
    why: An order is counted once.
    kwargs: {column: id}
    mutations: [INSERT INTO orders SELECT * FROM orders LIMIT 1]
"""


def test_no_frame_is_fingerprinted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    def hashed(*_arguments: object, **_options: object) -> None:
        raise AssertionError("the frame was hashed")

    monkeypatch.setattr("pandas.util.hash_pandas_object", hashed)
    (tmp_path / "orders.yaml").write_text(ORDERS)
    (contract,) = load_contracts(tmp_path)
    found = judge(Reading(pd.DataFrame({"id": [1, 2, 2]}), {}), contract, contract.checks, {})
    (outcome,) = found.values()
    assert (outcome["success"], outcome["result"]["unexpected_count"]) == (False, 2)
