"""The entity picker of the notebook: each entity's facts, its rows in the pack's sections, and its rows by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from streamproof.model.entities.scenarios import is_mislabelled
from streamproof.notebook.opening import OpenedRun
from streamproof.notebook.shown import COMPACT_ROWS, Part, Table
from streamproof.packs.entities import Entities
from streamproof.report.formatting import value

# Entities with all their rows. Every other one can be named by the parameter ENTITY.
SHOWN, SHOWN_IN_DEBUG = 6, 20
_MOST_LISTED = 200
_GROUP = "entity-picker"


def picker(run: OpenedRun, *, wanted: str, debug: bool) -> tuple[Part, ...]:
    """Return the entities to pick from, the wanted one first and open, then those that failing checks name.

    Clicking on one opens it and closes the others. One sentence for a pack without entities.
    """
    entities = run.ctx.pack.entities
    if entities is None or not run.facts_by_id:
        return (Part(text=("This pack or this run has no entities.",)),)
    ordered = _ordered(run, wanted)
    chosen = ordered[: SHOWN_IN_DEBUG if debug else SHOWN]
    rows_of, facts_of = run.rows.entities(chosen), run.facts_by_id
    sections = [entry for entry in run.rows.sections() if not entry["error"]]
    opened = wanted or (chosen[0] if run.summary["verdict"] != "passed" else "")
    parts = [
        Part(
            f"{entity}: {facts_of[entity].get('scenario_observed') or 'no scenario'}",
            (
                *_remarks(run, facts_of[entity], entity),
                *_cut_sections(sections, entities),
                *_not_read(rows_of.get(entity, ())),
            ),
            (
                Table.of("What is known of it", _facts(facts_of[entity])),
                *_of_sections(sections, entities.id, entity),
                *(_layer_table(entry, debug=debug) for entry in rows_of.get(entity, ()) if entry["rows"]),
            ),
            folded=entity != opened,
            group=_GROUP,
        )
        for entity in chosen
    ]
    return (_list(run, ordered, len(chosen)), *parts)


def _ordered(run: OpenedRun, wanted: str) -> list[str]:
    """Return all ids: the wanted one, those that failing checks name, unexpected ones, then the others."""
    facts = run.facts_by_id
    named = [name for failure in run.summary["failures"] for name in failure["sessions"] if name in facts]
    unexpected = [entity for entity, known in facts.items() if _is_unexpected(known)]
    return list(dict.fromkeys([*([wanted] if wanted else []), *named, *unexpected, *facts]))


def _is_unexpected(facts: Mapping[str, Any]) -> bool:
    mislabelled = is_mislabelled(facts.get("scenario_expected"), facts.get("scenario_observed"))
    return bool(facts.get("oracle_differences")) or mislabelled


def _remarks(run: OpenedRun, facts: Mapping[str, Any], entity: str) -> list[str]:
    naming = [f"{it['suite']}.{it['name']}" for it in run.summary["failures"] if entity in it["sessions"]]
    said = [f"Failing checks that name it: {', '.join(naming)}."] if naming else []
    if facts.get("scenario_expected"):
        said.append(
            f"Expected scenario: {facts['scenario_expected']}; observed: {facts.get('scenario_observed') or 'none'}."
        )
    if differences := facts.get("oracle_differences"):
        said.append(f"The oracle expects other facts: {value(differences)}")
    return said


def _facts(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"fact": name, "value": value(item)} for name, item in facts.items() if item not in (None, "", [])]


def _of_sections(sections: Sequence[Mapping[str, Any]], key: str, entity: str) -> list[Table]:
    """Return the entity's rows in the pack's sections, those of hours included."""
    found = []
    for entry in sections:
        rows = [row for row in entry["rows"] if row.get(key) == entity]
        if rows:
            found.append(Table.of(f"{entry['title']}: {entry['name']}", rows))
    return found


def _cut_sections(sections: Sequence[Mapping[str, Any]], entities: Entities) -> list[str]:
    """Return a sentence for each section with entities whose last rows were not read."""
    return [
        f"{entry['title']}, {entry['name']}: the first {len(entry['rows']):,} of {entry['total_rows']:,} rows were "
        f"read, so rows of this {entities.name} may be among the others."
        for entry in sections
        if (entry.get("total_rows") or 0) > len(entry["rows"]) and entities.id in entry["columns"]
    ]


def _not_read(tables: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each table that could not be read, or that the warehouse does not have."""
    return [
        f"Not read: {': '.join(filter(None, (entry['layer'], entry['name'])))}. "
        + (entry["error"] or f"It needs {entry['skipped']}.")
        for entry in tables
        if entry["error"] or entry["skipped"]
    ]


def _layer_table(entry: Mapping[str, Any], *, debug: bool) -> Table:
    rows = entry["rows"]
    table = Table.of(f"{entry['layer']}: {entry['name']}", rows, total=entry.get("total_rows") or 0)
    return table.cut(None if debug else COMPACT_ROWS)


def _list(run: OpenedRun, ordered: Sequence[str], shown: int) -> Part:
    entities, facts_of = run.ctx.pack.entities, run.facts_by_id
    titles = entities.facts if entities else {}
    rows = [
        {
            "id": entity,
            **{title: fact.of(facts_of[entity]) for title, fact in titles.items()},
            "expected": facts_of[entity].get("scenario_expected"),
            "observed": facts_of[entity].get("scenario_observed"),
        }
        for entity in ordered[:_MOST_LISTED]
    ]
    plural = entities.plural if entities else ""
    text = f"The first {shown} of them are below; pick one to open it. ENTITY in the parameters names any other."
    return Part(f"All {plural}: {len(ordered):,}", (text,), (Table.of(plural, rows, total=len(ordered)),), folded=True)
