"""What the commands of `streamproof flink` share: their options, and the deployment that they open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from streamproof.cli.output import progress_console

if TYPE_CHECKING:
    from streamproof.flink.deploying.deployment import Deployment
    from streamproof.flink.deploying.work import Gate, Limits

Rest = Annotated[str | None, typer.Option("--rest", help="Flink's REST interface; default: FLINK_REST.", metavar="URL")]
Name = Annotated[str, typer.Option("--name", help="Name of the deployment.", metavar="NAME")]


@contextmanager
def opened_deployment(
    rest: str | None, name: str, limits: Limits | None = None, gate: Gate | None = None, *, reads_only: bool = False
) -> Iterator[Deployment]:
    """Open a deployment until the end of the block; progress goes to stderr. Raises StreamproofError."""
    from streamproof.cli.environment import flink_settings, read_environment
    from streamproof.flink.deploying.opening import opened

    console = progress_console()
    with opened(
        flink_settings(rest),
        read_environment().deployments,
        name,
        limits=limits,
        gate=gate,
        reads_only=reads_only,
        say=lambda message: console.print(message, markup=False),
    ) as deployment:
        yield deployment
