"""Extraction: the client's records become pydantic records. What fits no model is handed on with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from pipelines.market.stages.records import MODELS, Record

_HEADER = ("publisher_id", "instrument_id", "ts_event")
_CLASSES = {
    "definition": "InstrumentDefMsg",
    "ohlcv-1d": "OHLCVMsg",
    "ohlcv-1m": "OHLCVMsg",
    "statistics": "StatMsg",
    "tbbo": "MBP1Msg",
    "trades": "TradeMsg",
}


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that cannot be stored: why, at which stage, and all that is known about it."""

    position: int
    stage: str
    rule: str
    message: str
    record: dict[str, Any]
    symbol: str | None = None


def extract(schema: str, messages: Iterable[Any]) -> Iterator[tuple[int, Record] | Refused]:
    """Yield the records of a stream with their positions from 0, or why one is refused."""
    model, expected = MODELS[schema], _CLASSES[schema]
    values_of = _READERS.get(schema) or _plain(model)
    for position, message in enumerate(messages):
        found = type(message).__name__
        if found != expected:
            yield Refused(
                position, "extraction", "wrong_type", f"{found} in a stream of {expected}", described(message)
            )
            continue
        try:
            yield position, model.model_validate(values_of(message))
        except ValidationError as error:
            first = error.errors()[0]
            reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
            yield Refused(position, "extraction", "wrong_value", reason, described(message))


def described(message: Any) -> dict[str, Any]:
    """Return the header of any record, with its time of receipt and its text."""
    values: dict[str, Any] = {name: getattr(message, name, None) for name in (*_HEADER, "ts_recv")}
    return {**values, "type": type(message).__name__, "bytes": bytes(message).hex()}


def _plain(model: type[Record]) -> Callable[[Any], dict[str, Any]]:
    names = tuple(model.model_fields)
    return lambda message: {name: _value(getattr(message, name)) for name in names}


def _value(value: Any) -> Any:
    """Return a number or text; an enumeration of the client is its letter or its number."""
    if type(value) is int or type(value) is str:
        return value
    inner = getattr(value, "value", value)
    return inner if isinstance(inner, int | str) else str(inner)


def _trade(message: Any) -> dict[str, Any]:
    return {
        "publisher_id": message.publisher_id,
        "instrument_id": message.instrument_id,
        "ts_event": message.ts_event,
        "ts_recv": message.ts_recv,
        "ts_in_delta": message.ts_in_delta,
        "sequence": message.sequence,
        "price": message.price,
        "size": message.size,
        "action": _letter(message.action),
        "side": _letter(message.side),
        "depth": message.depth,
        "flags": int(message.flags),
    }


def _quote(message: Any) -> dict[str, Any]:
    level = message.levels[0]
    return {
        **_trade(message),
        "bid_px": level.bid_px,
        "ask_px": level.ask_px,
        "bid_sz": level.bid_sz,
        "ask_sz": level.ask_sz,
        "bid_ct": level.bid_ct,
        "ask_ct": level.ask_ct,
    }


def _letter(value: Any) -> str:
    """Return the letter of an enumeration. The client gives a letter that it does not know as plain text."""
    return value if type(value) is str else value.value


_READERS: dict[str, Callable[[Any], dict[str, Any]]] = {"tbbo": _quote, "trades": _trade}
