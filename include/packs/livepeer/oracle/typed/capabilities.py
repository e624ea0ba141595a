"""The four fan-outs of `network_capabilities` (events.md §4): the rows of one orchestrator object.

Each fan-out is independent and reads only what its rows need, so one may fail while the others succeed. Readings where
the contract leaves a choice: the settings or price of another model are never used (only a price without a constraint,
or with the constraint `default`, is a fallback). An orchestrator without hardware has one row per model, without a GPU.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from packs.livepeer.oracle.columns import as_object, child, children, column_text, int32, is_capability_id
from packs.livepeer.oracle.typed import mapping
from packs.livepeer.oracle.typed.catalogue import capability_columns

Offer = dict[str, Any]
Columns = dict[str, Any]

# The capability id of the expanded tables when there is none: the column is not nullable.
_NO_CAPABILITY = -1
_BOUND_TO_NO_MODEL = ("", "default")


class _Model(NamedTuple):
    capability_id: int
    name: str
    settings: dict[str, Any]


def advertised(offer: Offer) -> Iterator[Columns]:
    """Yield a row per advertised capability."""
    for key, capacity in child(child(offer, "capabilities"), "capacities").items():
        if is_capability_id(key):
            yield {**capability_columns(int(key)), "capacity": int32(capacity)}


def constraints(offer: Offer) -> Iterator[Columns]:
    """Yield a row per capability and model."""
    for model in _models(offer):
        settings = mapping.read(mapping.CONSTRAINT_SETTINGS, model.settings)
        yield {**capability_columns(model.capability_id), "model_id": model.name, **settings}


def prices(offer: Offer) -> Iterator[Columns]:
    """Yield a row per price entry."""
    for price in map(as_object, children(offer, "capabilities_prices")):
        columns = capability_columns(int32(price.get("capability")))
        if columns["capability_id"] is None:
            columns["capability_id"] = _NO_CAPABILITY
        yield {**columns, **mapping.read(mapping.CONSTRAINT, price), **mapping.read(mapping.AMOUNTS, price)}


def snapshots(offer: Offer) -> Iterator[Columns]:
    """Yield a row per hardware entry and GPU, or per model of an orchestrator that names no hardware."""
    models = _models(offer)
    offered = [as_object(price) for price in children(offer, "capabilities_prices")]
    version = column_text(child(offer, "capabilities").get("version"))
    units = [as_object(unit) for unit in children(offer, "hardware")]
    if not units:
        # Only hardware names the workflow class.
        units = [{"model_id": name} for name in dict.fromkeys(model.name for model in models)]
    for unit in units:
        name = column_text(unit.get("model_id"))
        common = {
            "pipeline": column_text(unit.get("pipeline")),
            "model_id": name,
            **_settings_and_price(name, models, offered),
            "orchestrator_version": version,
        }
        gpus = [as_object(gpu) for gpu in child(unit, "gpu_info").values() if gpu is not None]
        for gpu in gpus or [{}]:
            yield {**mapping.read(mapping.GPU, gpu), **common}


def _models(offer: Offer) -> list[_Model]:
    """Return every model under every capability, in the order of the object."""
    found = []
    by_capability = child(child(child(offer, "capabilities"), "constraints"), "PerCapability")
    for key in filter(is_capability_id, by_capability):
        models = child(child(by_capability, key), "models")
        found += [_Model(int(key), name, child(models, name)) for name in models]
    return found


def _settings_and_price(name: str, models: list[_Model], offered: list[Offer]) -> Columns:
    """Return the settings of a model, from the first capability that has it, and the matching price."""
    model = next((model for model in models if model.name == name), None)
    price = _price(name, model.capability_id if model else None, offered)
    capability_id = model.capability_id if model else int32(price.get("capability"))
    return {
        **capability_columns(capability_id),
        **mapping.read(mapping.SNAPSHOT_SETTINGS, model.settings if model else {}),
        **mapping.read(mapping.AMOUNTS, price),
    }


def _price(name: str, capability_id: int | None, offered: list[Offer]) -> Offer:
    """Return the first price of the model, else the first that names no model; if known, of its capability only."""
    fitting = [
        price for price in offered if capability_id is None or _is_capability(price.get("capability"), capability_id)
    ]
    if not name and fitting:
        return fitting[0]
    for accepted in ((name,), _BOUND_TO_NO_MODEL):
        for price in fitting:
            if column_text(price.get("constraint")) in accepted:
                return price
    return {}


def _is_capability(value: Any, capability_id: int) -> bool:
    return type(value) in (int, float) and bool(value == capability_id)


FAN_OUTS: tuple[tuple[str, Callable[[Offer], Iterator[Columns]]], ...] = (
    ("network_capabilities", snapshots),
    ("network_capabilities_advertised", advertised),
    ("network_capabilities_model_constraints", constraints),
    ("network_capabilities_prices", prices),
)
