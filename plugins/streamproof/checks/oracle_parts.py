"""What a pack brings for its oracle: the module that foretells, and the SQL that reads what is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from streamproof.model.errors import SqlSourceError
from streamproof.packs.pack import Pack
from streamproof.packs.parts import import_part
from streamproof.sql.blocks import Block, BlockKind, read_blocks, read_suite
from streamproof.sql.reading import shown_path

SESSIONS_MATCH = "oracle_sessions_match"
IDENTITY = "scenario_identity"

Row = dict[str, Any]


class Expectation(Protocol):
    """What a set of records must leave, from one reading of them."""

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Yield (table, row) for every row that must be there."""

    def sessions(self) -> list[Row]:
        """Return the expected facts of every session. The records are not read again after `rows` is exhausted."""


class Oracle(Protocol):
    """What the module that a pack names as its oracle has. Rows have the field `entities.id` of the pack.

    `PRECEDENCE` lists the scenarios, the one that names a session of several first.
    """

    PRECEDENCE: Sequence[str]

    def Expectation(self, records: Iterable[tuple[Any, ...]]) -> Expectation:  # noqa: N802 - it is a class of the pack
        """Return what the records must leave, from the fields of `PublishedRecord` in the order of publishing."""

    def compare(self, expected: Iterable[Mapping[str, Any]], observed: Iterable[Mapping[str, Any]]) -> list[Row]:
        """Return the differences: {<entity's id>, field, expected, observed} each."""

    def broken_layer(self, expected: Mapping[str, Any] | None, evidence: Mapping[str, Any]) -> str:
        """Return the layer in which the difference of a session begins, by what the layers hold of it."""


@dataclass(frozen=True, slots=True)
class OracleSql:
    """What the oracle's stage reads of the warehouse.

    `checks` are the queries that the two checks are about, by the check's name, with the mutations that break them;
    `evidence` counts what the layers hold of some sessions; `scenarios` are the discovery queries.
    """

    checks: Mapping[str, Block]
    evidence: Block
    scenarios: tuple[Block, ...]

    @property
    def text(self) -> str:
        """Return everything that decides whether a check passes."""
        return "\n".join(block.sql for block in (*self.checks.values(), *self.scenarios))


def load_oracle(pack: Pack) -> Oracle:
    """Import a pack's oracle. Raises UsageError when the module is not there or lacks a part."""
    oracle: Oracle = import_part(pack, "oracle", ("PRECEDENCE", "Expectation", "compare", "broken_layer"))
    return oracle


def read_oracle_sql(home: Path, pack: Pack) -> OracleSql:
    """Read the SQL of a pack's oracle. Raises SqlSourceError when a file is missing or broken."""
    folder = pack.sql_dir
    blocks = {block.name: block for block in read_suite(folder / "oracle", home=home, kind=BlockKind.QUERY)}
    if set(blocks) != {SESSIONS_MATCH, IDENTITY}:
        raise SqlSourceError(
            f"{folder / 'oracle'} holds the queries {', '.join(blocks)}.",
            hint=f"It must hold exactly {SESSIONS_MATCH} and {IDENTITY}.",
        )
    evidence = _queries(home, folder / "oracle" / "evidence")
    if len(evidence) != 1:
        raise SqlSourceError(f"{folder / 'oracle' / 'evidence'} must hold one query.", hint="See docs/write-a-pack.md.")
    return OracleSql(blocks, evidence[0], _queries(home, folder / "scenarios"))


def _queries(home: Path, folder: Path) -> tuple[Block, ...]:
    files = sorted(folder.glob("*.sql"))
    return tuple(block for path in files for block in read_blocks(path, shown_as=shown_path(path, home)))
