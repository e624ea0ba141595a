"""The parts of an export that need no warehouse: batches, order, file names, options."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from streamproof.exporting.candidates import Candidate, batches
from streamproof.exporting.folder import FileNames
from streamproof.exporting.records import records_of
from streamproof.exporting.request import pack_options
from streamproof.model.errors import SqlSourceError, UsageError
from streamproof.packs.exports import Export, ExportOption
from streamproof.packs.loading import load_pack
from streamproof.sql.blocks import parse_blocks
from streamproof.warehouse.values import RowStream

HOUR_MS = 3_600_000
COLUMNS = ("entity_number", "event_ms", "record_topic", "record_partition", "record_offset", "value")
QUERIES = parse_blocks("-- QUERY: own\nSELECT 1;\n-- QUERY: context\nSELECT 2", "made.sql")


def candidate(number: int, start_ms: int = 0) -> Candidate:
    return Candidate("one", f"id-{number}", (), 10**12 + start_ms, 10**12 + start_ms, is_open=False)


class FakeWarehouse:
    """Answers each query with the rows that a test gives for it."""

    def __init__(self, *answers, columns=COLUMNS):
        self.answers, self.columns = dict(zip(("SELECT 1", "SELECT 2"), answers, strict=False)), columns

    def needs_of(self, sql):
        return ""

    @contextmanager
    def stream(self, sql, parameters=None, *, source=""):
        yield RowStream(self.columns, iter(self.answers[sql]))


def read(*answers, **more):
    found = records_of(FakeWarehouse(*answers, **more), QUERIES, [candidate(0)], {"session_padding_minutes": 5})
    return [(record.entity, record.ms, record.offset, record.query) for record in found]


def test_the_records_of_two_queries_are_merged_and_each_comes_once():
    own = [(0, 1, b"t", 0, 1, b"a"), (0, 3, b"t", 0, 3, b"b"), (0, 3, b"t", 0, 3, b"b"), (1, 1, b"t", 0, 4, b"c")]
    context = [(0, 2, b"t", 0, 9, b"x"), (0, 3, b"t", 0, 3, b"b"), (1, 0, b"t", 0, 9, b"x")]
    assert read(own, context) == [(0, 1, 1, 0), (0, 2, 9, 1), (0, 3, 3, 0), (1, 0, 9, 1), (1, 1, 4, 0)]


def test_equal_times_keep_the_order_of_the_topic():
    own = [(0, 5, b"t", 0, 2, b"a"), (0, 5, b"t", 0, 10, b"b"), (0, 5, b"t", 1, 1, b"c")]
    assert [offset for _, _, offset, _ in read(own, [])] == [2, 10, 1]


def test_rows_without_order_and_missing_columns_are_refused():
    with pytest.raises(SqlSourceError, match=r"made.sql:1: the rows of 'own' are not in order"):
        read([(0, 2, b"t", 0, 1, b""), (0, 1, b"t", 0, 2, b"")], [])
    with pytest.raises(SqlSourceError, match=r"made.sql:1: the query returns no column value"):
        read([], [], columns=COLUMNS[:-1])


def test_batches_are_limited_in_number_span_and_length_of_ids():
    many = [candidate(number) for number in range(450)]
    assert [len(batch) for batch in batches(many)] == [200, 200, 50]
    spread = [candidate(number, number * 16 * HOUR_MS) for number in range(5)]
    assert [len(batch) for batch in batches(spread)] == [2, 2, 1]
    long = [candidate(0)._replace(id="x" * 10_000) for _ in range(5)]
    assert [len(batch) for batch in batches(long)] == [2, 2, 1]
    assert list(batches([])) == []


def test_file_names_are_safe_and_never_equal():
    names = FileNames()
    found = [names.of("one", name) for name in ("s|r", "s_r", "S|R", "../../up", "x" * 300, "x" * 299, "", "é/ü")]
    assert found[0] == "one/s_r.jsonl"
    assert len({name.lower() for name in found}) == len(found)
    assert all(name.count("/") == 1 and "/." not in name and len(name) < 130 for name in found)


def test_options_of_the_pack_have_its_types_and_defaults(home):
    pack = load_pack(home, "livepeer")
    defaults = pack_options(pack, {})
    assert defaults["capability_max_rows_per_context"] == 2
    assert defaults["capability_precede_session"] is False
    given = {"capability-max-rows-per-context": "7", "capability_precede_session": True}
    assert pack_options(pack, given) == {
        **defaults,
        "capability_max_rows_per_context": 7,
        "capability_precede_session": True,
    }
    for wrong, said in (
        ({"capability-rows": 1}, "No such option: --capability-rows"),
        ({"capability-unrelated-rows": "many"}, "--capability-unrelated-rows is 'many'"),
        ({"capability-precede-session": "perhaps"}, "--capability-precede-session is 'perhaps'"),
    ):
        with pytest.raises(UsageError, match=said):
            pack_options(pack, wrong)


def test_an_option_may_not_have_the_name_of_a_parameter_of_every_export():
    with pytest.raises(ValueError, match="`scan_from` is a parameter that every export gives itself"):
        Export(events=("a.sql",), start="a", end="b", options={"scan_from": ExportOption(default=1, help="x")})
