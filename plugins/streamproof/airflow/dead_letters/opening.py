"""Open a replay of dead letters from within Airflow: its pipeline is that of connections, or of a run that is up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from streamproof.airflow.connections import resolve_connections, with_connections
from streamproof.airflow.settings import attempts, read_settings
from streamproof.model.errors import StackError, UsageError
from streamproof.model.window import parse_utc

if TYPE_CHECKING:
    from streamproof.dead_letters.pipeline import Pipeline, ReplayFolder
    from streamproof.dead_letters.request import ReplayRequest
    from streamproof.environment import Environment
    from streamproof.runs.context import RunContext


def pipeline_here(params: Mapping[str, Any]) -> Pipeline:
    """Return the pipeline that the params name. Raises UsageError, StackError."""
    from streamproof.dead_letters.pipeline import Pipeline

    settings = read_settings()
    topics: dict[str, Any] = {"dlq_topic": params["dlq_topic"], "output_topic": params["output_topic"]}
    if params["run"]:
        ctx = _run(settings, str(params["run"]))
        warehouse = ctx.database_settings()
        return Pipeline.of(ctx.pack, ctx.kafka(), topics=ctx.names.topics, warehouse=warehouse, **topics)
    pack = settings.packs.load(params["pack"])
    connections = resolve_connections(settings, warehouse=pack.warehouse, kafka=True)
    if connections.kafka is None:
        raise StackError("No Kafka is named.", hint=f"Add the Airflow connection {settings.kafka_conn_id}.")
    return Pipeline.of(pack, connections.kafka, **topics, warehouse=connections.warehouse)


def request_of(params: Mapping[str, Any]) -> ReplayRequest:
    """Return what the params ask for. Raises UsageError."""
    from streamproof.dead_letters.request import ReplayRequest, edits_of

    return ReplayRequest(
        start_ms=_ms(params["from_ts"]),
        end_ms=_ms(params["to_ts"]),
        failure_classes=tuple(params["failure_class"]),
        reasons=tuple(params["reason"]),
        edits=edits_of(_texts(params["move"]), _texts(params["set"])),
        max_replays=int(params["max_replays"]),
        rate=params["rate"],
        allow_partial=bool(params["allow_partial_window"]),
    )


def folder_of(replay_id: str) -> ReplayFolder:
    """Return the folder of a replay. Raises UsageError for an id that is no name of a folder."""
    from streamproof.dead_letters.replaying import replay_folder

    return replay_folder(read_settings().dlq_replays, replay_id)


def _run(settings: Environment, run_id: str) -> RunContext:
    """Return a stack by name, or the latest run of this id. Raises UsageError when there is none."""
    from streamproof.runs.context import RunContext

    stack = settings.stacks / run_id
    folders = [stack] if (stack / "plan.json").is_file() else attempts(settings.artifacts, run_id)
    if not folders:
        raise UsageError(
            f"There is no run '{run_id}' in {settings.artifacts}.", hint="Leave `run` empty to use connections."
        )
    return with_connections(RunContext.open(folders[-1]))


def _texts(given: Sequence[Any]) -> list[str]:
    return [str(entry) for entry in given]


def _ms(text: str | None) -> int | None:
    return None if text is None else -int(-parse_utc(text).timestamp() * 1000 // 1)
