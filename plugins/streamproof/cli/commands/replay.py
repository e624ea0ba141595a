"""`streamproof replay`: publish a fixture set to a topic that is already there."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streamproof.cli.environment import kafka_settings, read_environment
from streamproof.cli.options import Json, Pack, named
from streamproof.cli.output import emit_json, progress_console, result_console
from streamproof.model.errors import FixtureError

if TYPE_CHECKING:
    from streamproof.fixtures.ordering import ReplayPlan


def replay(
    manifest: Annotated[
        str | None, typer.Option("--manifest", help="Fixture set of the pack, or path.", metavar="SET|PATH")
    ] = None,
    pack: Pack = None,
    bootstrap: Annotated[
        str | None, typer.Option("--bootstrap", help="Brokers; default KAFKA_BOOTSTRAP.", metavar="HOST:PORT")
    ] = None,
    topic: Annotated[
        str | None, typer.Option("--topic", help="Default: the pack's input topic.", metavar="NAME")
    ] = None,
    scenario: Annotated[
        list[str] | None, typer.Option("--scenario", help="Only this scenario; can be repeated.", metavar="NAME")
    ] = None,
    tolerate_bad_lines: Annotated[
        bool, typer.Option("--tolerate-bad-lines", help="Leave out malformed lines; count and report them.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Report what would be published; publish nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Publish events in time order, every one acknowledged."""
    from streamproof.fixtures.ordering import plan_replay
    from streamproof.packs.pack import INPUT
    from streamproof.transport.registry import transport_of

    environment = read_environment()
    the_pack = environment.packs.load(pack)
    path = the_pack.manifest(manifest)
    settings = None if dry_run else kafka_settings(bootstrap)
    plan = plan_replay(path, the_pack.replay, scenarios=named(scenario))
    _refuse_broken(plan, tolerate_bad_lines=tolerate_bad_lines)
    facts = {"topic": topic or the_pack.topics[INPUT], "dry_run": dry_run, **_facts(plan)}
    if settings is not None:
        run_id = f"replay-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        published = transport_of(the_pack.transport).publish(
            settings, str(facts["topic"]), plan.records(), run_id=run_id
        )
        facts |= {
            "run_id": run_id,
            "bootstrap_servers": settings.bootstrap_servers,
            "acknowledged": published.acknowledged,
            "start_offsets": published.start_offsets,
            "end_offsets": published.end_offsets,
            "duration_sec": round(published.duration_sec, 6),
            "rate_per_sec": round(published.rate_per_sec, 1),
        }
    _show(facts, json=json)


def _refuse_broken(plan: ReplayPlan, *, tolerate_bad_lines: bool) -> None:
    from streamproof.fixtures.verify import FORM_HINT, shown

    problems = (*plan.problems, *(() if tolerate_bad_lines else plan.bad_lines))
    if problems:
        raise FixtureError(shown(problems), hint=FORM_HINT)


def _facts(plan: ReplayPlan) -> dict[str, Any]:
    return {
        "manifest": plan.manifest.path,
        "events": len(plan.events),
        "by_type": plan.by_type(),
        "by_scenario": plan.by_scenario(),
        "expected": {disposition: dict(counts) for disposition, counts in plan.expected.items()},
        "shared_events_published_once": plan.shared_once,
        "bad_lines": [str(line) for line in plan.bad_lines],
        "notices": list(plan.notices),
    }


def _show(facts: dict[str, Any], *, json: bool) -> None:
    for notice in (*facts["notices"], *(f"left out: {line}" for line in facts["bad_lines"])):
        progress_console().print(f"Notice: {notice}", markup=False)
    if json:
        emit_json(facts)
        return
    console = result_console(json=json)
    for family, number in facts["by_type"].items():
        console.print(f"{number:>10,}  {family or '(no type)'}", markup=False)
    if facts["dry_run"]:
        console.print(f"{facts['events']:>10,}  events would go to {facts['topic']}", markup=False)
    else:
        console.print(
            f"{facts['acknowledged']:>10,}  acknowledged by {facts['bootstrap_servers']} in topic {facts['topic']}, "
            f"{facts['rate_per_sec']:,.0f}/s",
            markup=False,
        )
