"""The source of a run: what it serves, its key, and the requests that it has answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from streamproof.fixtures.manifest import read_manifest
from streamproof.fixtures.ordering import ReplayPlan, select
from streamproof.model.errors import StackError
from streamproof.packs.requirements import packages_folder
from streamproof.packs.sources import client_files
from streamproof.runs.context import RunContext
from streamproof.runtime.stack_spec import SourceLaunch
from streamproof.transport.registry import source_of
from streamproof.transport.served import ServedRequest, never_served


def ledger_file(ctx: RunContext) -> Path:
    """Return the path of the ledger of requests. It stays when the stack is taken down."""
    return ctx.folder.stack / "requests.jsonl"


def served_files(ctx: RunContext) -> dict[str, Path]:
    """Return the files of the fixture set that the run serves, by their name in the manifest. Raises FixtureError."""
    manifest = read_manifest(Path(ctx.plan.manifest), ctx.pack.replay)
    chosen = select(manifest, one_per_scenario=ctx.plan.mode == "smoke")
    return {session.file: Path(manifest.folder) / session.file for session in chosen}


def write_client_files(ctx: RunContext) -> tuple[str, ...]:
    """Write what the pipeline needs to fetch the files of the set, and return the paths. Raises UsageError."""
    made = client_files(ctx.pack, served_files(ctx))
    for name, text in made.items():
        path = ctx.folder.source_files / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tuple(made)


def source_launch(ctx: RunContext) -> SourceLaunch | None:
    """Return what the run's source serves, None for a run that publishes or fetches from the service itself.

    Raises FixtureError, StackError when the packages of the pack cannot be installed.
    """
    if not ctx.pack.source or ctx.plan.service_url:
        return None
    return SourceLaunch(
        pack_file=ctx.plan.pack_file,
        files={name: str(path) for name, path in served_files(ctx).items()},
        ledger=str(ledger_file(ctx)),
        faults=ctx.plan.faults,
        python_path=str(packages_folder(ctx.pack) or ""),
    )


def answered(ctx: RunContext) -> Iterator[ServedRequest]:
    """Yield the requests that the run's source has answered. Raises StackError for a broken ledger."""
    return source_of(ctx.pack.transport).requests(ledger_file(ctx))


def request_details(plan: ReplayPlan, requests: Iterable[ServedRequest]) -> dict[str, Any]:
    """Return what the requests say, as plain JSON data.

    `never_served` counts by file the records that no whole answer held. It is None when the app says of no answer what
    is in it.
    """
    answers = list(requests)
    records: dict[str, int] = {}
    for event in plan.events:
        records[event.session.file] = max(records.get(event.session.file, 0), event.line)
    says = any(request.spans for request in answers)
    return {
        "requests": len(answers),
        "by_status": dict(sorted(Counter(str(request.status) for request in answers).items())),
        "bytes": sum(request.size for request in answers),
        "faults": dict(sorted(Counter(request.fault for request in answers if request.fault).items())),
        "never_served": never_served(answers, records) if says else None,
    }


def require_faults(ctx: RunContext, requests: Iterable[ServedRequest]) -> None:
    """Raise StackError for a planned fault that was never applied: the run shows nothing about it."""
    if not ctx.plan.faults:
        return
    planned = source_of(ctx.pack.transport).fault_names(Path(ctx.plan.faults))
    applied = {request.fault for request in requests}
    if missing := [name for name in planned if name not in applied]:
        raise StackError(
            f"The planned fault `{missing[0]}` was never applied: no request of the pipeline met its conditions.",
            hint=f"Compare {ctx.plan.faults} with the requests in {ledger_file(ctx)}.",
        )
