"""Find the rows of entities in saved content. A file is read once for all of them, batch by batch."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from streamproof.model.content import SavedContent
from streamproof.model.formats.arrow_values import python_values
from streamproof.packs.entities import Entities
from streamproof.packs.entity_pages import Related, Section

Row = dict[str, Any]
# What is kept of one table for one entity. More are counted.
MOST_KEPT = 5_000
BATCH = 20_000
_PLAIN_PART = re.compile(r"[A-Za-z0-9_-]+")
# Finds in a batch the places of rows, and for each of these the entities that it belongs to.
Owners = Callable[[Any], tuple[list[int], Iterator[Sequence[str]]]]


class EntityRows:
    """The rows of some entities, section by section.

    `rows` holds those that were kept, by table and entity id; `totals` counts all.
    """

    def __init__(self, folder: Path, content: SavedContent, entities: Entities, ids: Iterable[str]) -> None:
        self._folder, self._content, self._entities = folder, content, entities
        self.ids = tuple(dict.fromkeys(ids))
        blanks = entities.page.blanks if entities.page else ()
        # By the texts that an event has of the id: a part that it lacks is blank there.
        self._by_parts = {"|".join("" if part in blanks else part for part in it.split("|")): it for it in self.ids}
        self.rows: dict[str, dict[str, list[Row]]] = {}
        self.totals: dict[str, dict[str, int]] = {}
        self.columns: dict[str, tuple[str, ...]] = {}

    def read(self, section: Section) -> str:
        """Read the rows of a section's table. Return why that is not possible, '' when it is."""
        table = next((it for it in self._content.tables if it.name == section.table), None)
        if table is None:
            why = self._content.not_saved.get(section.table) or f"There is no projection `{section.table}`."
            return f"The run did not save this table: {why}"
        try:
            with pq.ParquetFile(self._folder / table.file) as file:
                return self._read(section, file)
        except (OSError, pa.ArrowException) as problem:
            return f"{table.file} cannot be read: {problem}"

    def known_ids(self) -> set[str]:
        """Return the ids in every saved table with the column of the id. A file that cannot be read is left out."""
        found: set[str] = set()
        for table in self._content.tables:
            try:
                with pq.ParquetFile(self._folder / table.file) as file:
                    if self._entities.id not in file.schema_arrow.names:
                        continue
                    for batch in file.iter_batches(batch_size=BATCH, columns=[self._entities.id]):
                        found.update(str(it) for it in python_values(batch.column(0).unique()) if it)
            except (OSError, pa.ArrowException):
                continue
        return found

    def _read(self, section: Section, file: pq.ParquetFile) -> str:
        names = file.schema_arrow.names
        paths = (*section.paths, *section.first, *self._asked(section))
        absent = [path for path in paths if column_of(path, names) is None]
        if absent:
            return f"The saved rows have no column for `{absent[0]}` of section '{section.title}'."
        key = self._key(section, names)
        if not key and not section.related:
            return f"No column of the saved rows holds an id: section '{section.title}' needs `key` or `related`."
        owners = self._related_owners(section.related) if section.related else self._key_owners(key)
        kept: dict[str, list[Row]] = defaultdict(list)
        totals: dict[str, int] = defaultdict(int)
        self.columns[section.table] = shown = tuple(name for name in names if name not in section.omit)
        needed = {*shown, *(str(column_of(path, names)) for path in (*paths, *key))}
        for batch in file.iter_batches(BATCH, columns=sorted(needed)):
            for row, its in _owned(batch, *owners(batch)):
                for owner in its:
                    totals[owner] += 1
                    if len(kept[owner]) < MOST_KEPT:
                        kept[owner].append(row)
        self.rows[section.table], self.totals[section.table] = kept, totals
        return ""

    def _asked(self, section: Section) -> tuple[str, ...]:
        """Return what related sections take from the section's rows."""
        sections = self._entities.page.sections if self._entities.page else ()
        return tuple(it.related.value for it in sections if it.related and section.table in it.related.of)

    def _key(self, section: Section, names: Sequence[str]) -> tuple[str, ...]:
        """Return the columns that hold the id, () when there are none."""
        key = section.key or ((self._entities.id,) if self._entities.id in names else self._entities.id_parts)
        return key if all(column_of(path, names) for path in key) else ()

    def _key_owners(self, key: tuple[str, ...]) -> Owners:
        by_key = {it: it for it in self.ids} if key == (self._entities.id,) else self._by_parts
        wanted = [it.split("|") if len(key) > 1 else [it] for it in by_key]

        def owners(batch: Any) -> tuple[list[int], Iterator[Sequence[str]]]:
            places, few = may_match(batch, key, wanted)
            rows = zip(*(values_of(few, path) for path in key), strict=True)
            found = (by_key.get("|".join(_text(value) for value in values)) for values in rows)
            return places, ((owner,) if owner else () for owner in found)

        return owners

    def _related_owners(self, related: Related) -> Owners:
        having: dict[str, set[str]] = defaultdict(set)
        for table in related.of:
            for owner, rows in self.rows.get(table, {}).items():
                for row in rows:
                    if value := _text(inside(row, related.value)).casefold():
                        having[value].add(owner)

        values = pa.array(sorted(having), pa.string())

        def owners(batch: Any) -> tuple[list[int], Iterator[Sequence[str]]]:
            places, few = may_relate(batch, related.columns, values)
            columns = [[_text(value).casefold() for value in values_of(few, path)] for path in related.columns]
            its = ({owner for column in columns for owner in having.get(column[n], ())} for n in range(len(places)))
            return places, map(sorted, its)

        return owners


