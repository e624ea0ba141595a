"""Runs against a pipeline that others use at the same time: what they require, and how their events are marked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from streamproof.checks.check_files import CheckFiles
from streamproof.fixtures.correlating import Correlator
from streamproof.fixtures.ordering import ReplayPlan
from streamproof.model.correlation import Correlation
from streamproof.model.errors import UsageError
from streamproof.model.plan import EXTERNAL, PROVE
from streamproof.model.window import Window
from streamproof.packs.pack import INPUT, Pack
from streamproof.packs.processors import RunningProcessor
from streamproof.sql.lexing import names_in

if TYPE_CHECKING:
    from streamproof.runs.request import RunRequest

PARAMETER = "correlation"


def running_processor(pack: Pack, name: str | None) -> RunningProcessor | None:
    """Return the processor of this name if it is a pipeline that others use, None if the run has it to itself."""
    chosen = pack.processor(name)
    return chosen if isinstance(chosen, RunningProcessor) else None


def refuse_unsafe(request: RunRequest, pack: Pack, shared: RunningProcessor) -> None:
    """Raise UsageError unless a run may publish into this pipeline: it runs elsewhere, and for tests."""
    if request.mode == PROVE:
        raise UsageError(
            "A pipeline that others use cannot be proved: a proof breaks clones of the run's own tables.",
            hint="Prove the checks with a processor of the pack that the run itself starts.",
        )
    if request.stack != EXTERNAL:
        raise UsageError(
            f"Processor '{pack.processor_name(request.processor)}' is running already, outside of stack "
            f"{request.stack}.",
            hint="Give --stack external, and the addresses of its Kafka and warehouse.",
        )
    if not (pack.staging or request.yes_shared):
        raise UsageError(
            f"The run would publish its events to topic {shared.topics[INPUT]}, which others use.",
            hint="Say `staging: true` in pack.yaml if it is made for tests, or give --yes-shared.",
        )
    if request.shift_to is not None:
        raise UsageError(
            "In a pipeline that others use, the events of a run happen now already.", hint="Leave --shift-to out."
        )
    if request.inject:
        raise UsageError("--inject would change data that is not the run's.", hint="Leave it out.")


def refuse_blind_checks(files: CheckFiles, pack: Pack) -> None:
    """Raise UsageError for a check that would judge the rows of others, too.

    That is one which reads a table or view without a column of `correlation.columns`, and does not use the parameter
    `correlation`.
    """
    rules = pack.correlation
    mixed = [name for names in pack.layers.values() for name in names if rules and name not in rules.columns]
    for source, text, parameters in _judged(files, pack):
        read = sorted(names_in(text, mixed))
        if read and PARAMETER not in parameters:
            raise UsageError(
                f"{source} reads {', '.join(read)}, which holds rows of others, too.",
                hint="Compare a column with {correlation:String} there, or name its column in `correlation.columns`.",
            )


def _judged(files: CheckFiles, pack: Pack) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Yield where each check stands, the text that names what it reads, and the names of its parameters."""
    for suite in pack.suites:
        for test in files.suite(suite):
            yield f"{test.source}:{test.line}", test.sql, test.parameter_names
    for contract in files.contracts if any(pack.contracts_dir.glob("*.yaml")) else ():
        yield str(contract.file), contract.table, frozenset()


def shift_to_now(replay: ReplayPlan, now: datetime) -> int:
    """Return by how many milliseconds, in whole seconds, the latest record of a set must be moved to happen now."""
    latest = max((event.publish_ms for event in replay.events), default=0)
    return (round(now.timestamp() * 1000) - latest) // 1000 * 1000


def shifted_window(window: Window, rules: Correlation, shift_ms: int) -> Window:
    """Return the window of the moved events; the same window when the pack moves no times."""
    return window.moved(shift_ms) if rules.shift_times else window


def marked_replay(replay: ReplayPlan, rules: Correlation, prefix: str, shift_ms: int) -> ReplayPlan:
    """Return a replay with all its events marked and moved. Raises FixtureError for one that cannot be marked."""
    return replay.with_values(Correlator(rules, prefix, shift_ms).marked(replay.records()))
