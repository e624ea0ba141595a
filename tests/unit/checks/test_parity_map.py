"""parity.yaml: what is read of it, and what is refused with the file and the entry."""

from __future__ import annotations

import pytest

from streamproof.checks.parity_map import Tolerance, read_parity
from streamproof.model.errors import UsageError

GOOD = """
views_of_it:
  layer: views
  expected: below
  key: [a]
  tolerance: {b: 1.0e-6, c: {relative: 0.01, rows: n, exact_to: 9}}
  seen: views_of_it.seen.sql
facts:
  layer: typed
  expected: oracle
  key: [a, b]
  rows: set
  mutation: DELETE FROM facts
"""


@pytest.fixture
def pack(tmp_path):
    def write(text, **files):
        folder = tmp_path / "parity"
        folder.mkdir(exist_ok=True)
        (folder / "parity.yaml").write_text(text)
        for name, sql in files.items():
            (folder / f"{name.replace('__', '.')}.sql").write_text(f"-- QUERY: {name}\n{sql};\n")
        return tmp_path

    return write


def test_objects_come_in_the_order_of_the_layers(pack):
    home = pack(GOOD, views_of_it="SELECT 1 AS a", views_of_it__seen="SELECT 2 AS a")
    facts, views = read_parity(home, home=home)
    assert (facts.name, facts.is_from_oracle, facts.as_set, facts.key) == ("facts", True, True, ("a", "b"))
    assert (views.expected_sql, views.seen_sql) == ("SELECT 1 AS a", "SELECT 2 AS a")
    assert views.tolerance == {"b": Tolerance(relative=1e-6), "c": Tolerance(relative=0.01, rows="n", exact_to=9)}
    assert (facts.mutation, views.mutation) == ("DELETE FROM facts", "")
    assert (facts.source, views.source) == ("parity/parity.yaml", "parity/views_of_it.sql")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("facts: {layer: typed, expected: oracle}", "facts.key: Field required"),
        ("facts: {layer: typed, expected: guess, key: [a]}", "facts.expected"),
        ("facts: {layer: cellar, expected: oracle, key: [a]}", "no layer 'cellar'"),
        ("facts: {layer: typed, expected: oracle, key: [a], kye: [b]}", "facts.kye: Extra inputs"),
        ("facts: {layer: typed, expected: oracle, key: []}", "facts.key"),
        ("facts: {layer: typed, expected: below, key: [a]}", "There is no file"),
        ("facts: {layer: typed, expected: oracle, key: [a], tolerance: {a: 0}}", "facts.tolerance"),
        ("facts: {layer: typed, expected: oracle, key: [a]}\nfacts: {}", "facts"),
        ("facts: [", "cannot be read"),
    ],
)
def test_a_broken_map_is_refused_by_name(pack, text, named):
    home = pack(text)
    with pytest.raises(UsageError, match=named.replace("[", r"\[")):
        read_parity(home, home=home)


def test_a_file_that_no_entry_names_is_refused(pack):
    home = pack("{}", stray="SELECT 1 AS a")
    with pytest.raises(UsageError, match=r"does not name stray\.sql"):
        read_parity(home, home=home)


def test_a_pack_without_the_folder_compares_nothing(tmp_path):
    assert read_parity(tmp_path, home=tmp_path) == ()
