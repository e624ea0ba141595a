"""The section `export:` of a pack: how fixtures are cut out of a warehouse of its pipeline."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from streamproof.packs.strict import Strict

# What an export itself gives to the queries.
RESERVED = frozenset(
    {
        *("from_ts", "to_ts", "limit_per_scenario", "entity_ids", "entity_starts", "entity_ends", "scan_from"),
        *("scan_to", "session_padding_minutes", "open_session_duration_minutes"),
    }
)
OptionName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


def _not_reserved(options: dict[str, ExportOption]) -> dict[str, ExportOption]:
    if taken := sorted(options.keys() & RESERVED):
        raise ValueError(f"`{taken[0]}` is a parameter that every export gives itself")
    return options


class ExportOption(Strict):
    """An option of a pack's export. Its name is a query parameter, and with dashes an option of the command line.

    `default` decides its type: a number, a text, or true or false.
    """

    default: bool | int | str
    help: str = Field(min_length=1)


class Export(Strict):
    """How the events of an entity are found in a warehouse. Paths are relative to the pack's SQL folder.

    `candidates` is a file or folder of queries; each finds the entities of the scenario that it is named after. Their
    columns `start` and `end` hold an entity's first and last time; the end is NULL while an entity is open. `events`
    are files of queries that return the records of given entities. `options` are further parameters of both.
    """

    events: tuple[str, ...] = Field(min_length=1)
    start: str
    end: str
    candidates: str = "scenarios"
    options: Annotated[dict[OptionName, ExportOption], AfterValidator(_not_reserved)] = Field(default_factory=dict)
