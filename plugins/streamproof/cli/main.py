"""The command line `streamproof COMMAND`. Commands only call stages and services, and show the result."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from streamproof import __version__
from streamproof.cli.commands import assertions as assert_command
from streamproof.cli.commands import diff as diff_command
from streamproof.cli.commands import fixtures as fixtures_commands
from streamproof.cli.commands import history as history_command
from streamproof.cli.commands import init as init_command
from streamproof.cli.commands import new_pack as new_pack_command
from streamproof.cli.commands import notebook as notebook_command
from streamproof.cli.commands import pack as pack_commands
from streamproof.cli.commands import prove as prove_command
from streamproof.cli.commands import replay as replay_command
from streamproof.cli.commands import report as report_command
from streamproof.cli.commands import run as run_command
from streamproof.cli.commands import setup as setup_command
from streamproof.cli.commands import stack as stack_commands
from streamproof.cli.commands.dlq import app as dlq_commands
from streamproof.cli.commands.export import command as export_command
from streamproof.cli.commands.flink import app as flink_commands
from streamproof.cli.commands.showing import event as event_command
from streamproof.cli.commands.showing import scenarios as scenarios_command
from streamproof.cli.commands.showing import session as session_command
from streamproof.cli.commands.showing import trace as trace_command
from streamproof.cli.failures import StreamproofGroup
from streamproof.cli.output import emit_json

app = typer.Typer(
    cls=StreamproofGroup,
    name="streamproof",
    help="Proves that a streaming analytics pipeline (Kafka, stream processor, ClickHouse) still works.",
    epilog="Exit codes: 0 passed, 1 a check failed, 2 bad input, 3 could not be judged, 130 interrupted.",
    no_args_is_help=False,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
    json: Annotated[bool, typer.Option("--json", hidden=True)] = False,
) -> None:
    # Errors are reported as exceptions, so log messages of libraries are not shown.
    logging.getLogger().addHandler(logging.NullHandler())
    if version:
        if json:
            emit_json({"version": __version__})
        else:
            typer.echo(f"streamproof {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit


app.command("run", short_help="Bring up the stack, replay, judge every layer.")(run_command.run)
app.command("prove", short_help="Show that every check is able to fail.")(prove_command.prove)
app.add_typer(stack_commands.app, name="stack", short_help="A local stack without a run: up, status, down.")
app.command("diff", short_help="Compare the content of two runs, layer by layer.")(diff_command.diff)
app.command("trace", short_help="Show a warehouse layer by layer.")(trace_command.trace)
app.command("session", short_help="Follow one session through every layer.")(session_command.session)
app.command("event", short_help="Follow one event through every layer.")(event_command.event)
app.command("scenarios", short_help="Find the sessions of each scenario.")(scenarios_command.scenarios)
app.command("assert", short_help="Run assertion files against a warehouse.")(assert_command.assert_sql)
app.command("replay", short_help="Publish a fixture set to a topic.")(replay_command.replay)
fixtures_commands.app.command("export", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(
    export_command.export
)
app.add_typer(fixtures_commands.app, name="fixtures", short_help="Make, redact and verify fixture sets.")
pack_commands.app.command("new", short_help="Make a pack that runs from a file of events.")(new_pack_command.new)
app.add_typer(pack_commands.app, name="pack", short_help="The packs here, and whether one is complete.")
app.add_typer(flink_commands.app, name="flink", short_help="Deploy a job on Flink: update, stop, roll back.")
app.add_typer(dlq_commands, name="dlq", short_help="Look at dead letters, and replay them.")
app.command("report", short_help="Render a run's report again, print its path.")(report_command.report)
app.command("history", short_help="List the runs so far: flaky, drifted, compared.")(history_command.history)
app.command("notebook", short_help="Execute the notebook of a run and save it.")(notebook_command.notebook)
app.command("init", short_help="Write the DAG files for an Airflow.")(init_command.init)
app.command("setup", short_help="Fetch the jars and prepare the broker, once.")(setup_command.setup)


def main() -> None:
    """Run the command line of this process."""
    app()
