"""Read SQL files that a user names, and find the window that their blocks need."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from streamproof.model.errors import UsageError
from streamproof.model.window import window_from

if TYPE_CHECKING:
    from streamproof.model.window import Window
    from streamproof.sql.blocks import Block, BlockKind
    from streamproof.sql.dialects import Dialect

WINDOW_PARAMETERS = frozenset({"from_ts", "to_ts"})


def read_files(paths: Sequence[Path], kind: BlockKind, dialect: Dialect) -> tuple[Block, ...]:
    """Return the blocks of `kind` in the files. A folder means all its .sql files.

    Raises UsageError when there is no such block, and SqlSourceError with file and line for a broken file.
    """
    from streamproof.sql.blocks import read_blocks

    files = [file for path in paths for file in _files(path)]
    blocks = [block for file in files for block in read_blocks(file, dialect=dialect) if block.kind is kind]
    if not blocks:
        raise UsageError(
            f"There is no {kind.value} block in {', '.join(map(str, paths))}.",
            hint=f"A block begins with a line `-- {kind.value}: name`.",
        )
    return tuple(blocks)


def window_for(
    blocks: Sequence[Block],
    from_ts: str | None,
    to_ts: str | None,
    lookback_hours: float | None,
    *,
    of_run: Window | None = None,
) -> Window | None:
    """Return the window that the options give, else the window of the run whose database is read.

    Raises UsageError when there is neither and a block needs one, because there is no default.
    """
    window = window_from(from_ts, to_ts, lookback_hours, now=datetime.now(UTC)) or of_run
    asking = [block.name for block in blocks if block.parameter_names & WINDOW_PARAMETERS]
    if window is None and asking:
        raise UsageError(
            f"{asking[0]} asks for a window and none is given.", hint="Give --from-ts and --to-ts, or --lookback-hours."
        )
    return window


def _files(path: Path) -> list[Path]:
    files = sorted(path.glob("*.sql")) if path.is_dir() else [path]
    if not files:
        raise UsageError(f"There is no .sql file in {path}.", hint="Name a file, or a folder that holds some.")
    if not files[0].is_file():
        raise UsageError(f"There is no file {path}.", hint="Give the path of a .sql file.")
    return files
