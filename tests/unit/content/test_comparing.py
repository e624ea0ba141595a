"""What is refused before rows are compared, and how files compared become a difference."""

from __future__ import annotations

import pytest

from streamproof.content import comparing
from streamproof.content.comparing import Side, compare_contents
from streamproof.model.content import SavedContent, SavedTable
from streamproof.model.errors import UsageError
from streamproof.warehouse.values import FileRow, FilesCompared

ORDERS, SALES = SavedTable("typed", "orders", "typed/orders.parquet"), SavedTable("views", "sales", "views/s.parquet")
COLUMNS = (("id", "String"), ("page", "String"), ("amount", "UInt32"))


def content(*tables, pack="shop", **found):
    return SavedContent(pack, tables or (ORDERS, SALES), **found)


@pytest.fixture
def compare(tmp_path, monkeypatch):
    """Compare two contents of which the engine would say this."""

    def compare(one, other, *answers, only=(), rows=5):
        class Kind:
            def compare_files(self, pairs, *, samples):
                seen.extend(pairs)
                return answers

        seen: list = []
        monkeypatch.setattr(comparing, "warehouse_kind", lambda kind: Kind())
        sides = Side("monday", tmp_path / "a", one), Side("tuesday", tmp_path / "b", other)
        return compare_contents("any", *sides, only=only, rows=rows), seen

    return compare


def files(*, columns=(COLUMNS, COLUMNS), rows=(3, 3), only=(0, 0), samples=((), ())):
    return FilesCompared(columns, rows, only, samples)


def test_equal_tables_are_counted(compare, tmp_path):
    found, pairs = compare(content(), content(), files(), files(rows=(2, 2)))
    assert found.equal
    assert (found.names, found.tables, found.rows) == (("monday", "tuesday"), 2, (5, 5))
    assert pairs[0] == (tmp_path / "a/typed/orders.parquet", tmp_path / "b/typed/orders.parquet")


def test_differing_tables_keep_the_order_of_the_layers_and_show_their_rows(compare):
    mine = FileRow((1, 0), ("1", "/", "7")), FileRow((2, 1), ("2", "/docs", "1")), FileRow((1, 0), ("9", "x", "y"))
    its = FileRow((0, 1), ("1", "/", "8"))
    found, _ = compare(content(), content(), files(only=(3, 1), samples=(mine, (its,))), files(only=(0, 1)))
    assert [(table.layer, table.name) for table in found.differing] == [("typed", "orders"), ("views", "sales")]
    [changed], unequal = found.differing[0].changed, found.differing[0].unequal
    assert (changed.same, changed.one, changed.other) == ({"id": "1", "page": "/"}, {"amount": "7"}, {"amount": "8"})
    assert [row.times for row in unequal] == [(2, 1), (1, 0)]
    assert found.as_json()["first"] == {"layer": "typed", "table": "orders"}


def test_no_more_examples_than_asked_for(compare):
    mine = tuple(FileRow((1, 0), (str(number), "a", "b")) for number in range(9))
    found, _ = compare(content(ORDERS), content(ORDERS), files(only=(9, 0), samples=(mine, ())), rows=2)
    assert len(found.differing[0].unequal) == 2
    assert found.differing[0].only == (9, 0)


def test_one_table_can_be_chosen_of_those_that_both_have(compare):
    found, pairs = compare(content(), content(SALES), files(), only=["sales"])
    assert (found.tables, len(pairs)) == (1, 1)


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        (content(), content(pack="zoo"), "monday is of pack shop, and tuesday of pack zoo"),
        (content(), content(SALES), "monday has a projection 'orders', and tuesday has none"),
        (content(ORDERS), content(), "tuesday has a projection 'sales', and monday has none"),
        (content(), SavedContent("shop", reason="It ended early."), "tuesday has no saved content: It ended early."),
        (content(ORDERS, not_saved={"sales": "no memory"}), content(), "monday is not complete: 1 table is missing"),
    ],
)
def test_what_cannot_be_compared_is_refused(compare, one, other, message):
    with pytest.raises(UsageError) as raised:
        compare(one, other)
    assert message in raised.value.message


def test_an_unknown_table_is_refused_with_near_names(compare):
    with pytest.raises(UsageError) as raised:
        compare(content(), content(), only=["order"])
    assert (raised.value.message, raised.value.hint) == ("There is no table 'order'.", "Did you mean: orders?")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ((COLUMNS, COLUMNS[:2]), "Table orders has columns that only monday has: amount."),
        ((COLUMNS[:2], COLUMNS), "Table orders has columns that only tuesday has: amount."),
        (
            (COLUMNS, (*COLUMNS[:2], ("amount", "Float64"))),
            "Column orders.amount is UInt32 in monday and Float64 in tuesday.",
        ),
    ],
)
def test_other_columns_are_refused_by_name(compare, columns, message):
    with pytest.raises(UsageError) as raised:
        compare(content(ORDERS), content(ORDERS), files(columns=columns))
    assert raised.value.message == message


def test_a_column_that_may_hold_null_on_one_side_is_the_same_column(compare):
    nullable = (*COLUMNS[:2], ("amount", "Nullable(UInt32)"))
    found, _ = compare(content(ORDERS), content(ORDERS), files(columns=(COLUMNS, nullable)))
    assert found.equal
