"""The child that compares Parquet files: `python -m streamproof.warehouse.clickhouse.content.engine_child`.

It reads a JSON document {pairs: [[file, file], ...], rows} from standard input and writes a list with one object for
each pair to standard output. The engine of the wheel `chdb-core` reads the files itself, and no server is needed.

The rows of two files are compared as multisets. A row is compared as text: that distinguishes NULL from '' and 'NULL',
has the shortest digits of a float that give back its bits, and makes NaN equal to NaN. The memory needed depends on the
number of rows, not on their size, and is limited: the engine continues on disk.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Run = Callable[[str], str]

_SETTINGS = (
    "SET max_threads = 2",
    "SET max_bytes_before_external_group_by = 300000000",
    "SET max_bytes_before_external_sort = 300000000",
    "SET input_format_parquet_memory_low_watermark = 2000000",
    "SET input_format_parquet_memory_high_watermark = 100000000",
    "SET input_format_parquet_max_block_size = 8192",
    "SET output_format_json_quote_64bit_integers = 0",
)
_DIGEST = "SELECT count(), toString(sum(reinterpretAsUInt128({hash}))) FROM {file}"
# The aliases are names that no column of a file has.
_DIFFERING = """
CREATE OR REPLACE TABLE differing ENGINE = Memory AS
SELECT row__hash AS hash, countIf(row__side = 1) AS one, countIf(row__side = 2) AS other
FROM (
    SELECT {hash} AS row__hash, 1 AS row__side FROM {one}
    UNION ALL
    SELECT {hash} AS row__hash, 2 AS row__side FROM {other}
)
GROUP BY row__hash
HAVING one != other
"""
_COUNTS = """
SELECT toUInt64(sumIf(one - other, one > other)), toUInt64(sumIf(other - one, other > one)) FROM differing
"""
# Bytes that are no text are shown as hexadecimal digits.
_SHOWN = "toNullable(if(isValidUTF8(toString({column})), toString({column}), concat('0x', hex(toString({column})))))"
_SAMPLES = """
SELECT differing.one, differing.other, found.row__shown
FROM (
    SELECT {hash} AS row__hash, {text} AS row__text, [{shown}] AS row__shown
    FROM {file}
    WHERE row__hash IN (SELECT hash FROM differing WHERE {side} > {against})
    ORDER BY row__text
    LIMIT {rows}
) AS found
INNER JOIN differing ON differing.hash = found.row__hash
ORDER BY found.row__text
LIMIT 1 BY found.row__text
"""


def compare(document: Mapping[str, Any], run: Run) -> list[dict[str, Any]]:
    """Return what each pair of files has in common and what not. `run` executes one statement."""
    for setting in _SETTINGS:
        run(setting)
    return [_compared(one, other, int(document["rows"]), run) for one, other in document["pairs"]]


def _compared(one: str, other: str, rows: int, run: Run) -> dict[str, Any]:
    try:
        found: dict[str, Any] = {"columns": [_columns(one, run), _columns(other, run)], "rows": [0, 0], "only": [0, 0]}
        found["samples"] = [[], []]
        if sorted(found["columns"][0]) == sorted(found["columns"][1]):
            _compare_rows(one, other, rows, found, run)
    except Exception as error:  # noqa: BLE001 - the engine raises what it likes; the parent reports it
        return {"error": " ".join(str(error).split())}
    return found


def _compare_rows(one: str, other: str, rows: int, found: dict[str, Any], run: Run) -> None:
    names = [_name(column) for column, _ in found["columns"][0]]
    text = f"toString(tuple({', '.join(names)}))"
    digest = f"sipHash128({text})"
    digests = [_answer(_DIGEST.format(hash=digest, file=_file(path)), run)[0] for path in (one, other)]
    found["rows"] = [count for count, _ in digests]
    if digests[0] == digests[1]:
        return
    run(_DIFFERING.format(hash=digest, one=_file(one), other=_file(other)))
    [found["only"]] = _answer(_COUNTS, run)
    shown = ", ".join(_SHOWN.format(column=name) for name in names)
    for place, (path, side, against) in enumerate(((one, "one", "other"), (other, "other", "one"))):
        sql = _SAMPLES.format(
            hash=digest, text=text, shown=shown, file=_file(path), side=side, against=against, rows=rows
        )
        found["samples"][place] = _answer(sql, run)


def _columns(path: str, run: Run) -> list[list[str]]:
    names, types = json.loads(run(f"DESCRIBE {_file(path)} FORMAT JSONCompactColumns"))[:2]
    return [[name, kind] for name, kind in zip(names, types, strict=True)]


def _answer(sql: str, run: Run) -> Sequence[Any]:
    found: Sequence[Any] = json.loads(run(f"{sql} FORMAT JSONCompact"))["data"]
    return found


def _file(path: str) -> str:
    quoted = path.replace("\\", "\\\\").replace("'", "\\'")
    return f"file('{quoted}', Parquet)"


def _name(column: str) -> str:
    quoted = column.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{quoted}`"


def main() -> None:
    """Compare the files of one document."""
    import chdb  # noqa: PLC0415 - it starts an engine when it is imported

    connection = chdb.connect(":memory:")
    found = compare(json.load(sys.stdin), lambda sql: str(connection.query(sql)))
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
