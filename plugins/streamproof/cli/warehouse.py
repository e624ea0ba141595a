"""Choose the warehouse that a command reads: that of CH_* or PG*, or that of a run whose stack is still up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from streamproof.cli.commands.report import find_run
from streamproof.cli.environment import connections, warehouse_settings
from streamproof.model.errors import StackError, UsageError
from streamproof.model.plan import NOTHING_PROMISED
from streamproof.model.settings import WarehouseSettings

if TYPE_CHECKING:
    from streamproof.environment import Environment
    from streamproof.model.window import Window
    from streamproof.packs.pack import Pack as ThePack
    from streamproof.runs.context import RunContext
    from streamproof.warehouse.base import Warehouse as OpenWarehouse


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A database to read, with the pack, the window and the check parameters of its run.

    For the warehouse of CH_* or PG*, the pack comes from the command, and there is no window.
    """

    settings: WarehouseSettings
    pack: ThePack
    window: Window | None = None
    parameters: Mapping[str, object] = field(default_factory=dict)

    @contextmanager
    def connected(self) -> Iterator[OpenWarehouse]:
        """Connect to the database and close the connection afterwards. Raises WarehouseError."""
        from streamproof.warehouse.registry import open_warehouse

        warehouse = open_warehouse(self.pack.warehouse, self.settings)
        try:
            yield warehouse
        finally:
            warehouse.close()


def chosen_warehouse(environment: Environment, run_id: str | None, pack: str | None) -> Warehouse:
    """Return the warehouse of the run or stack `run_id`; without it, the warehouse of CH_* or PG* for a pack.

    Raises UsageError for an unknown run or one of another pack, StackError for one whose stack is not up any more.
    """
    if run_id is None:
        the_pack = environment.packs.load(pack)
        parameters = {**the_pack.query_parameters, **NOTHING_PROMISED}
        return Warehouse(warehouse_settings(the_pack.warehouse), the_pack, parameters=parameters)
    ctx = opened_run(environment, run_id, pack, kafka=False)
    # Without a replay, nothing is known of what was published.
    replayed = ctx.plan.observes or ctx.folder.read_stage("replay_events") is not None
    return Warehouse(
        settings=ctx.database_settings(),
        pack=ctx.pack,
        window=ctx.window,
        parameters=ctx.check_parameters() if replayed else {**ctx.pack.query_parameters, **NOTHING_PROMISED},
    )


def opened_run(environment: Environment, run_id: str, pack: str | None = None, *, kafka: bool = True) -> RunContext:
    """Return a run or stack whose services are up; `kafka`: its brokers are needed, too.

    `pack` is the pack that the command names, if it names one. Raises UsageError for an unknown run or one of another
    pack, StackError for one whose stack is not up any more.
    """
    from streamproof.runs.context import RunContext

    ctx = RunContext.open(_folder(environment, run_id))
    if pack is not None and (named := environment.packs.load(pack)).file != ctx.pack.file:
        raise UsageError(
            f"Run {run_id} is one of pack '{ctx.pack.name}' ({ctx.pack.file}), not of '{named.name}' ({named.file}).",
            hint="Leave out --pack: a run knows its pack.",
        )
    if ctx.plan.needs_connections:
        return ctx.connected(lambda: connections(warehouse=ctx.pack.warehouse, kafka=kafka))
    _require_stack(ctx)
    return ctx


def _folder(environment: Environment, name: str) -> Path:
    stack = environment.stacks / name
    return stack if (stack / "plan.json").is_file() else find_run(environment.artifacts, name)


def _require_stack(ctx: RunContext) -> None:
    from streamproof.runtime.stack import stack_is_alive

    state = ctx.folder.read_stack_state()
    if state is None or state.status != "ready" or not stack_is_alive(state):
        raise StackError(
            f"The stack of run {ctx.plan.run_id} is not up, so its database is gone.",
            hint="Use --keep-stack to keep a run's database; `streamproof stack status` lists what is up.",
        )
