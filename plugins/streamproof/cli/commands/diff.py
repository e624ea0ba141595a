"""`streamproof diff`: compare the content of two runs, or of a run and a database, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from streamproof.cli.commands.report import find_run
from streamproof.cli.environment import connections, read_environment
from streamproof.cli.options import Json, Pack, named
from streamproof.cli.output import emit_json, result_console
from streamproof.model.errors import EXIT_CHECK_FAILED, UsageError, WarehouseError

if TYPE_CHECKING:
    from streamproof.content.comparing import Side
    from streamproof.environment import Environment
    from streamproof.model.content import SavedContent
    from streamproof.packs.pack import Pack as ThePack
    from streamproof.runs.context import RunContext

# A run id has no colon.
DATABASE = "db:"
_SIDE = "A run by id, `latest`, or db:NAME for a database on the server that CH_* names."
One = Annotated[str, typer.Argument(help=_SIDE, metavar="A", show_default=False)]
Other = Annotated[str, typer.Argument(help="The same.", metavar="B", show_default=False)]


def diff(
    one: One,
    other: Other,
    table: Annotated[
        list[str] | None, typer.Option("--table", help="Compare only this; can be repeated.", metavar="NAME")
    ] = None,
    rows: Annotated[int, typer.Option("--rows", help="Examples shown of each table.", min=0, metavar="N")] = 5,
    pack: Pack = None,
    json: Json = False,
) -> None:
    """Compare what two runs left in their databases, along the pack's projections (sql/content), layer by layer.

    Shows the first layer and table that differs, and the rows that only one side has. Runs are read from their folders,
    so their stacks need not be up. Exit codes: 0 nothing differs, 1 something does, 2 the two cannot be compared.
    """
    from streamproof.content.comparing import compare_contents
    from streamproof.report.terminal.difference import show_difference

    environment = read_environment()
    the_pack = _pack(environment, (one, other), pack)
    with _side(environment, one, the_pack) as mine, _side(environment, other, the_pack) as its:
        found = compare_contents(the_pack.warehouse, mine, its, only=named(table), rows=rows)
    if json:
        emit_json(found.as_json())
    else:
        show_difference(result_console(json=json), found.as_json())
    if not found.equal:
        raise typer.Exit(EXIT_CHECK_FAILED)


def _pack(environment: Environment, sides: Sequence[str], asked: str | None) -> ThePack:
    """Return the pack of the comparison: the one that was asked for, else that of a run, else the default pack."""
    runs = [side for side in sides if not side.startswith(DATABASE)]
    if asked is None and runs:
        return _run(environment, runs[0]).pack
    return environment.packs.load(asked)


def _run(environment: Environment, run_id: str) -> RunContext:
    from streamproof.runs.context import RunContext

    return RunContext.open(find_run(environment.artifacts, run_id))


@contextmanager
def _side(environment: Environment, name: str, pack: ThePack) -> Iterator[Side]:
    """Open one side: the saved content of a run, or that of a database, which is saved to a temporary folder."""
    from streamproof.content.comparing import Side

    if not name.startswith(DATABASE):
        ctx = _run(environment, name)
        yield Side(ctx.plan.run_id, ctx.folder.content, _saved(ctx))
        return
    with TemporaryDirectory(prefix="streamproof-diff-") as folder:
        yield Side(name, Path(folder), _saved_now(environment, name, pack, Path(folder)))


def _saved(ctx: RunContext) -> SavedContent:
    """Return what a run has saved. Raises UsageError when it has saved nothing at all."""
    from streamproof.stages.publishing.saved_content import saved_content

    found = saved_content(ctx)
    if found is not None:
        return found
    if ctx.plan.observes:
        raise UsageError(
            f"Run {ctx.plan.run_id} has observed a warehouse and saved nothing of it.",
            hint=f"Name the database itself: {DATABASE}NAME, with CH_HOST and so on.",
        )
    raise UsageError(
        f"Run {ctx.plan.run_id} has no saved content.",
        hint="It is not at its end, or an earlier version of streamproof made it.",
    )


def _saved_now(environment: Environment, name: str, pack: ThePack, folder: Path) -> SavedContent:
    """Save the content of a database to a folder. Raises UsageError, StackError, WarehouseError."""
    from contextlib import closing

    from streamproof.checks.check_files import CheckFiles
    from streamproof.content.saving import save_content
    from streamproof.model.content import SavedContent
    from streamproof.warehouse.registry import open_warehouse

    database = name.removeprefix(DATABASE)
    if not database:
        raise UsageError(f"'{name}' names no database.", hint=f"Write {DATABASE}NAME.")
    projections = CheckFiles(pack, environment.home).projections
    if not projections:
        return SavedContent(pack.name, reason=f"Pack '{pack.name}' has no projections in {pack.sql_dir / 'content'}.")
    outside = connections(warehouse=pack.warehouse, kafka=False)
    settings = outside.warehouse.using(database)
    with closing(open_warehouse(pack.warehouse, settings, source=outside.source)) as warehouse:
        content = save_content(warehouse, projections, folder, pack=pack.name, log=_quiet)
    for table, error in content.not_saved.items():
        raise WarehouseError(f"{name}: {table} cannot be read: {error}", hint=f"Has it the schema of pack {pack.name}?")
    return content


def _quiet(_line: str) -> None:
    """Discard a log line: the first error is raised."""
