"""What a request may ask of a pack whose pipeline fetches what a run serves, and of one whose events are published."""

from __future__ import annotations

from pathlib import Path

from streamproof.fixtures.timing.pace import MAX
from streamproof.model.errors import UsageError
from streamproof.model.plan import OBSERVE
from streamproof.packs.pack import Pack
from streamproof.packs.sources import FAULTS
from streamproof.runs.request import RunRequest
from streamproof.transport.registry import source_of, transport_of


def require_fit(pack: Pack) -> None:
    """Raise UsageError when the pack's kind of transport does not exist, or does not do what the pack needs."""
    if pack.source:
        source_of(pack.transport)
        folder = pack.sql_dir / "content"
        if pack.repeat > 1 and not any(folder.glob("*.sql")):
            raise UsageError(
                f"{pack.file}: `repeat` compares the content of the warehouse after each run of the pipeline, and "
                f"there is no projection in {folder}.",
                hint="Write a query there for each table, or leave `repeat` out.",
            )
    else:
        transport_of(pack.transport)


def refuse_unfit_transport(request: RunRequest, pack: Pack) -> None:
    """Raise UsageError when the pack's transport does not do what the pack needs, or the request asks for more."""
    require_fit(pack)
    if not pack.source:
        if request.faults is not None:
            raise UsageError(
                f"Pack '{pack.name}' has no `source`, so no request can get a fault.", hint="Leave --faults out."
            )
        return
    if request.mode == OBSERVE:
        return
    asked = {
        "kafka": request.kafka != "broker",
        "partitions": request.partitions != 1,
        "speed": request.speed != MAX,
        "shift-to": request.shift_to is not None,
        "events": request.events is not None,
        "tolerate-bad-lines": request.tolerate_bad_lines,
    }
    for option, given in asked.items():
        if given:
            raise UsageError(
                f"Pack '{pack.name}' serves whole files; nothing is published, so --{option} has no meaning.",
                hint="Leave it out.",
            )


def fault_plan(request: RunRequest, pack: Pack) -> str:
    """Return the absolute path of the plan of faults that a request names, '' for none.

    A plan is given by the name of a file `faults/NAME.yaml` beside pack.yaml, or by its path. Raises UsageError when
    there is no such plan, or it is broken.
    """
    if request.faults is None:
        return ""
    folder = pack.file.parent / FAULTS
    named = folder / f"{request.faults}.yaml"
    path = named if named.is_file() else Path(request.faults).expanduser().resolve()
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in folder.glob("*.yaml"))) or "none"
        raise UsageError(
            f"There is no plan of faults '{request.faults}'.",
            hint=f"Give the path of a file, or one of the pack's plans: {known}.",
        )
    source_of(pack.transport).fault_names(path)
    return str(path)
