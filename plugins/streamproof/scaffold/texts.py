"""Render the texts of a new pack that belong to no engine: pack.yaml and README."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment

from streamproof.fixtures.inference.model import Inferred, Kind
from streamproof.fixtures.inference.names import path_text
from streamproof.model.fixture import ValueRules
from streamproof.model.formats.templates import templates_of
from streamproof.model.formats.yaml_files import yaml_text
from streamproof.report.templating import markdown_cell
from streamproof.warehouse.values import MadePack

if TYPE_CHECKING:
    from streamproof.scaffold.new_pack import NewPackRequest
    from streamproof.scaffold.placing import Place


@cache
def _environment() -> Environment:
    return templates_of("streamproof.scaffold", {"yaml_text": yaml_text, "cell": markdown_cell, "path_text": path_text})


def pack_yaml(request: NewPackRequest, place: Place, inferred: Inferred, rules: ValueRules, made: MadePack) -> str:
    """Return the text of pack.yaml."""
    return (
        _environment()
        .get_template("pack.yaml.j2")
        .render(
            name=request.name,
            processor=request.processor,
            program=str(place.program),
            inferred=inferred,
            rules=rules,
            made=made,
            id_path=_id_path(inferred),
        )
    )


def readme(
    request: NewPackRequest, place: Place, inferred: Inferred, rules: ValueRules, made: MadePack, events: int
) -> str:
    """Return the text of the pack's README: what was inferred, and what to think about next."""
    return (
        _environment()
        .get_template("README.md.j2")
        .render(
            request=request,
            program_file=str(place.python_dir / place.program),
            inferred=inferred,
            rules=rules,
            made=made,
            events=events,
        )
    )


def _id_path(inferred: Inferred) -> str:
    """Return the path of the id that the events of all families have, its keys joined by points; '' for none."""
    found = {
        column.path
        for family in inferred.families
        for column in family.columns
        if column.name in family.key and column.values.kind in (Kind.TEXT, Kind.INTEGER)
    }
    path = next(iter(found), ())
    everywhere = len(found) == 1 and all(family.key for family in inferred.families)
    return ".".join(path) if everywhere and not any("." in key for key in path) else ""
