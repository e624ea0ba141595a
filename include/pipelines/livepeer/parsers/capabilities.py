"""`network_capabilities`, expanded: advertised capabilities, models with their settings, and prices."""

from __future__ import annotations

from typing import Any

from pipelines.livepeer.catalogue import describe
from pipelines.livepeer.event import Event
from pipelines.livepeer.fields import child, children, entry, optional_int32, optional_int64, optional_text
from pipelines.livepeer.parsers.orchestrators import (
    advertised_models,
    numeric_keys,
    orchestrators,
    runner_version,
    warm,
)

Row = tuple[Any, ...]

# The capability id for a payload that names none: the column of the expanded tables is not nullable.
NO_CAPABILITY = -1


def parse_advertised(event: Event) -> list[Row]:
    """Return one row per advertised capability. Keys that are not numbers are skipped."""
    rows = []
    for payload, identity, lineage in orchestrators(event):
        capacities = child(child(payload, "capabilities"), "capacities")
        for capability_id, key in numeric_keys(capacities):
            rows.append((*identity, *describe(capability_id), optional_int32(capacities, key), *lineage))
    return rows


def parse_model_constraints(event: Event) -> list[Row]:
    """Return one row per numeric capability id and model."""
    return [
        (
            *identity,
            *describe(model.capability_id),
            model.model_id,
            runner_version(model.settings),
            optional_int32(model.settings, "capacity"),
            optional_int32(model.settings, "capacityInUse"),
            warm(model.settings),
            *lineage,
        )
        for payload, identity, lineage in orchestrators(event)
        for model in advertised_models(payload)
    ]


def parse_prices(event: Event) -> list[Row]:
    """Return one row per price entry."""
    rows = []
    for payload, identity, lineage in orchestrators(event):
        for item in children(payload, "capabilities_prices"):
            price = entry(item, "capabilities_prices")
            capability = describe(optional_int32(price, "capability"))
            if capability.id is None:
                capability = capability._replace(id=NO_CAPABILITY)
            rows.append(
                (
                    *identity,
                    *capability,
                    optional_text(price, "constraint"),
                    optional_int64(price, "pricePerUnit"),
                    optional_int64(price, "pixelsPerUnit"),
                    *lineage,
                )
            )
    return rows
