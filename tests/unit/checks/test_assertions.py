from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import orjson
import pytest

from streamproof.checks.assertions import ContractError, judge, plain


@pytest.mark.parametrize(
    ("columns", "rows", "says"),
    [
        (["failed_rows"], [], "0 rows"),
        (["failed_rows"], [[0], [0]], "2 rows"),
        (["failed"], [[0]], "no column failed_rows"),
        (["failed_rows"], [[None]], "is null"),
        (["failed_rows"], [[0.0]], "float"),
        (["failed_rows"], [[0.5]], "float"),
        (["failed_rows"], [["0"]], "str"),
        (["failed_rows"], [[True]], "bool"),
        (["failed_rows"], [[Decimal(1)]], "Decimal"),
        (["failed_rows"], [[-1]], "negative"),
    ],
)
def test_an_answer_that_breaks_the_contract_is_no_answer(columns, rows, says):
    with pytest.raises(ContractError, match=says):
        judge(columns, rows)


def test_a_proper_answer_gives_its_count_and_its_diagnostics():
    assert judge(["a", "failed_rows", "b"], [["x", 3, (1, None)]]) == (3, {"a": "x", "b": [1, None]})


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (2**64 - 1, 2**64 - 1),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (datetime(2026, 2, 25, 16, 0, 0, 1000), "2026-02-25T16:00:00.001Z"),
        (datetime(2026, 2, 25, 16, tzinfo=UTC), "2026-02-25T16:00:00.000Z"),
        (date(2026, 2, 25), "2026-02-25"),
        (Decimal("1.50"), "1.50"),
        (b"\xff", "\\xff"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ({1: [(date(2026, 1, 1), None)]}, {"1": [["2026-01-01", None]]}),
    ],
)
def test_diagnostics_are_json_data(value, shown):
    assert plain(value) == shown
    orjson.dumps(plain(value))
