"""Small event files in the forms in which others publish theirs. The contents are made up."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Any

EVENTS = 24


def github(folder: Path) -> Path:
    """Public activity, JSON Lines: one payload for each type, and two lines that are no events."""
    lines = [json.dumps(_activity(number), ensure_ascii=number % 2 == 0) for number in range(EVENTS)]
    file = folder / "activity.jsonl"
    file.write_text("\n".join([*lines[:5], "{ cut off", *lines[5:], '["no", "object"]']) + "\n", encoding="utf-8")
    return file


def _activity(number: int) -> dict[str, Any]:
    kind = ("PushEvent", "WatchEvent", "IssuesEvent")[number % 3]
    payload: dict[str, Any] = {"action": "started"}
    if kind == "PushEvent":
        commits = [{"sha": f"{number:040x}", "message": 'fix "x|y"\n', "weight": 1.50}] * (number % 2)
        payload = {"push_id": 17_000_000_000 + number, "size": number % 2, "commits": commits}
    elif kind == "IssuesEvent":
        issue = {"number": number, "title": "Ünï", "labels": [], "score": 1.0, "reactions": {"+1": 0, "-1": number}}
        closed = None if number % 2 else "2024-03-01T10:00:00Z"
        payload = {"action": ("opened", "closed")[number % 2], "issue": {**issue, "closed_at": closed}}
    found: dict[str, Any] = {
        "id": str(30_000_000_000 + 7 * number),
        "type": kind,
        "actor": {"id": number, "login": f"user{number}"},
        "repo": {"id": number % 5, "name": f"a/b{number % 5}"},
        "payload": payload,
        "public": True,
        "created_at": f"2024-03-01T10:{number:02d}:00Z",
    }
    return {**found, "org": {"id": 1, "login": "o"}} if number % 4 == 0 else found


def wiki_edits(folder: Path) -> Path:
    """Recent changes of a wiki as `kcat -J` prints them: keys, headers, times, and a null value."""
    records = [_edit(number) for number in range(EVENTS)]
    records.append({**records[0], "offset": EVENTS, "payload": None})
    file = folder / "edits.jsonl.gz"
    file.write_bytes(gzip.compress("".join(json.dumps(record) + "\n" for record in records).encode()))
    return file


def _edit(number: int) -> dict[str, Any]:
    edit: dict[str, Any] = {
        "$schema": "/mediawiki/recentchange/1.0.0",
        "meta": {"id": f"{number:08d}-0000-4000-8000-000000000000", "dt": f"2024-05-05T00:{number:02d}:00.5Z"},
        "id": 1_000_000 + number if number % 3 else None,
        "type": ("edit", "log")[number % 2],
        "timestamp": 1_714_867_200 + 60 * number,
        "bot": number % 4 == 0,
        "length": {"old": number, "new": number + 1} if number % 2 == 0 else {"new": 5},
        "user": "127.0.0.1",
    }
    if number % 2:
        edit["log_params"] = [] if number % 4 == 1 else {"userid": number}
    headers = ["trace id", f"t{number}", "empty", ""] if number % 2 else []
    return {
        "topic": "wiki", "partition": 0, "offset": number, "tstype": "create", "broker": 1, "headers": headers,
        "ts": 1_714_867_200_000 + 60_000 * number, "key": f"k{number}" if number % 5 else None,
        "payload": json.dumps(edit),
    }  # fmt: skip


def access_log(folder: Path) -> Path:
    """Requests to a web server as CSV: no id, texts that look like numbers, empty cells, a byte order mark, CRLF."""
    rows = ["time,client ip,method,path,status,bytes,referer,duration (s),user-agent"]
    for number in range(EVENTS):
        agent = '"Mozilla/5.0 (X11; ""Linux"")"' if number % 2 else "curl/8.1"
        rows.append(
            f"2024-01-0{1 + number % 2} 12:00:{number:02d}.125,10.0.0.{number % 3},{('GET', 'POST')[number % 2]},"
            f"{'/' if number % 3 else '00' + str(number)},{200 + number % 2},{'' if number % 6 == 0 else 512 * number},"
            f",0.{number:03d},{agent}"
        )
    file = folder / "access.csv"
    file.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(rows).encode() + b"\r\n")
    return file


def taxi_trips(folder: Path) -> Path:
    """Trips of taxis as Parquet: times without a zone, floats that are whole, nulls, and two equal rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    start = dt.datetime(2024, 1, 31, 23, 30)
    numbers = [*range(EVENTS - 1), EVENTS - 2]
    table = pa.table(
        {
            "VendorID": pa.array([1 + number % 2 for number in numbers], pa.int32()),
            "tpep_pickup_datetime": pa.array([start + dt.timedelta(minutes=n) for n in numbers], pa.timestamp("us")),
            "tpep_dropoff_datetime": pa.array([start + dt.timedelta(hours=n) for n in numbers], pa.timestamp("us")),
            "passenger_count": pa.array([float(number % 4) if number % 5 else None for number in numbers]),
            "trip_distance": pa.array([0.1 * number for number in numbers]),
            "store_and_fwd_flag": pa.array([("N", "Y")[number % 2] if number % 5 else None for number in numbers]),
            "fare_amount": pa.array([number - 0.5 for number in numbers]),
            "Airport_fee": pa.array([None] * len(numbers), pa.float64()),
        }
    )
    file = folder / "trips.parquet"
    pq.write_table(table, file)
    return file