def column_of(path: str, names: Sequence[str]) -> str | None:
    """Return the column that a path begins with, None when there is none."""
    return next((name for name in (path, path.partition(".")[0]) if name in names), None)


def inside(row: Mapping[str, Any], path: str) -> Any:
    """Return the value of a column, or of a path into the JSON text that it holds; None when there is none."""
    if path in row:
        return row[path]
    column, _, rest = path.partition(".")
    return _in_json(row.get(column), rest.split(".")) if rest else None


def values_of(batch: Any, path: str) -> list[Any]:
    """Return the values of a column of a batch, or of a path into the JSON text that it holds."""
    if path in batch.schema.names:
        return _plain(batch.column(path))
    column, _, rest = path.partition(".")
    keys = rest.split(".")
    return [_in_json(text, keys) for text in _plain(batch.column(column))]


def may_match(batch: Any, key: Sequence[str], wanted: Sequence[Sequence[str]]) -> tuple[list[int], Any]:
    """Return the places of the rows that may have one of the wanted keys, and these rows.

    This only saves time: of millions of rows few are decoded. Where it cannot tell, it returns all rows.
    """
    parts = sorted({part for its in wanted for part in its})
    for path in key if all(len(its) == len(key) for its in wanted) else ():
        column = batch.column(column_of(path, batch.schema.names))
        is_json = path not in batch.schema.names
        if not pa.types.is_string(column.type) or (is_json and not all(map(_PLAIN_PART.fullmatch, parts))):
            continue
        # JSON may hold any character as `\\u` with its number.
        pattern = "|".join([*map(re.escape, parts), *([r"\\u"] if is_json else [])])
        try:
            matches = pc.match_substring_regex(column, pattern).fill_null("" in parts)
        except pa.ArrowException:
            continue
        places = pc.indices_nonzero(matches)
        return places.to_pylist(), batch.take(places)
    return list(range(batch.num_rows)), batch


def may_relate(batch: Any, paths: Sequence[str], values: Any) -> tuple[list[int], Any]:
    """Return the places of the rows that may have one of the values in one of the columns, and these rows.

    The values are an array of texts in lower case. Like `may_match`, this only saves time.
    """
    found = pa.array([False] * batch.num_rows, pa.bool_())
    for path in paths:
        if path not in batch.schema.names or not pa.types.is_string(batch.column(path).type):
            return list(range(batch.num_rows)), batch
        column = batch.column(path)
        try:
            same = pc.is_in(pc.utf8_lower(pc.utf8_trim_whitespace(column)), values)
            # Python folds the letters of some other scripts in another way than Arrow.
            other = pc.invert(pc.string_is_ascii(column)).fill_null(False)
        except pa.ArrowException:
            return list(range(batch.num_rows)), batch
        found = pc.or_(found, pc.or_(same, other))
    places = pc.indices_nonzero(found)
    return places.to_pylist(), batch.take(places)


def milliseconds(value: Any) -> int | None:
    """Return a time as Unix milliseconds; a number is one already. None for anything else.

    A time without a zone is UTC, wherever it is read.
    """
    if isinstance(value, datetime):
        return round((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp() * 1000)
    return round(value) if is_number(value) else None


def is_number(value: Any) -> bool:
    """Return whether a value is a finite number. A warehouse's decimals are numbers, True and False are none."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool) and math.isfinite(value)


def _in_json(text: Any, keys: Sequence[str]) -> Any:
    try:
        found = orjson.loads(text) if isinstance(text, str | bytes) else text
    except orjson.JSONDecodeError:
        return None
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _owned(batch: Any, places: Sequence[int], owners: Iterator[Sequence[str]]) -> Iterator[tuple[Row, Sequence[str]]]:
    found = [(place, its) for place, its in zip(places, owners, strict=True) if its]
    if not found:
        return
    mine = batch.take(pa.array([place for place, _ in found], pa.int64()))
    rows = zip(*(_plain(column) for column in mine.columns), strict=True)
    for row, (_, its) in zip(rows, found, strict=True):
        yield dict(zip(batch.schema.names, row, strict=True)), its


def _plain(column: Any) -> list[Any]:
    """Return the values of a column. Bytes that are no UTF-8, which a warehouse may hold as text, are replaced."""
    try:
        return python_values(column)
    except UnicodeDecodeError:
        return [_decoded(value) for value in column.cast(_as_bytes(column.type)).to_pylist()]


def _as_bytes(kind: Any) -> Any:
    if pa.types.is_string(kind):
        return pa.binary()
    if pa.types.is_map(kind):
        return pa.map_(_as_bytes(kind.key_type), _as_bytes(kind.item_type))
    return pa.list_(_as_bytes(kind.value_type)) if pa.types.is_list(kind) else kind


def _decoded(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return type(value)(map(_decoded, value)) if isinstance(value, list | tuple) else value


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    return "" if value is None else str(value).strip()
