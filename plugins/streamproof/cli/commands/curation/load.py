"""`streamproof fixtures load`: insert the typed rows of a fixture set into a test database."""

from __future__ import annotations

from typing import Annotated

import typer

from streamproof.cli.environment import read_environment, warehouse_settings
from streamproof.cli.options import Json, Pack
from streamproof.cli.output import emit_json, progress_console, result_console

Manifest = Annotated[str, typer.Option("--manifest", help="Set of the pack, or path of a manifest.", metavar="PATH")]
Database = Annotated[
    str, typer.Option("--database", help="Empty, made by streamproof, or not there yet; on CH_HOST.", metavar="DB")
]
Truncate = Annotated[bool, typer.Option("--truncate", help="Empty the tables that get rows first.")]


def load(
    manifest: Manifest, database: Database, truncate: Truncate = False, pack: Pack = None, json: Json = False
) -> None:
    """Insert lines that are rows of tables; events are passed over. This proves nothing about a pipeline."""
    from streamproof.curation.loading import load_set

    the_pack = read_environment().packs.load(pack)
    loaded = load_set(
        the_pack, the_pack.manifest(manifest), warehouse_settings(the_pack.warehouse), database, truncate=truncate
    )
    if json:
        emit_json(loaded.as_json())
        return
    for table, names in loaded.left_out.items():
        progress_console().print(f"Notice: {table} has no column to insert for {', '.join(names)}.", markup=False)
    console = result_console(json=json)
    for table, number in loaded.rows.items():
        console.print(f"{number:>10,}  {table}", markup=False)
    console.print(f"{loaded.database}: {loaded.events} events were passed over.", markup=False)
