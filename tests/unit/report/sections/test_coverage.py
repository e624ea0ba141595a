"""The matrix of column coverage on the report's page."""

from __future__ import annotations

from streamproof.report.sections.coverage import ROWS, coverage_tables


def entry(table, column, damage, outcome, checks=(), reason=""):
    return {
        "table": table, "layer": "typed", "column": column, "damage": damage, "outcome": outcome,
        "checks": list(checks), "reason": reason,
    }  # fmt: skip


MATRIX = [
    entry("sound", "a", "zero", "covered", ["parity_sound"]),
    entry("sound", "a", "null", "no_effect"),
    entry("sound", "", "a row is lost", "covered", ["parity_sound", "other"]),
    entry("blind", "b", "zero", "survived", reason="no check fails"),
]


def test_tables_with_a_survivor_come_first():
    blind, sound = coverage_tables(MATRIX)
    assert (blind.name, blind.status, blind.number("survived")) == ("blind", "failed", 1)
    assert (sound.name, sound.status, sound.number("covered"), sound.number("no_effect")) == ("sound", "passed", 2, 1)


def test_a_cell_names_the_checks_or_the_reason():
    blind, sound = coverage_tables(MATRIX)
    assert blind.columns["b"]["zero"].title == "no check fails"
    assert sound.columns[ROWS]["a row is lost"].title == "parity_sound, other"
    assert sound.columns["a"]["null"].title == "changes no value"
    assert sound.damages == ["zero", "null", "a row is lost"]
