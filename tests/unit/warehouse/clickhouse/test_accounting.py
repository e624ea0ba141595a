"""The checks of ids: for a table whose key is one column, and for one whose key has several."""

from __future__ import annotations

from streamproof.packs.accounting import Accounting
from streamproof.warehouse.clickhouse import accounting_checks, event_queries


def accounting(**place):
    return Accounting.model_validate({"ids": {"tables": [{"table": "orders", **place}]}})


def test_a_column_is_quoted_and_an_expression_is_taken_as_it_is():
    for place, sql in (({"column": "the id"}, "`the id`"), ({"sql": "concat(day, '|', n)"}, "(concat(day, '|', n))")):
        checks = accounting_checks(accounting(**place), {})
        missing = next(check for check in checks if check.name == "no_id_is_missing")
        assert f"ifNull(toString({sql}), '') AS found_id" in missing.sql
        (lost,) = missing.mutations
        assert f"toString({sql}) = (" in lost.sql
        found = "\n".join(query.sql for query in event_queries(accounting(**place), {}))
        assert f"toString({sql}) = {{event:String}}" in found
