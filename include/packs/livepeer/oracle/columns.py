"""What the columns of the typed tables can hold: a record with a value that fits none of them is rejected as a whole.

Absent and null fit everywhere. Only families that say something about sessions are looked at. JSON values have exactly
the types that the parser gives them, so types are compared as such: this is done for every record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from packs.livepeer.oracle.values import LAST_MS, epoch_ms

# Judges a value that is there.
Fits = Callable[[Any], bool]
Members = dict[str, Fits]

_FLOAT32_MAX = 3.4028234663852886e38
_INT32 = 1 << 31


def is_text(value: Any) -> bool:
    """Tell whether a text column takes the value: any scalar."""
    return type(value) is not dict and type(value) is not list


def _is_time(value: Any) -> bool:
    return (epoch_ms(value) or 0) <= LAST_MS


def _is_float(value: Any) -> bool:
    return type(value) in (int, float) and -_FLOAT32_MAX <= value <= _FLOAT32_MAX


def _is_object(value: Any) -> bool:
    return type(value) is dict


def _is_array(value: Any) -> bool:
    return type(value) is list


def _whole(low: int, high: int) -> Fits:
    """Return the test for whole numbers within [low, high]; 3.0 is whole."""

    def fits(value: Any) -> bool:
        return type(value) in (int, float) and low <= value <= high and value == int(value)

    return fits


def _unsigned(bits: int) -> Fits:
    return _whole(0, (1 << bits) - 1)


_signed = _whole(-_INT32, _INT32 - 1)
_long = _whole(-(1 << 63), (1 << 63) - 1)

# Per family: the objects of `data` by path, and what their members must fit.
_SHAPES: dict[str, dict[tuple[str, ...], Members]] = {
    "stream_trace": {
        (): {"stream_id": is_text, "request_id": is_text, "type": is_text, "timestamp": _is_time},
        ("orchestrator_info",): {"address": is_text, "url": is_text},
    },
    "ai_stream_status": {
        (): {
            "stream_id": is_text,
            "request_id": is_text,
            "pipeline": is_text,
            "state": is_text,
            "start_time": _is_time,
        },
        ("orchestrator_info",): {"address": is_text, "url": is_text},
        ("input_status",): {"fps": _is_float},
        ("inference_status",): {
            "fps": _is_float,
            "restart_count": _unsigned(32),
            "last_error_time": _is_time,
            "last_params_hash": is_text,
        },
        ("inference_status", "last_params"): {"width": _unsigned(16), "height": _unsigned(16)},
    },
    "ai_stream_events": {
        (): {"stream_id": is_text, "request_id": is_text, "pipeline": is_text, "type": is_text, "capability": is_text}
    },
}

_HOST: Members = {
    **dict.fromkeys(("address", "local_address", "orch_uri"), is_text),
    "capabilities_prices": _is_array,
    "hardware": _is_array,
    "capabilities": _is_object,
}
_HARDWARE: Members = {"model_id": is_text, "pipeline": is_text, "gpu_info": _is_object}
_GPU: Members = {
    "memory_total": _unsigned(64),
    "memory_free": _unsigned(64),
    "major": _unsigned(8),
    "minor": _unsigned(8),
}
_PRICE: Members = {"capability": _signed, "pricePerUnit": _long, "pixelsPerUnit": _long, "constraint": is_text}
_CAPABILITIES: Members = {"version": is_text, "capacities": _is_object, "constraints": _is_object}
_SETTINGS: Members = {
    "capacity": _signed,
    "capacityInUse": _signed,
    "warm": lambda value: type(value) is bool or _unsigned(31)(value),
}


def is_held(family: str, data: Any) -> bool:
    """Tell whether the typed columns of an event's family can hold it."""
    if family == "network_capabilities":
        return all(_offer_is_held(offer) for offer in offers(data))
    for path, members in _SHAPES.get(family, {}).items():
        holder = data
        for name in path:
            holder = holder.get(name)
            if type(holder) is not dict:
                break
        if not (holder is None or _members_fit(holder, members)):
            return False
    return True


def offers(data: Any) -> Iterator[dict[str, Any]]:
    """Yield the orchestrator objects of a capability payload: an array of them, or one; others are skipped."""
    return (offer for offer in (data if isinstance(data, list) else [data]) if isinstance(offer, dict) and offer)


def is_capability_id(name: str) -> bool:
    """Tell whether a key is a capability id: digits of a 32-bit number. Other keys are passed over."""
    return name.isascii() and name.isdigit() and len(name) <= 10 and int(name) < _INT32


def _members_fit(holder: Any, members: Members) -> bool:
    """Tell whether a value is an object whose members fit; absent and null ones do."""
    if type(holder) is not dict:
        return False
    for name, fits in members.items():
        value = holder.get(name)
        if value is not None and not fits(value):
            return False
    return True


def _offer_is_held(offer: dict[str, Any]) -> bool:
    return (
        _members_fit(offer, _HOST)
        and all(_members_fit(price, _PRICE) for price in offer.get("capabilities_prices") or ())
        and all(_hardware_is_held(unit) for unit in offer.get("hardware") or ())
        and _capabilities_are_held(offer.get("capabilities") or {})
    )


def _hardware_is_held(unit: Any) -> bool:
    return _members_fit(unit, _HARDWARE) and all(
        gpu is None or _members_fit(gpu, _GPU) for gpu in (unit.get("gpu_info") or {}).values()
    )


def _capabilities_are_held(capabilities: dict[str, Any]) -> bool:
    if not _members_fit(capabilities, _CAPABILITIES):
        return False
    capacities = _by_id(capabilities.get("capacities"))
    constraints = (capabilities.get("constraints") or {}).get("PerCapability")
    return (
        all(value is None or _signed(value) for value in capacities)
        and (constraints is None or _is_object(constraints))
        and all(_models_are_held(held) for held in _by_id(constraints) if held is not None)
    )


def _by_id(holder: dict[str, Any] | None) -> Iterator[Any]:
    """Yield the values under capability ids."""
    return (value for name, value in (holder or {}).items() if is_capability_id(name))


def _models_are_held(held: Any) -> bool:
    return _members_fit(held, {"models": _is_object}) and all(
        settings is None or _members_fit(settings, _SETTINGS) for settings in (held.get("models") or {}).values()
    )
