"""Write the pages of entities from the content that a run has saved. A part of stage `publish_summary`.

`streamproof report RUN --entity ID` writes the page of any other entity.
"""

from __future__ import annotations

import difflib
import traceback
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamproof.model.entities.page import EntityPage
from streamproof.model.errors import UsageError
from streamproof.model.results import CheckResult, StageResult, Status
from streamproof.report.entities.page import render_entity_page
from streamproof.report.formatting import count, writable
from streamproof.runs.context import RunContext
from streamproof.runs.folder import RunFolder, read_objects
from streamproof.runtime.files import write_json
from streamproof.stages.judging.oracle import ARTIFACT
from streamproof.stages.publishing.links import links_in
from streamproof.stages.publishing.saved_content import saved_content
from streamproof.stages.publishing.session_traces import file_stem

if TYPE_CHECKING:
    from streamproof.model.content import SavedContent
    from streamproof.packs.entities import Entities

FOLDER = "entities"
INDEX = "index.json"
# A broken pipeline may break every entity: a few pages show the cause.
MOST_NAMED = 20
MOST_OTHERS = 20
# Of a larger run, only the pages of the entities that failing checks name are written: each file is read whole.
MOST_EVENTS = 20_000
NEAREST = 5


def write_entity_pages(ctx: RunContext, results: Mapping[str, StageResult]) -> None:
    """Write the pages of the entities that failing checks name, and of some others of a small run, and their index.

    A run that saved no content, or whose pack has no pages, gets none. An error is logged, never raised: the verdict
    stands without the pages.
    """
    entities, content = ctx.pack.entities, saved_content(ctx)
    if entities is None or entities.page is None or content is None or content.reason:
        return
    try:
        judged = _judged(ctx, entities)
        named = [it for it in _failed_by_entity(results) if it]
        chosen = dict.fromkeys(named[:MOST_NAMED])
        others = [it for it in _shown_by_report(results) if it in judged and it not in chosen]
        small = ctx.plan.fixture_events <= MOST_EVENTS
        chosen |= dict.fromkeys(others[:MOST_OTHERS] if small else ())
        pages = _pages(ctx, entities, content, chosen, results, judged)
        written = {page.id: _write(ctx, page) for page in pages if _is_known(page)}
        write_json(ctx.folder.root / FOLDER / INDEX, {"pages": written})
        of = f" of {len(judged.keys() | set(named))}" if judged else ""
        ctx.log(f"{count(len(written), 'page')} of {entities.plural} written{of}")
    except Exception:  # noqa: BLE001 - the verdict stands without the pages; the traceback is in the log
        ctx.log(f"the pages of {entities.plural} are not written:\n{traceback.format_exc()}")


def write_entity_page(ctx: RunContext, entity_id: str) -> Path:
    """Write the page of one entity of a run and return its path.

    Raises UsageError for an entity that the run does not have, naming the nearest ids; and for a run that saved no
    content or whose pack has no pages.
    """
    entities = ctx.pack.entities
    if entities is None or entities.page is None:
        key = "`entities`" if entities is None else "`entities.page`"
        raise UsageError(
            f"Pack '{ctx.pack.name}' has no {key}, so there are no pages of entities.",
            hint="See docs/write-a-pack.md, 'Entity pages'.",
        )
    content = saved_content(ctx)
    if content is None or content.reason:
        why = content.reason if content else "It replayed no events, or has not ended."
        raise UsageError(
            f"Run {ctx.plan.run_id} has no saved content: {why}",
            hint="Pages are made of what a run saved: choose a run that replayed events.",
        )
    results, judged = _results(ctx), _judged(ctx, entities)
    (page,) = _pages(ctx, entities, content, [entity_id], results, judged)
    if not _is_known(page):
        raise _unknown(ctx, entities, content, entity_id, judged)
    path = _write(ctx, page)
    index = ctx.folder.root / FOLDER / INDEX
    write_json(index, {"pages": {**page_links(ctx.folder, ctx.log), page.id: path}})
    return ctx.folder.root / path


