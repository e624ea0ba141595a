"""Readers of capability payloads: the orchestrator objects, and the models that each advertises."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from pipelines.livepeer.event import Event
from pipelines.livepeer.fields import child, optional_integer, optional_text, text
from pipelines.livepeer.identity import normalised_address

_MAX_I32 = (1 << 31) - 1


class Orchestrator(NamedTuple):
    """One orchestrator object, with the first and the last columns of each of its rows."""

    payload: dict[str, Any]
    identity: tuple[str | None, str, str, str, str]
    lineage: tuple[str, str, str, int, int]


class AdvertisedModel(NamedTuple):
    """One model under one capability, with its settings as advertised."""

    capability_id: int
    model_id: str
    settings: dict[str, Any]


def orchestrators(event: Event) -> Iterator[Orchestrator]:
    """Yield the orchestrators of a payload: a list or one object. Empty items and non-objects are skipped."""
    items = event.data if isinstance(event.data, list) else [event.data]
    for item in items:
        if isinstance(item, dict) and item:
            identity = (
                event.when,
                event.event_id,
                normalised_address(text(item, "address")),
                normalised_address(text(item, "local_address")),
                text(item, "orch_uri"),
            )
            yield Orchestrator(item, identity, event.lineage(orjson.dumps(item).decode()))


def numeric_keys(holder: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """Yield (capability id, key) for the keys that are 32-bit numbers, in the object's order."""
    for key in holder:
        if key.isascii() and key.isdigit() and len(key) <= 10 and int(key) <= _MAX_I32:
            yield int(key), key


def advertised_models(payload: Mapping[str, Any]) -> list[AdvertisedModel]:
    """Return the models of an orchestrator in its own order; capabilities without a numeric id are skipped."""
    constraints = child(child(child(payload, "capabilities"), "constraints"), "PerCapability")
    found = []
    for capability_id, key in numeric_keys(constraints):
        models = child(child(constraints, key), "models")
        found += [AdvertisedModel(capability_id, model_id, child(models, model_id)) for model_id in models]
    return found


def runner_version(settings: Mapping[str, Any]) -> str | None:
    """Return the runner's version of a model, None when it is not advertised."""
    return optional_text(settings, "runnerVersion")


def warm(settings: Mapping[str, Any], high: int = _MAX_I32) -> int | None:
    """Return whether a model is loaded: producers send a boolean or a whole number up to `high`."""
    value = settings.get("warm")
    return int(value) if isinstance(value, bool) else optional_integer(settings, "warm", 0, high)
