"""Expected and observed scenarios, and the fallout."""

from __future__ import annotations

from streamproof.report.sections.scenarios import scenarios


def found_in(samples, *pairs):
    keys = ("expected", "observed", "entities", "examples")
    details = {"scenarios": [dict(zip(keys, pair, strict=True)) for pair in pairs]}
    return scenarios({"oracle": samples.stage("oracle", details=details)})


def test_expected_and_observed_are_counted_by_scenario(samples):
    found = found_in(samples, ("a", "a", 4, []), ("a", "b", 1, ["x"]), (None, "b", 2, ["y"]), ("b", None, 1, ["z"]))
    a, b = found.found
    assert (a.name, a.expected, a.observed, a.agreeing, a.holds) == ("a", 5, 4, 4, False)
    assert (b.name, b.expected, b.observed, b.agreeing, b.holds) == ("b", 1, 3, 0, False)


def test_fallout_is_what_is_in_no_scenario_or_not_in_the_expected_one(samples):
    found = found_in(samples, ("a", "a", 4, []), ("a", "b", 1, ["x"]), (None, "b", 2, ["y"]), (None, None, 3, ["z"]))
    assert [(item.expected, item.observed, item.entities, item.examples) for item in found.fallout] == [
        ("a", "b", 1, ("x",)),
        ("", "", 3, ("z",)),
    ]
    assert found_in(samples, ("a", "a", 4, [])).fallout == ()


def test_a_run_without_scenarios_has_no_section(samples):
    assert scenarios({}) is None
    assert found_in(samples, (None, None, 5, [])) is None