def page_links(folder: RunFolder, log: Callable[[str], None]) -> dict[str, str]:
    """Return the path of each page that was written, relative to the run's folder, by entity id.

    An index that cannot be read is logged and counts as none: the pages are only links of a report.
    """
    return links_in(folder, f"{FOLDER}/{INDEX}", "pages", log)


def _pages(
    ctx: RunContext,
    entities: Entities,
    content: SavedContent,
    ids: Iterable[str],
    results: Mapping[str, StageResult],
    judged: Mapping[str, Mapping[str, Any]],
) -> list[EntityPage]:
    # Reading Parquet takes a library that runs without pages do not need.
    from streamproof.content.entity_tables import read_tables  # noqa: PLC0415 - see above

    failed = _failed_by_entity(results)
    return [
        EntityPage(
            ctx.plan.run_id,
            ctx.pack.name,
            entities.name,
            entity_id,
            tuple(ctx.pack.layers),
            tables,
            titles={title: fact.of(judged.get(entity_id, {})) for title, fact in entities.facts.items()},
            judged=judged.get(entity_id),
            failed=tuple(failed.get(entity_id, ())),
        )
        for entity_id, tables in read_tables(ctx.folder.content, content, entities, ids).items()
    ]


def _is_known(page: EntityPage) -> bool:
    """Return whether the run says anything of the entity."""
    return page.judged is not None or bool(page.failed) or any(table.total for table in page.tables)


def _write(ctx: RunContext, page: EntityPage) -> str:
    """Write a page and return its path relative to the run's folder."""
    path = f"{FOLDER}/{file_stem(page.id)}.html"
    file = ctx.folder.root / path
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(writable(render_entity_page(page)).encode("utf-8"))
    return path


def _unknown(
    ctx: RunContext,
    entities: Entities,
    content: SavedContent,
    entity_id: str,
    judged: Mapping[str, Mapping[str, Any]],
) -> UsageError:
    from streamproof.content.entity_tables import known_ids  # noqa: PLC0415 - as in _pages

    known = sorted(judged.keys() | known_ids(ctx.folder.content, content, entities))
    part = entity_id.casefold()
    near = [it for it in known if part in it.casefold()] or difflib.get_close_matches(entity_id, known, NEAREST)
    listed = f"{'The nearest' if near else 'It has'}: {', '.join((near or known)[:NEAREST])}."
    return UsageError(
        f"Run {ctx.plan.run_id} has no {entities.name} '{entity_id}'.",
        hint=listed if known else f"It has no {entities.name} at all.",
    )


def _results(ctx: RunContext) -> dict[str, StageResult]:
    names = (stage.name for stage in ctx.plan.stages)
    return {name: result for name in names if (result := ctx.folder.read_stage(name)) is not None}


def _judged(ctx: RunContext, entities: Entities) -> dict[str, Mapping[str, Any]]:
    """Return the facts of the judged entities by id: the content of sessions.json, where the run has it."""
    path = ctx.folder.root / ARTIFACT
    rows = read_objects(path) if path.exists() else []
    return {str(row[entities.id]): row for row in rows if row.get(entities.id)}


def _failed_by_entity(results: Mapping[str, StageResult]) -> dict[str, list[CheckResult]]:
    found: dict[str, list[CheckResult]] = {}
    for result in results.values():
        for check in result.checks:
            for entity in check.sessions if check.status in (Status.FAILED, Status.ERRORED) else ():
                found.setdefault(entity, []).append(check)
    return found


def _shown_by_report(results: Mapping[str, StageResult]) -> list[str]:
    """Return the ids of the entities that the report lists, in its order."""
    oracle = results.get("oracle")
    listed = oracle.details.get("sessions", ()) if oracle else ()
    return [str(entry.get("id")) for entry in listed]
