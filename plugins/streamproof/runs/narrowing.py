"""Why a passed run may not verify its pack: it judged only a part, or data that the replay did not publish."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamproof.packs.pack import Pack
    from streamproof.runs.planning import RunRequest


def narrowed_by(request: RunRequest, pack: Pack) -> tuple[str, ...]:
    """Return the reasons, a phrase each, why passing this run does not verify the pack; empty when it does.

    The choice of a fixture set is no reason, because the summary names the set's hash.
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
