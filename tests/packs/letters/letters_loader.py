"""Fetch every file, and store the letters that are not stored yet. Retries what is busy or breaks off."""

import http.client
import json
import os
import pathlib
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request

TRUSTED = ssl.create_default_context(cafile=os.environ["SOURCE_CA"])
TRIES = 3
JOB = json.loads(pathlib.Path(os.environ["JOB_FILE"]).read_text(encoding="utf-8"))


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
        except (OSError, http.client.HTTPException) as error:
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
for name in JOB:
    for number, letter in enumerate(fetch(name).decode()):
        if f"{name}-{number}" not in stored:
            rows.append(json.dumps({"id": f"{name}-{number}", "letter": letter}))
if rows:
    query("INSERT INTO letters FORMAT JSONEachRow", "\n".join(rows).encode())
print(f"start {sys.argv[1]}: {len(rows)} letters stored")
