"""What keeps a passed run from verifying its pack: it judged less than all, or not just what was published."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamproof.packs.pack import Pack
    from streamproof.runs.planning import RunRequest


def narrowed_by(request: RunRequest, pack: Pack) -> tuple[str, ...]:
    """Return why a pass of this run would not verify the pack, each reason a phrase; empty for a run that does.

    Which fixture set was replayed is no reason: whoever relies on the run is told its hash.
    """
    suites = pack.suite_names(request.suites)
    reasons = {
        f"mode {request.mode} is not a full run": request.mode != "full",
        "Kafka was the mock broker": request.kafka == "mock",
        "SQL was injected": request.inject is not None,
        "broken fixture lines were left out": request.tolerate_bad_lines,
        f"only some suites ran: {', '.join(suites)}": suites != pack.suites,
        "a window was chosen instead of the fixture set's own": request.from_ts is not None,
    }
    return tuple(reason for reason, holds in reasons.items() if holds)
