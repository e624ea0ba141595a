"""Scenarios: in which scenario each entity was expected and observed, and which entities are in none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streamproof.model.entities.scenarios import is_fallout
from streamproof.model.results import StageResult
from streamproof.report.formatting import whole
from streamproof.report.sections.entries import entries


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario: how many entities were expected in it and observed in it, and how many of these are the same."""

    name: str
    expected: int
    observed: int
    agreeing: int

    @property
    def holds(self) -> bool:
        """Return whether each expected entity was observed in it. Others may be in it, too."""
        return self.agreeing == self.expected


@dataclass(frozen=True, slots=True)
class Fallout:
    """Entities of one expected scenario ('' for none) that were observed in another, or in none ('')."""

    expected: str
    observed: str
    entities: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scenarios:
    """The scenarios of a run, and its fallout: entities that are in no scenario, or not in the expected one."""

    found: tuple[Scenario, ...]
    fallout: tuple[Fallout, ...]


def scenarios(results: Mapping[str, StageResult]) -> Scenarios | None:
    """Return the scenarios from the details of stage `oracle`, None for a run without any."""
    pairs = entries(results.get("oracle"), "scenarios")
    names = sorted({name for pair in pairs for name in (_name(pair, "expected"), _name(pair, "observed")) if name})
    if not names:
        return None
    found = tuple(_scenario(name, pairs) for name in names)
    fallout = tuple(_fallout(pair) for pair in pairs if is_fallout(_name(pair, "expected"), _name(pair, "observed")))
    return Scenarios(found, fallout)


def _scenario(name: str, pairs: list[Mapping[str, Any]]) -> Scenario:
    expected = [pair for pair in pairs if _name(pair, "expected") == name]
    observed = [pair for pair in pairs if _name(pair, "observed") == name]
    return Scenario(
        name,
        expected=sum(whole(pair.get("entities")) for pair in expected),
        observed=sum(whole(pair.get("entities")) for pair in observed),
        agreeing=sum(whole(pair.get("entities")) for pair in expected if _name(pair, "observed") == name),
    )


def _fallout(pair: Mapping[str, Any]) -> Fallout:
    examples = pair.get("examples")
    return Fallout(
        _name(pair, "expected"),
        _name(pair, "observed"),
        whole(pair.get("entities")),
        tuple(map(str, examples)) if isinstance(examples, list | tuple) else (),
    )


def _name(pair: Mapping[str, Any], key: str) -> str:
    return str(pair.get(key) or "")
