"""The time of the suites, and its growth: one run for each size of a load set, whose suites are judged repeatedly."""

from __future__ import annotations

import time
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.runs import command
from packs.livepeer.generator import generate_load
from streamproof.checks.assertions import run_checks
from streamproof.model.results import Status
from streamproof.runs.context import RunContext
from streamproof.sql.suites import read_suite
from streamproof.warehouse.clickhouse.database import Database
from streamproof.warehouse.clickhouse.view_cache import WORKERS

SIZES = (10_000, 100_000, 1_000_000)
# Other work on the machine can only add time, so the least of several measurements is the time of the suites.
REPEATS = 7
TARGET_EVENTS = 100_000
TARGET_MS = 2_000


def suites(home: Path, scratch: Path, sizes: tuple[int, ...] = SIZES) -> dict[str, Any]:
    """Time every suite and every check on each size, the least of seven: all suites on 100,000 events within 2 s."""
    measured = {events: _measure(home, scratch / str(events), events) for events in sizes}
    return {
        "target_ms_for_100000_events": TARGET_MS,
        "views_ms": {str(events): found["views_ms"] for events, found in measured.items()},
        "sum_ms": {str(events): round(sum(found["suites_ms"].values())) for events, found in measured.items()},
        "by_events": {str(events): found for events, found in measured.items()},
        "growth": {
            f"{larger} over {smaller} events": _growth(measured[smaller], measured[larger])
            for smaller, larger in pairwise(sizes)
        },
    }


def _measure(home: Path, scratch: Path, events: int) -> dict[str, Any]:
    """Make a run of this many events and keep its stack, then judge its suites one after the other."""
    manifest = generate_load(events, scratch / "load")
    artifacts, run_id = scratch / "runs", f"bench-suites-{events}"
    environ = {"STREAMPROOF_ARTIFACTS": str(artifacts)}
    asked = ("run", "--manifest", str(manifest), "--run-id", run_id, "--keep-stack")
    try:
        command(home, *asked, environ=environ)
        return _judge(RunContext.open(artifacts / run_id))
    finally:
        command(home, "stack", "down", run_id, environ=environ)


def _read_views(ctx: RunContext) -> float:
    """Return the least wall time, in milliseconds, of what a run does once for all suites: read their views."""
    walls = []
    database = Database.open(ctx.database_settings())
    with closing(database):
        database.use_view_cache()
        views, names = database.views, database.views.names
        for _ in range(REPEATS):
            views.forget(names)
            started = time.perf_counter()
            views.take(names, workers=WORKERS)
            walls.append(time.perf_counter() - started)
    return round(min(walls) * 1000, 1)


def _judge(ctx: RunContext) -> dict[str, Any]:
    views_ms = _read_views(ctx)
    suites_ms: dict[str, float] = {}
    checks_ms: dict[str, float] = {}
    for suite in ctx.plan.suites:
        tests = read_suite(ctx.sql_dir / "assertions" / suite, home=ctx.home)
        walls = []
        for _ in range(REPEATS):
            with ctx.warehouse(cached=True) as warehouse:
                started = time.perf_counter()
                checks = run_checks(warehouse, tests, ctx.check_parameters(), suite=suite)
                walls.append(time.perf_counter() - started)
            unfit = [check.name for check in checks if check.status in (Status.FAILED, Status.ERRORED)]
            if unfit:
                raise RuntimeError(f"suite {suite} does not hold: {', '.join(unfit)}")
            for check in checks:
                took = round(check.duration_sec * 1000, 1)
                checks_ms[check.name] = min(took, checks_ms.get(check.name, took))
        suites_ms[suite] = round(min(walls) * 1000, 1)
    return {
        "views_ms": views_ms,
        "suites_ms": suites_ms,
        "checks_ms": dict(sorted(checks_ms.items(), key=lambda item: -item[1])),
    }


def _growth(smaller: dict[str, Any], larger: dict[str, Any]) -> dict[str, float]:
    """Return how many times longer each suite, and each check that took 10 ms or more, needs for the larger set."""
    found = {}
    for kind in ("suites_ms", "checks_ms"):
        for name, took in larger[kind].items():
            if took >= 10 and smaller[kind].get(name):
                found[name] = round(took / smaller[kind][name], 1)
    return found
