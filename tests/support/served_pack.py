"""A small pack whose pipeline fetches: `letters`. Every byte of a file is a record that becomes a row of ClickHouse."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

PACK = """\
name: letters
title: Letters by HTTPS
warehouse: clickhouse
transport: http
source: letters_of_support
repeat: 2
layers: {typed: [letters]}
default_fixture_set: golden
suites: [letters]
processors:
  loader:
    kind: command
    ends: true
    argv: ["{python}", "{pack}/letters_loader.py", "{repetition}"]
    env:
      SOURCE_URL: "{source_url}"
      SOURCE_CA: "{source_ca_file}"
      CLICKHOUSE: "{clickhouse_url}"
      CLICKHOUSE_USER: "{clickhouse_user}"
      DATABASE: "{database}"
    secrets:
      SOURCE_KEY: "{source_key}"
      CLICKHOUSE_PASSWORD: "{clickhouse_password}"
accounting:
  drained: {settled_tables: [letters]}
  ids:
    tables: [{table: letters, column: id}]
"""
SOURCE = '''
"""Serve files of letters, each letter in a message of its own, and read them."""

import json
from collections import namedtuple

Record = namedtuple("Record", "id family time_ms value expect")
BASE = 1_772_226_000_000


def make_app(files, key):
    async def answer(send, status, body=b"", headers=()):
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        for byte in body:
            await send({"type": "http.response.body", "body": bytes([byte]), "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def app(scope, receive, send):
        if scope["type"] != "http":
            raise RuntimeError("there is nothing to start or stop")
        name = scope["path"].lstrip("/")
        if dict(scope["headers"]).get(b"authorization", b"").decode() != f"Bearer {key}":
            await answer(send, 401)
        elif not name:
            await answer(send, 200, json.dumps(sorted(files)).encode())
        elif name not in files:
            await answer(send, 404)
        else:
            body = files[name].read_bytes()
            said = json.dumps([[name, 0, len(body)]]).encode()
            await answer(send, 200, body, [(b"x-served-records", said)])

    return app


def read_records(path):
    for number, letter in enumerate(path.read_bytes()):
        if not chr(letter).isalpha():
            raise ValueError(f"byte {number} is no letter")
        yield Record(f"{path.name}-{number}", "letter", BASE + number, bytes([letter]), "")
'''
LOADER = '''
"""Fetch every file, and store the letters that are not stored yet. Retries what is busy or breaks off."""

import json
import os
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request

TRUSTED = ssl.create_default_context(cafile=os.environ["SOURCE_CA"])
TRIES = 3


def fetch(path):
    url = f"{os.environ['SOURCE_URL']}/{path}"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {os.environ['SOURCE_KEY']}"})
    for attempt in range(1, TRIES + 1):
        try:
            with urllib.request.urlopen(request, context=TRUSTED, timeout=10) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            if error.code < 429:
                sys.exit(f"GET {path}: {error}")
            print(f"GET {path}, attempt {attempt}: {error}")
        except Exception as error:
            print(f"GET {path}, attempt {attempt}: {error!r}")
    sys.exit(f"GET {path} failed {TRIES} times")


def query(text, body=b""):
    names = {"database": os.environ["DATABASE"], "user": os.environ["CLICKHOUSE_USER"], "query": text}
    names["password"] = os.environ["CLICKHOUSE_PASSWORD"]
    url = f"{os.environ['CLICKHOUSE']}/?{urllib.parse.urlencode(names)}"
    with urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=10) as answer:
        return answer.read()


stored = set(query("SELECT id FROM letters FORMAT TSV").decode().split())
rows = []
for name in json.loads(fetch("")):
    for number, letter in enumerate(fetch(name).decode()):
        if f"{name}-{number}" not in stored:
            rows.append(json.dumps({"id": f"{name}-{number}", "letter": letter}))
if rows:
    query("INSERT INTO letters FORMAT JSONEachRow", "\\n".join(rows).encode())
print(f"start {sys.argv[1]}: {len(rows)} letters stored")
'''
SCHEMA = "CREATE TABLE letters (`id` String, `letter` String) ENGINE = MergeTree ORDER BY id;\n"
CONTENT = """\
-- QUERY: letters
SELECT
    id,
    letter
FROM letters;
"""
CHECK = """\
-- When this fails, a letter was cut or joined with another one.
-- LAYER: typed

-- TEST: letters_are_single
SELECT count() AS failed_rows
FROM letters
WHERE length(letter) != 1;

-- MUTATION: a letter is doubled
ALTER TABLE letters UPDATE letter = concat(letter, letter) WHERE id = 'a.txt-0';
"""
FILES = {"a.txt": b"abcdef", "b.txt": b"xyz"}


def write_pack(folder: Path, *, pack: str = PACK, loader: str = LOADER) -> Path:
    """Write the pack with its golden set, and return its folder."""
    home = folder / "letters"
    texts = {
        "pack.yaml": pack,
        "letters_of_support.py": SOURCE,
        "letters_loader.py": loader,
        "sql/schema/0001_letters.sql.j2": SCHEMA,
        "sql/content/typed.sql": CONTENT,
        "sql/assertions/letters/letters_are_single.sql": CHECK,
        "fixtures/golden/manifest.json": json.dumps(manifest()),
    }
    for name, text in texts.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for name, content in FILES.items():
        (home / "fixtures" / "golden" / name).write_bytes(content)
    return home


def manifest() -> dict[str, object]:
    """Return the manifest of the golden set: one session a file."""
    sessions = [
        {"file": name, "sha256": hashlib.sha256(content).hexdigest(), "events": len(content)}
        for name, content in FILES.items()
    ]
    return {
        "window": {"from_ts": "2026-02-27T00:00:00Z", "to_ts": "2026-02-28T00:00:00Z"},
        "scenarios": {"words": {"sessions": sessions[:1]}, "ends": {"sessions": sessions[1:]}},
    }
