"""Read folders of checks: suites, whose checks can fail, and diagnostics, which cannot."""

from __future__ import annotations

from pathlib import Path

from streamproof.model.errors import SqlSourceError
from streamproof.model.results import LAYERS
from streamproof.sql.blocks import Block, BlockKind, block_error, read_blocks, refuse_duplicates
from streamproof.sql.dialects import CLICKHOUSE, Dialect
from streamproof.sql.reading import shown_path


def read_suite(
    folder: Path, *, home: Path | None = None, kind: BlockKind = BlockKind.TEST, dialect: Dialect = CLICKHOUSE
) -> tuple[Block, ...]:
    """Read a suite: a folder with one test in each file, sorted by file name.

    File names in errors and results are relative to `home` when it is given. `kind` is QUERY for queries whose rows
    other code judges.

    Raises SqlSourceError when the folder has no test, a file does not hold exactly one, a test has no mutation or no
    layer, or two files use the same name.
    """
    suite = _one_block_a_file(folder, home, kind, dialect)
    if not suite:
        raise SqlSourceError(
            f"{folder} holds no assertion.", hint="A suite is a folder of .sql files, one check a file."
        )
    for block in suite:
        if not block.mutations:
            raise block_error(
                block.source,
                block.line,
                f"test '{block.name}' has no mutation: nothing shows that it can fail.",
                "Add a `-- MUTATION:` block. A query that cannot fail is a diagnostic; its folder is diagnostics/.",
            )
        if block.layer not in LAYERS:
            raise block_error(
                block.source,
                block.line,
                f"test '{block.name}' names no layer of the warehouse.",
                f"Add a line `-- LAYER: …` with one of {', '.join(LAYERS)}.",
            )
    return suite


def read_diagnostics(folder: Path, *, home: Path | None = None, dialect: Dialect = CLICKHOUSE) -> tuple[Block, ...]:
    """Read the diagnostics of a suite: blocks written as tests whose rows are only shown, never judged.

    A suite may have none. Raises SqlSourceError when a file does not hold exactly one test, or the test has a mutation.
    """
    found = _one_block_a_file(folder, home, BlockKind.TEST, dialect)
    for block in found:
        if block.mutations:
            raise block_error(
                block.source,
                block.mutations[0].line,
                f"diagnostic '{block.name}' has a mutation, and cannot fail.",
                "A query that can fail is a check; its folder is assertions/.",
            )
    return found


def _one_block_a_file(folder: Path, home: Path | None, kind: BlockKind, dialect: Dialect) -> tuple[Block, ...]:
    found: list[Block] = []
    for path in sorted(folder.glob("*.sql")):
        blocks = read_blocks(path, shown_as=shown_path(path, home), dialect=dialect)
        if len(blocks) != 1 or blocks[0].kind is not kind:
            raise block_error(
                blocks[0].source,
                blocks[-1].line,
                f"such a file holds exactly one {kind} block.",
                "Split the file.",
            )
        found.extend(blocks)
    refuse_duplicates(found)
    return tuple(found)
