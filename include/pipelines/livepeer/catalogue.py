"""The static lookup of capability ids: names and groups, from `capability_catalogue.json`."""

from __future__ import annotations

from importlib import resources
from typing import NamedTuple

import orjson

UNKNOWN = "unknown"


class Capability(NamedTuple):
    """The four capability columns of a row. `id` is None when the payload names none."""

    id: int | None
    name: str
    group: str
    catalogue_version: str


_SOURCE = orjson.loads(resources.files("pipelines.livepeer").joinpath("capability_catalogue.json").read_bytes())
CATALOGUE_VERSION: str = _SOURCE["version"]
_BY_ID = {
    item["id"]: Capability(item["id"], item["name"], item["group"], CATALOGUE_VERSION)
    for item in _SOURCE["capabilities"]
}


def describe(capability_id: int | None) -> Capability:
    """Return the descriptor of an id. An id that is not in the catalogue keeps its number; its name is `unknown`."""
    known = _BY_ID.get(capability_id) if capability_id is not None else None
    return known or Capability(capability_id, UNKNOWN, UNKNOWN, CATALOGUE_VERSION)
