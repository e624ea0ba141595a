"""Projections: which layer each belongs to, and in what order they come."""

from __future__ import annotations

import pytest

from streamproof.model.errors import SqlSourceError
from streamproof.packs.loading import load_pack
from streamproof.sql.projections import read_projections

LAYERS = {"raw": ("events",), "typed": ("orders", "carts"), "views": ("v_sales",)}


@pytest.fixture
def read(tmp_path):
    def read(**files: str):
        for name, text in files.items():
            (tmp_path / f"{name}.sql").write_text(text)
        return read_projections(tmp_path, LAYERS, home=tmp_path)

    return read


def test_they_come_in_the_order_of_layers_and_of_the_tables_in_each(read):
    found = read(
        a="-- QUERY: v_sales\nSELECT 1;\n-- QUERY: totals\n-- LAYER: typed\nSELECT 1;\n-- QUERY: carts\nSELECT 1;\n",
        b="-- QUERY: orders\nSELECT 1;\n-- QUERY: events\nSELECT 1;\n",
    )
    assert [(it.layer, it.name) for it in found] == [
        ("raw", "events"), ("typed", "orders"), ("typed", "carts"), ("typed", "totals"), ("views", "v_sales"),
    ]  # fmt: skip


def test_a_pack_need_not_have_any(read):
    assert read() == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("-- QUERY: nobody\nSELECT 1;", "a.sql:1: projection 'nobody' belongs to no layer"),
        ("-- QUERY: x\n-- LAYER: attic\nSELECT 1;", "a.sql:1: projection 'x' belongs to no layer"),
        ("-- QUERY: events\nSELECT {n:UInt8};", "a.sql:1: projection 'events' has a parameter: n"),
        ("-- TEST: events\nSELECT 1;", "a.sql:1: 'events' is no query"),
        ("-- QUERY: events\nSELECT 1;\n-- QUERY: events\nSELECT 1;", "the name 'events' is taken"),
        ("SELECT 1;", "there is no block"),
    ],
)
def test_a_broken_one_is_refused_by_file_and_line(read, text, message):
    with pytest.raises(SqlSourceError) as raised:
        read(a=text)
    assert message in raised.value.message


def test_one_name_in_two_files_is_refused(read):
    with pytest.raises(SqlSourceError, match="is taken by"):
        read(a="-- QUERY: events\nSELECT 1;", b="-- QUERY: events\nSELECT 1;")


def test_those_of_the_shipped_pack_begin_with_what_arrived_and_have_every_layer(home):
    pack = load_pack(home, "livepeer")
    found = read_projections(pack.sql_dir / "content", pack.layers)
    assert list(dict.fromkeys(it.layer for it in found)) == list(pack.layers)
