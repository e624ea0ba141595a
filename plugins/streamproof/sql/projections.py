"""Read a pack's projections: the queries whose rows are the content of its tables and views, in the order of layers.

A projection leaves out values that may differ although the content is the same: names of the run, Kafka positions,
versions, times of writing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from streamproof.sql.blocks import Block, BlockKind, block_error, read_blocks, refuse_duplicates
from streamproof.sql.dialects import CLICKHOUSE, Dialect
from streamproof.sql.reading import shown_path


@dataclass(frozen=True, slots=True)
class Projection:
    """The query of one table or view, and its layer."""

    layer: str
    block: Block

    @property
    def name(self) -> str:
        """Return the name of the projection, in most cases that of its table or view."""
        return self.block.name


def read_projections(
    folder: Path,
    layers: Mapping[str, Sequence[str]],
    *,
    home: Path | None = None,
    dialect: Dialect = CLICKHOUSE,
) -> tuple[Projection, ...]:
    """Read the projections of a folder, in the order of the layers and of the tables in each.

    `layers` are the pack's tables and views by layer. A projection belongs to the layer that has a table of its name;
    one with another name says it with a line `-- LAYER: …`. File names in errors are relative to `home`.

    Raises SqlSourceError for a broken file, and for a projection without a layer, with a parameter or with the name of
    another one.
    """
    files = sorted(folder.glob("*.sql"))
    blocks = [b for path in files for b in read_blocks(path, shown_as=shown_path(path, home), dialect=dialect)]
    refuse_duplicates(blocks)
    places = {name: (layer, number) for layer, names in layers.items() for number, name in enumerate(names)}
    found = [_projection(block, places, layers) for block in blocks]
    order = list(layers)
    last = len(places)
    return tuple(sorted(found, key=lambda it: (order.index(it.layer), places.get(it.name, ("", last))[1])))


def _projection(block: Block, places: Mapping[str, tuple[str, int]], layers: Mapping[str, Sequence[str]]) -> Projection:
    layer = block.layer or places.get(block.name, ("", 0))[0]
    if block.kind is not BlockKind.QUERY or block.mutations:
        raise block_error(block.source, block.line, f"'{block.name}' is no query.", "A projection is one `-- QUERY:`.")
    if block.parameters:
        names = ", ".join(sorted(block.parameter_names))
        raise block_error(
            block.source,
            block.line,
            f"projection '{block.name}' has a parameter: {names}.",
            "A projection shows all rows of a database.",
        )
    if layer not in layers:
        raise block_error(
            block.source,
            block.line,
            f"projection '{block.name}' belongs to no layer of the pack.",
            f"Name it as a table of `layers`, or add a line `-- LAYER: …` with one of {', '.join(layers)}.",
        )
    return Projection(layer, block)
