"""What is shown of a replay of dead letters: the plan, its progress, and the results."""

from __future__ import annotations

import time
from typing import Any

from streamproof.cli.output import emit_json, progress_console, result_console

_EVERY_SEC = 1.0
_LABELS = {"passed": "PASS", "failed": "FAIL", "errored": "ERROR", "skipped": "SKIP"}


class Progress:
    """Shows on stderr how far a replay is, once a second at most."""

    def __init__(self) -> None:
        self._total = 0
        self._next = 0.0

    def planned(self, plan: dict[str, Any]) -> None:
        """Show what will be sent, before anything is."""
        self._total = plan["selected"]
        progress_console().print(
            f"Replay {plan['replay_id']}: {plan['selected']} of {plan['read']} dead letters of {plan['dlq_topic']} go "
            f"to {plan['output_topic']}. If it is interrupted, go on with --replay-id {plan['replay_id']}.",
            markup=False,
        )

    def sent(self, number: int) -> None:
        """Show how many records are in the topic."""
        if time.monotonic() >= self._next or number == self._total:
            self._next = time.monotonic() + _EVERY_SEC
            progress_console().print(f"{number:,} of {self._total:,} sent", markup=False)


def show(document: dict[str, Any], *, json: bool) -> None:
    """Print the document of a replay: its plan, what was sent, and the checklist."""
    if json:
        emit_json(document)
        return
    lines = [*_plan_lines(document["plan"], document["dry_run"]), *_sent_lines(document), *_check_lines(document)]
    console = result_console(json=json)
    for line in (*lines, f"Files: {document['folder']}"):
        console.print(line, markup=False)


def _plan_lines(plan: dict[str, Any], dry_run: bool) -> list[str]:
    verb = "would go" if dry_run else "went"
    found = [
        f"{entry['letters']:>10,}  {entry['failure_class']} {entry['reason']}, hour {entry['hour'] or 'unknown'}"
        for entry in plan["histogram"]
    ]
    found.append(f"{plan['selected']:>10,}  of {plan['read']:,} dead letters {verb} to {plan['output_topic']}")
    found += [f"{count:>10,}  skipped: {_why(reason)}" for reason, count in plan["skipped"].items()]
    found += [f"{entry['changed']:>10,}  changed by {entry['edit']}" for entry in plan["edits"]]
    found += [
        f"Notice: partition {entry['partition']} of {plan['dlq_topic']} has dropped {entry['dropped_records']:,} "
        f"records; the first left is of {entry['first_retained_at'] or 'no time'}"
        for entry in plan["lost"]
    ]
    return found


def _why(reason: str) -> str:
    from streamproof.dead_letters.letters import EXPLAINED, Skip

    return f"{reason} ({EXPLAINED[Skip(reason)]})"


def _sent_lines(document: dict[str, Any]) -> list[str]:
    sent = document["sent"]
    if sent is None:
        return []
    return [f"{sent['sent']:>10,}  are in the topic exactly once; {sent['found_when_started']:,} were there before"]


def _check_lines(document: dict[str, Any]) -> list[str]:
    from streamproof.report.formatting import diagnostics

    found = []
    for result in (document["checklist"] or {"results": []})["results"]:
        found.append(f"[{_LABELS[result['status']]}] {result['name']}  ({result['source_file']})")
        if result["status"] != "passed":
            found.append(f"    {result['error'] or diagnostics(result['diagnostics'])}")
    return found
