"""The pipeline that a command of `streamproof dlq` works on: that of a run or stack, or the one that is named."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from streamproof.cli.environment import connections, kafka_settings
from streamproof.cli.warehouse import opened_run
from streamproof.model.errors import UsageError
from streamproof.model.window import parse_utc, window_from

if TYPE_CHECKING:
    from streamproof.dead_letters.pipeline import Pipeline
    from streamproof.environment import DlqReplayVariables, Environment
    from streamproof.model.settings import WarehouseSettings
    from streamproof.packs.pack import Pack


@dataclass(frozen=True, slots=True)
class Options:
    """The options that name a pipeline. `needs_warehouse`: what becomes of the records is judged."""

    run: str | None
    pack: str | None
    bootstrap: str | None
    dlq_topic: str | None
    output_topic: str | None
    needs_warehouse: bool

    def window(
        self, variables: DlqReplayVariables, from_ts: str | None, to_ts: str | None, lookback_hours: float | None
    ) -> tuple[int | None, int | None]:
        """Return start and end in Unix milliseconds. An end that no option gives is that of the variables.

        Raises UsageError.
        """
        if lookback_hours is not None:
            window = window_from(from_ts, to_ts, lookback_hours, now=datetime.now(UTC))
            return (_ms(window.from_ts), _ms(window.to_ts)) if window else (None, None)
        return (
            variables.start_ms if from_ts is None else _ms(parse_utc(from_ts)),
            variables.end_ms if to_ts is None else _ms(parse_utc(to_ts)),
        )


def opened(environment: Environment, options: Options) -> tuple[Pipeline, DlqReplayVariables]:
    """Return the pipeline that the options name, and the variables REPLAY_*. Raises UsageError, StackError."""
    from streamproof.dead_letters.pipeline import Pipeline, processor_variables
    from streamproof.environment import DlqReplayVariables

    if options.run is not None:
        ctx = opened_run(environment, options.run, options.pack)
        variables = DlqReplayVariables.read_for({})
        return Pipeline.of(
            ctx.pack,
            ctx.kafka(),
            topics=ctx.names.topics,
            dlq_topic=options.dlq_topic,
            output_topic=options.output_topic,
            group=variables.group,
            warehouse=ctx.database_settings(),
        ), variables
    pack = environment.packs.load(options.pack)
    variables = DlqReplayVariables.read_for(processor_variables(pack))
    return Pipeline.of(
        pack,
        kafka_settings(options.bootstrap or variables.bootstrap or None),
        dlq_topic=options.dlq_topic or variables.dlq_topic,
        output_topic=options.output_topic or variables.output_topic,
        group=variables.group,
        warehouse=_warehouse(pack) if options.needs_warehouse else None,
    ), variables


def _warehouse(pack: Pack) -> WarehouseSettings:
    """Return the warehouse of CH_* or PG*. Raises UsageError when none is named: before anything is sent."""
    try:
        return connections(warehouse=pack.warehouse, kafka=False).warehouse
    except UsageError as error:
        raise UsageError(error.message, hint=f"{error.hint} Or give --no-checklist.") from None


def _ms(moment: datetime) -> int:
    """Return Unix milliseconds, rounded up: times of events are whole milliseconds."""
    elapsed = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return -(-(elapsed.days * 86_400_000_000 + elapsed.seconds * 1_000_000 + elapsed.microseconds) // 1000)
