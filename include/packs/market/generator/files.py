"""Write a set: a DBN file for each data set and schema, the manifest, the job that asks for it, and its cases."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import zstandard
from databento_dbn import DBN_VERSION, Metadata, Schema, SType

from packs.market.generator.content import SetContent
from packs.market.generator.instruments import Instrument, midnight
from packs.market.source.asking import MappingInterval, SymbolMapping
from packs.market.source.dbn_file import DbnFile, read_dbn
from packs.market.source.jobs import JOB_FILE, job_text
from packs.market.source.records import CASES_FILE

_SCENARIO = "served"
_EVENT_AT = 8
_RECEIVED_AT = {"definition": 16, "statistics": 16, "tbbo": 32, "trades": 32}


def write_set(folder: Path, content: SetContent, *, description: str) -> Path:
    """Write a set into a folder, which is made, and return the path of its manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    entries, names = [], {}
    for (dataset, schema), records in sorted(content.records.items()):
        name = f"{dataset}.{schema}.dbn.zst"
        ordered = _ordered(schema, records)
        names[dataset, schema] = name
        body = _encoded(content, dataset, schema, ordered)
        (folder / name).write_bytes(body)
        entries.append(_entry(name, dataset, schema, len(ordered), body))
    cases = _cases(content, {key: read_dbn(folder / name) for key, name in names.items()})
    if cases:
        _write_json(folder / CASES_FILE, cases)
    (folder / JOB_FILE).write_text(job_text({entry["file"]: folder / entry["file"] for entry in entries}))
    manifest = folder / "manifest.json"
    _write_json(manifest, _manifest(content, entries, cases, description))
    return manifest


def _ordered(schema: str, records: list[Any]) -> list[Any]:
    """Return records in the order of the service: by the time that it cuts by. Equal ones keep their order."""
    at = _RECEIVED_AT.get(schema, _EVENT_AT)
    return sorted(records, key=lambda record: int.from_bytes(bytes(record)[at : at + 8], "little"))


def _encoded(content: SetContent, dataset: str, schema: str, records: list[Any]) -> bytes:
    own = [instrument for instrument in content.instruments if instrument.dataset == dataset]
    unresolved = list(content.unresolved.get(dataset, ()))
    metadata = Metadata(
        dataset=dataset,
        start=midnight(content.days[0]),
        end=midnight(content.days[-1] + dt.timedelta(days=1)),
        schema=Schema.from_str(schema),
        stype_in=SType.from_str(own[0].stype_in),
        stype_out=SType.INSTRUMENT_ID,
        symbols=[*(instrument.symbol for instrument in own), *unresolved],
        partial=[],
        not_found=unresolved,
        mappings=[_mapping(instrument, content.days) for instrument in own],
        version=DBN_VERSION,
    )
    body = metadata.encode() + b"".join(map(bytes, records))
    return zstandard.ZstdCompressor(level=3, write_checksum=True).compress(body)


def _mapping(instrument: Instrument, days: tuple[dt.date, ...]) -> SymbolMapping:
    end = days[-1] + dt.timedelta(days=1)
    contracts = [contract for contract in instrument.contracts if contract.first < end]
    ends = [*(contract.first for contract in contracts[1:]), end]
    return SymbolMapping(
        instrument.symbol,
        [
            MappingInterval(contract.first, until, str(contract.instrument_id))
            for contract, until in zip(contracts, ends, strict=True)
        ],
    )


def _entry(name: str, dataset: str, schema: str, records: int, body: bytes) -> dict[str, Any]:
    return {
        "download": f"{dataset}|{schema}",
        "file": name,
        "events": records,
        "sha256": hashlib.sha256(body).hexdigest(),
        "table_counts": {f"records:{schema}": records, "records": records},
    }


def _cases(content: SetContent, files: dict[tuple[str, str], DbnFile]) -> list[Any]:
    """Return the cases, each with the place of its record. A record is found by its bytes where it was made twice."""
    found: list[dict[str, Any]] = []
    taken: Counter[tuple[str, bytes]] = Counter()
    for case in content.cases:
        file, value = files[case.dataset, case.schema], bytes(case.record)
        same = [index for index in range(len(file.times)) if file.record(index) == value]
        index = same[taken[file.name, value]]
        taken[file.name, value] += 1
        entry = {"case": case.name, "file": file.name, "index": index, "place": case.place}
        found.append(entry | ({"stage": case.stage, "rule": case.rule} if case.place == "quarantine" else {}))
    for dataset, symbols in sorted(content.unresolved.items()):
        found += [
            {"case": "unknown_symbol", "dataset": dataset, "symbol": symbol, "place": "quarantine",
             "stage": "extraction", "rule": "unresolved_symbol"}
            for symbol in symbols
        ]  # fmt: skip
    return found


def _manifest(content: SetContent, entries: list[dict[str, Any]], cases: list[Any], description: str) -> dict[str, Any]:
    start, end = content.days[0], content.days[-1] + dt.timedelta(days=1)
    refused = Counter(
        case["file"].removesuffix(".dbn.zst").rpartition(".")[2]
        for case in cases
        if case["place"] == "quarantine" and "file" in case
    )
    return {
        "generated_at": f"{end}T00:00:00.000Z",
        "window": {"from_ts": f"{start}T00:00:00.000Z", "to_ts": f"{end}T00:00:00.000Z"},
        "source": {"pack": "market", "generator": "packs.market.generator", "set": description},
        "events": sum(entry["events"] for entry in entries),
        "expected": {"dlq": {}, "quarantine": dict(sorted(refused.items())), "ignored": {}},
        # What belongs to the set besides the files that are served.
        "files": [JOB_FILE, *([CASES_FILE] if cases else [])],
        "scenarios": {_SCENARIO: {"candidate_count": len(entries), "sessions": entries}},
    }


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
