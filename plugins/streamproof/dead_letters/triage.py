"""The triage queries of a pack: `dead_letters/triage/*.sql`."""

from __future__ import annotations

from pathlib import Path

from streamproof.dead_letters.checklist import FOLDER
from streamproof.dead_letters.pipeline import rules_of
from streamproof.model.errors import SqlSourceError
from streamproof.packs.pack import Pack
from streamproof.sql.blocks import Block, read_one_query
from streamproof.sql.reading import shown_path


def read_triage(pack: Pack, *, home: Path) -> tuple[Block, ...]:
    """Return the triage queries of a pack, in the order of their files. Raises UsageError, SqlSourceError."""
    rules_of(pack)
    folder = pack.sql_dir / FOLDER / "triage"
    files = sorted(folder.glob("*.sql"))
    if not files:
        raise SqlSourceError(f"{folder} holds no query.", hint="Add .sql files, one query each.")
    return tuple(read_one_query(file, shown_as=shown_path(file, home), dialect=pack.dialect) for file in files)
