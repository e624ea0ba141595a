"""Render the page of an entity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from streamproof.model.entities.page import EntityPage, EntityTable
from streamproof.model.results import CheckResult
from streamproof.report import formatting
from streamproof.report.entities import drawing
from streamproof.report.templating import render

# A text of this length still fits a cell; more is in the saved content.
MOST_CHARACTERS = 600
# Greater numbers may be times, with more digits.
LARGE = 1_000_000
# The page is in this folder of the run.
UP = ".."


@dataclass(frozen=True, slots=True)
class LayerView:
    """What one layer has of an entity: its tables, and the failed checks that point to the layer and name it."""

    name: str
    tables: tuple[EntityTable, ...]
    failed: tuple[CheckResult, ...]


def render_entity_page(page: EntityPage) -> str:
    """Return the page, without scripts or external resources. Links are relative to a folder of the run's folder."""
    return render(
        "entity.html.j2",
        escape=True,
        page=page,
        up=UP,
        headline=_headline(page),
        facts=_facts(page),
        final={name: shown for name, shown in (page.judged or {}).items() if name != "oracle_differences"},
        layers=_layers(page),
        timeline=drawing.timeline(page.tables),
        charts=drawing.charts(page.tables),
        most_marks=drawing.MOST_MARKS,
        most_points=drawing.MOST_POINTS,
        cut=_cut,
    )


def _headline(page: EntityPage) -> str:
    parts = []
    if page.failed:
        name = "names" if len(page.failed) == 1 else "name"
        parts.append(f"{formatting.count(len(page.failed), 'failing check')} of the run {name} it.")
    if page.differences:
        differs = "differs" if len(page.differences) == 1 else "differ"
        parts.append(f"{formatting.count(len(page.differences), 'fact')} {differs} from what the oracle expects.")
    elif page.is_mislabelled:
        parts.append("Its scenario is not the expected one.")
    if page.judged is None:
        parts.append("No oracle has judged it in this run.")
    return " ".join(parts) or "It is as the oracle expects, and no failing check names it."


def _facts(page: EntityPage) -> list[tuple[str, str]]:
    judged: Mapping[str, Any] = page.judged or {}
    scenarios = [
        (title, str(judged.get(key) or formatting.decimal(None)))
        for title, key in (("Scenario expected", "scenario_expected"), ("Scenario observed", "scenario_observed"))
        if page.judged is not None
    ]
    titles = [(title, _cut(item) or formatting.decimal(None)) for title, item in page.titles.items()]
    return [("Run", page.run_id), ("Pack", page.pack), *scenarios, *titles]


def _layers(page: EntityPage) -> tuple[LayerView, ...]:
    """Return the layers that have a table or a failed check, in the order of the data flow; '' is no layer."""
    names = dict.fromkeys((*page.layers, *(table.layer for table in page.tables), *(it.layer for it in page.failed)))
    views = (
        LayerView(
            name,
            tuple(table for table in page.tables if table.layer == name),
            tuple(check for check in page.failed if check.layer == name),
        )
        for name in names
    )
    return tuple(view for view in views if view.tables or view.failed)


def _cut(item: Any) -> str:
    if isinstance(item, float) and abs(item) < LARGE:
        # A number of four bytes has seven digits.
        return f"{item:.7g}"
    text = "" if item is None else formatting.value(item)
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}… ({len(text):,} characters)"
