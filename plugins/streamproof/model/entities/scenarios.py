"""Whether an entity is in the scenario that its manifest expects. One rule for all that show or count entities."""

from __future__ import annotations


def is_mislabelled(expected: object, observed: object) -> bool:
    """Return whether a scenario is expected, and another one or none was observed.

    None and '' are no scenario. An entity without an expected scenario may be in any.
    """
    return bool(expected) and expected != observed


def is_fallout(expected: object, observed: object) -> bool:
    """Return whether an entity is in no scenario, or not in the expected one."""
    return not observed or is_mislabelled(expected, observed)
