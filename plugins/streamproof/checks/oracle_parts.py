"""The parts of a pack's oracle: the module that computes expected data, and the SQL that reads the observed data."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeGuard

from streamproof.checks.partitions import Links
from streamproof.model.errors import SqlSourceError
from streamproof.packs.pack import Pack
from streamproof.packs.parts import import_part
from streamproof.sql.blocks import Block, BlockKind, read_blocks
from streamproof.sql.dialects import Dialect
from streamproof.sql.reading import shown_path
from streamproof.sql.suites import read_suite

SESSIONS_MATCH = "oracle_sessions_match"
IDENTITY = "scenario_identity"

Row = dict[str, Any]


class Expectation(Protocol):
    """The expected data of a set of records, computed in one pass over them.

    `sessions` belongs to the oracle of a pack with `entities` only.
    """

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Yield (table, row) for every row that the warehouse must have."""

    def sessions(self) -> list[Row]:
        """Return the expected facts of every session. The records are not read again after `rows` is exhausted."""


class Oracle(Protocol):
    """The interface of a pack's oracle module. Rows have the field that the pack names in `entities.id`.

    The oracle of a pack without `entities` computes rows of tables only: it has `Expectation` and nothing else.
    `PRECEDENCE` lists the scenarios, highest first. A session in several scenarios is reported as the highest one.
    """

    PRECEDENCE: Sequence[str]

    def Expectation(self, given: Iterable[tuple[Any, ...]] | Mapping[str, Path]) -> Expectation:  # noqa: N802 - it is a class of the pack
        """Return the expectation for what a run gives to the pipeline.

        These are the records in the order of publishing, each with the fields of `PublishedRecord`. For a pack with a
        `source`, they are the files that the run serves, by their name in the manifest.
        """

    def compare(self, expected: Iterable[Mapping[str, Any]], observed: Iterable[Mapping[str, Any]]) -> list[Row]:
        """Return one row per difference: {<id field>, field, expected, observed}."""

    def broken_layer(self, expected: Mapping[str, Any] | None, evidence: Mapping[str, Any]) -> str:
        """Return the first layer that differs for a session, from `evidence` about its rows in the layers."""


class PartedOracle(Oracle, Protocol):
    """An oracle that can judge the records of a run part by part. An oracle without these judges them all at once."""

    def links(self, value: bytes | None) -> Links | tuple[tuple[str, ...], bool]:
        """Return the names that connect a record with others, and whether all others need it; see `Links`."""

    def PartExpectation(  # noqa: N802 - it is a class of the pack
        self, records: Iterable[tuple[Any, ...]], context: Collection[int]
    ) -> Expectation:
        """Return the expectation for a part. No row of the records with these sequences is yielded."""

    def joined(self, sessions: Iterable[Row]) -> list[Row]:
        """Return the sessions of all parts in the order in which `sessions` of all records would return them."""


_PARTED = ("links", "PartExpectation", "joined")


def is_parted(oracle: Oracle) -> TypeGuard[PartedOracle]:
    """Return whether an oracle can judge part by part."""
    return all(hasattr(oracle, name) for name in _PARTED)


@dataclass(frozen=True, slots=True)
class OracleSql:
    """The queries of stage `oracle`.

    `checks` are the queries of the two checks by check name, with their mutations. `evidence` counts the rows of given
    sessions in the layers. `scenarios` find the sessions of each scenario.
    """

    checks: Mapping[str, Block]
    evidence: Block
    scenarios: tuple[Block, ...]

    @property
    def text(self) -> str:
        """Return the text of all queries that decide whether a check passes."""
        return "\n".join(block.sql for block in (*self.checks.values(), *self.scenarios))


def load_oracle(pack: Pack) -> Oracle:
    """Import a pack's oracle. Raises UsageError when the module or one of its parts is missing."""
    of_entities = ("PRECEDENCE", "compare", "broken_layer") if pack.entities else ()
    oracle: Oracle = import_part(pack, "oracle", (*of_entities, "Expectation"))
    return oracle


def read_oracle_sql(home: Path, pack: Pack) -> OracleSql:
    """Read the SQL of a pack's oracle. Raises SqlSourceError when a file is missing or broken."""
    folder = pack.sql_dir
    found = read_suite(folder / "oracle", home=home, kind=BlockKind.QUERY, dialect=pack.dialect)
    blocks = {block.name: block for block in found}
    if set(blocks) != {SESSIONS_MATCH, IDENTITY}:
        raise SqlSourceError(
            f"{folder / 'oracle'} holds the queries {', '.join(blocks)}.",
            hint=f"It must hold exactly {SESSIONS_MATCH} and {IDENTITY}.",
        )
    evidence = _queries(home, folder / "oracle" / "evidence", pack.dialect)
    if len(evidence) != 1:
        raise SqlSourceError(f"{folder / 'oracle' / 'evidence'} must hold one query.", hint="See docs/write-a-pack.md.")
    return OracleSql(blocks, evidence[0], _queries(home, folder / "scenarios", pack.dialect))


def _queries(home: Path, folder: Path, dialect: Dialect) -> tuple[Block, ...]:
    files = sorted(folder.glob("*.sql"))
    found = (read_blocks(path, shown_as=shown_path(path, home), dialect=dialect) for path in files)
    return tuple(block for blocks in found for block in blocks)
