"""`network_capabilities`, as snapshots: the hardware of an orchestrator, with the settings and price of each model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pipelines.livepeer.catalogue import describe
from pipelines.livepeer.event import Event
from pipelines.livepeer.fields import (
    child,
    children,
    entry,
    optional_int32,
    optional_int64,
    optional_text,
    optional_unsigned,
    text,
)
from pipelines.livepeer.parsers.orchestrators import (
    AdvertisedModel,
    advertised_models,
    orchestrators,
    runner_version,
    warm,
)

# A price entry with one of these constraints is not bound to a model.
GENERAL_CONSTRAINTS = frozenset({"", "default"})
_NO_GPU: Mapping[str, Any] = {}


def parse(event: Event) -> list[tuple[Any, ...]]:
    """Return one row per orchestrator, hardware entry and GPU; without hardware, one GPU-less row per model.

    The GPU-less rows have no pipeline: only hardware entries name the workflow class.
    """
    return [
        (*identity, *columns, *lineage)
        for payload, identity, lineage in orchestrators(event)
        for columns in _columns(payload)
    ]


def _columns(payload: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Yield the columns between identity and lineage."""
    models = advertised_models(payload)
    prices = [entry(item, "capabilities_prices") for item in children(payload, "capabilities_prices")]
    version = text(child(payload, "capabilities"), "version")
    hardware = children(payload, "hardware")
    for item in hardware:
        unit = entry(item, "hardware")
        model_id = text(unit, "model_id")
        settings = _model_columns(model_id, models, prices)
        for gpu in _gpus(unit):
            yield (*_gpu_columns(gpu), text(unit, "pipeline"), model_id, *settings, version)
    if not hardware:
        for model_id in dict.fromkeys(model.model_id for model in models):
            yield (*_gpu_columns(_NO_GPU), "", model_id, *_model_columns(model_id, models, prices), version)


def _gpus(unit: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the GPUs of a hardware entry, or one empty object when it lists none."""
    listed = child(unit, "gpu_info")
    return [entry(gpu, "gpu_info") for gpu in listed.values() if gpu is not None] or [_NO_GPU]


def _gpu_columns(gpu: Mapping[str, Any]) -> tuple[str | int | None, ...]:
    return (
        optional_text(gpu, "id"),
        optional_text(gpu, "name"),
        optional_unsigned(gpu, "memory_total", 64),
        optional_unsigned(gpu, "memory_free", 64),
        optional_unsigned(gpu, "major", 8),
        optional_unsigned(gpu, "minor", 8),
    )


def _model_columns(
    model_id: str, models: list[AdvertisedModel], prices: list[dict[str, Any]]
) -> tuple[str | int | None, ...]:
    """Return capability, settings and price of a model, from the first capability that advertises exactly this model.

    Settings and prices of another model are never used; the columns stay empty instead.
    """
    advertised = next((model for model in models if model.model_id == model_id), None)
    settings: Mapping[str, Any] = advertised.settings if advertised else {}
    price = _price(model_id, advertised.capability_id if advertised else None, prices)
    capability_id = advertised.capability_id if advertised else optional_int32(price, "capability")
    return (
        *describe(capability_id),
        runner_version(settings),
        optional_int32(settings, "capacity"),
        optional_int32(settings, "capacityInUse"),
        warm(settings, high=255),
        optional_int64(price, "pricePerUnit"),
        optional_int64(price, "pixelsPerUnit"),
    )


def _price(model_id: str, capability_id: int | None, prices: list[dict[str, Any]]) -> Mapping[str, Any]:
    """Return the first price of the model under its capability (any, if unknown), else the first general price."""
    candidates = [p for p in prices if capability_id is None or p.get("capability") == capability_id]
    for price in candidates:
        if not model_id or text(price, "constraint") == model_id:
            return price
    for price in candidates:
        if text(price, "constraint") in GENERAL_CONSTRAINTS:
            return price
    return {}
