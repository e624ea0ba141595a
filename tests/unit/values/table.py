"""The table of Kafka values (cases.yaml), each with its bytes and with what every reader must say of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
DATA = '{"stream_id":"s","request_id":"r","type":"gateway_receive_stream_request","note":"a \\" b"}'
ENVELOPE = {
    "id": '"c1"', "type": '"stream_trace"', "timestamp": '"1781000000123"', "gateway": '"g"', "data": DATA,
}  # fmt: skip
PIECES = {
    "ARRAYS": lambda n: "[" * n + "]" * n,
    "SCALAR": lambda n: "[" * n + "1" + "]" * n,
    "OBJECTS": lambda n: '{"a":' * n + "1" + "}" * n,
    "MANY": lambda n: "[" + ",".join(["[]"] * n) + "]",
    "OPEN": lambda n: "[" * n,
    "NINES": lambda n: "9" * n,
}


@dataclass(frozen=True)
class Case:
    """A value (None: a null value) and how it is read. `readable`: it is a JSON object within the limits.

    `data` is the payload's text where the case is about that, `text` the one that the raw layer must hold, None where
    the case does not say; `time` is the usable time in Unix milliseconds.
    """

    what: str
    value: bytes | None
    data: str | None
    text: str | None
    id: str
    type: str
    time: int | None
    gateway: str | None
    disposition: str
    reason: str
    readable: bool


def _spelt(text: str) -> str:
    text = text.replace("{DATA}", DATA)
    return re.sub(r"\{([A-Z]+):(\d+)\}", lambda found: PIECES[found[1]](int(found[2])), text)


def _value(case: dict[str, Any]) -> bytes | None:
    if "value" in case:
        value = case["value"]
        return _spelt(value).encode() if isinstance(value, str) else value
    changed = {**ENVELOPE, **case.get("members", {}), **({"data": case["data"]} if "data" in case else {})}
    return _spelt("{" + ",".join(f'"{name}":{text}' for name, text in changed.items()) + "}").encode()


def _case(case: dict[str, Any]) -> Case:
    unread = {"id": "", "type": "", "time": None, "result": "dlq json_parse_error"}
    said = {"id": "c1", "type": "stream_trace", "time": 1781000000123, "result": "accepted"}
    said |= (unread if case.get("unreadable") else {}) | case
    disposition, _, reason = said["result"].partition(" ")
    data = _spelt(case["data"]) if "data" in case else None
    return Case(
        what=case["what"],
        value=_value(case),
        data=data,
        text=_spelt(case["text"]) if "text" in case else data,
        id=said["id"],
        type=said["type"],
        time=said["time"],
        gateway=said.get("gateway"),
        disposition=disposition,
        reason=reason,
        readable=reason not in ("json_parse_error", "root_not_object", "null_payload"),
    )


CASES = [_case(case) for case in yaml.safe_load((FOLDER / "cases.yaml").read_text(encoding="utf-8"))]
LATENCIES = yaml.safe_load((FOLDER / "latencies.yaml").read_text(encoding="utf-8"))
