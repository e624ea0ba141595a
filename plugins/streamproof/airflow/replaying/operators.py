"""The operator of a replay on its own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from streamproof.airflow.params import refuse_unknown_params
from streamproof.airflow.settings import read_settings, run_id_of
from streamproof.model.errors import StreamproofError, UsageError

if TYPE_CHECKING:
    from airflow.sdk import Context

    from streamproof.environment import Environment
    from streamproof.replaying.request import ReplayRequest

_LOG_EVERY_SEC = 10.0


class ReplayOperator(BaseOperator):
    """Publish a fixture set to a topic, as the DAG run's params say; its return value is the result or the plan.

    The ledger is named after the DAG run. So a task that was killed goes on where it was when it is tried again, and
    one that had ended publishes nothing. Param `connection` names the brokers, '' the default connection.
    """

    ui_color = "#eef7ee"

    def execute(self, context: Context) -> dict[str, Any]:
        """Publish the set, or go on with it. Raises AirflowFailException for bad input, else AirflowException."""
        refuse_unknown_params(context)
        try:
            return self._replayed(context["params"], run_id_of(str(context["run_id"])))
        except UsageError as error:
            raise AirflowFailException(f"{error.message} {error.hint}") from None
        except StreamproofError as error:
            raise AirflowException(f"{error.message} {error.hint}") from None

    def _replayed(self, params: Mapping[str, Any], run_id: str) -> dict[str, Any]:
        from streamproof.airflow.connections import kafka_connection
        from streamproof.replaying.ledger import ledger_of
        from streamproof.replaying.preview import plan_document
        from streamproof.replaying.replays import Target, begin, go_on
        from streamproof.replaying.request import prepare
        from streamproof.transport.registry import transport_of

        settings = read_settings()
        given = str(params["pack"])
        pack = settings.packs.load(str(settings.home / given) if os.sep in given else given)
        transport, ledger = transport_of(pack.transport), ledger_of(settings.replays, run_id)
        if params["dry_run"]:
            prepared = prepare(replay_request(params, settings), pack, datetime.now(UTC))
            return {"dry_run": True, **plan_document(prepared, transport)}
        with ledger:
            target = Target(
                transport,
                kafka_connection(params.get("connection") or settings.kafka_conn_id),
                progress=self._progress(),
                resumed=lambda records: self.log.info("%s records had arrived before", f"{records:,}"),
            )
            if ledger.began:
                result = go_on(pack, ledger, target)
            else:
                prepared = prepare(replay_request(params, settings), pack, datetime.now(UTC))
                result = begin(prepared, pack, ledger, target)
        self.log.info("%s; the ledger is %s", result, ledger.folder)
        return {"dry_run": False, **result, "ledger": str(ledger.folder)}

    def _progress(self) -> Callable[[int], object]:
        """Return a function that counts acknowledged records and logs them every few seconds."""
        acknowledged, said = 0, time.monotonic()

        def progress(records: int) -> None:
            nonlocal acknowledged, said
            acknowledged += records
            if time.monotonic() - said >= _LOG_EVERY_SEC:
                said = time.monotonic()
                self.log.info("%s records acknowledged", f"{acknowledged:,}")

        return progress


def replay_request(params: Mapping[str, Any], settings: Environment) -> ReplayRequest:
    """Convert a DAG run's params to a request. A relative path is relative to the project's home. Raises UsageError."""
    from streamproof.replaying.request import ReplayRequest

    given = str(params["pack"])
    pack = settings.packs.load(str(settings.home / given) if os.sep in given else given)
    manifest = params.get("manifest") or None
    if manifest and (settings.home / manifest).exists():
        manifest = str(settings.home / manifest)
    return ReplayRequest(
        str(Path(pack.manifest(manifest))),
        params.get("topic") or pack.input_topic,
        scenarios=tuple(params.get("scenarios") or ()),
        tolerate_bad_lines=bool(params.get("tolerate_bad_lines")),
        speed=params.get("speed") or "max",
        shift_to=params.get("shift_to") or None,
        events=params.get("events"),
        partitions=params.get("partitions"),
    )
