"""Values that Python does not have become text; those beside them stay what they are."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from streamproof.model.formats.arrow_values import python_values

BEFORE_YEAR_1, AFTER_YEAR_9999 = -62_135_596_800_001, 253_402_300_800_000


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (
            pa.array([BEFORE_YEAR_1 * 1000, 0, None], pa.timestamp("us", "UTC")),
            ["0000-12-31 23:59:59.999000Z", datetime(1970, 1, 1, tzinfo=UTC), None],
        ),
        (pa.array([AFTER_YEAR_9999, 0], pa.timestamp("ms")), ["10000-01-01 00:00:00.000", datetime(1970, 1, 1)]),
        (pa.array([-1_000_000, 0], pa.date32()), ["-0768-02-04", date(1970, 1, 1)]),
        (pa.array(["a", None]), ["a", None]),
    ],
    ids=["before year 1", "after year 9999", "a date", "no time"],
)
def test_a_time_that_python_lacks_is_text(column, values):
    assert python_values(column) == values
