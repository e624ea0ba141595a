"""The operator that cuts a fixture set out of a warehouse. It contains no logic of the export itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from streamproof.airflow.settings import read_settings, run_id_of
from streamproof.model.errors import StackError, StreamproofError, UsageError

if TYPE_CHECKING:
    from airflow.sdk import Context

    from streamproof.environment import Environment
    from streamproof.exporting.request import ExportRequest
    from streamproof.model.settings import WarehouseSettings
    from streamproof.model.window import Window
    from streamproof.packs.pack import Pack


class FixtureExportOperator(BaseOperator):
    """Export a fixture set, and return its path, sessions, events and notices.

    `params` are the names and values of the DAG's Params. The warehouse is that of the kept run `run`, else that of the
    connection. A warehouse that cannot be reached is tried again: nothing half-written is left. Wrong values, an empty
    window and a missing scenario fail at once.
    """

    ui_color = "#e6f3fb"
    template_fields: ClassVar[Sequence[str]] = ("params_of_export",)

    def __init__(self, *, params_of_export: Mapping[str, Any] | str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.params_of_export = params_of_export

    def execute(self, context: Context) -> dict[str, Any]:
        """Export the set. Raises AirflowException when another try may help, else AirflowFailException."""
        given = self.params_of_export
        if not isinstance(given, Mapping):
            raise AirflowFailException("The Params of the DAG are no mapping: set render_template_as_native_obj.")
        run_id = run_id_of(str(context["dag_run"].run_id))
        try:
            found = self._export(given, read_settings(), run_id)
        except StackError as error:
            raise AirflowException(f"{error.message} {error.hint}") from error
        except StreamproofError as error:
            raise AirflowFailException(f"{error.message} {error.hint}") from error
        for notice in found["notices"]:
            self.log.warning("%s", notice)
        return found

    def _export(self, given: Mapping[str, Any], settings: Environment, run_id: str) -> dict[str, Any]:
        from streamproof.exporting.export import Export
        from streamproof.redaction.keys import redaction_key
        from streamproof.redaction.redactor import Redactor
        from streamproof.warehouse.registry import open_warehouse

        pack, connection, window = _warehouse(given, settings)
        request = _request(given, pack, window, settings.exports / run_id)
        secret = settings.redaction_key.get_secret_value()
        if not given["redact"]:
            self.log.warning("The set is not redacted: it holds ids, addresses and texts of real users.")
        warehouse = open_warehouse(pack.warehouse, connection)
        source = {"host": connection.host, "port": connection.port, "database": warehouse.database}
        try:
            exported = Export(
                warehouse,
                pack,
                request,
                settings.home,
                {**source, **({"run": given["run"]} if given["run"] else {})},
                redactor=Redactor(pack.redaction, redaction_key(secret)) if given["redact"] else None,
                progress=lambda done, of, events: self.log.info("%d of %d sessions, %d events", done, of, events),
            ).run()
        finally:
            warehouse.close()
        return exported.as_json(request.out)


def _warehouse(given: Mapping[str, Any], settings: Environment) -> tuple[Pack, WarehouseSettings, Window | None]:
    """Return the pack, the connection and the window of the run that the Params name; without one, no window.

    Raises UsageError for an unknown run or pack, StackError for a missing connection.
    """
    from streamproof.airflow.connections import warehouse_connection, with_connections
    from streamproof.runs.context import RunContext

    run = given["run"]
    if not run:
        pack = settings.packs.load(given["pack"] or None)
        return pack, warehouse_connection(settings, pack.warehouse, given["connection"]), None
    folder = settings.artifacts / run
    if folder.parent != settings.artifacts or not (folder / "plan.json").is_file():
        raise UsageError(f"There is no run '{run}' in {settings.artifacts}.", hint="Give the id of a kept run.")
    ctx = with_connections(RunContext.open(folder))
    return ctx.pack, ctx.database_settings(), ctx.window


def _request(given: Mapping[str, Any], pack: Pack, window: Window | None, default_out: Path) -> ExportRequest:
    from streamproof.exporting.request import ExportRequest, pack_options
    from streamproof.model.window import window_from

    asked = window_from(given["from_ts"], given["to_ts"], given["lookback_hours"], now=datetime.now(UTC)) or window
    if asked is None:
        raise UsageError("No window is given.", hint="Give from_ts and to_ts, lookback_hours, or a run.")
    return ExportRequest(
        window=asked,
        out=Path(given["out"]) if given["out"] else default_out,
        limit_per_scenario=given["limit_per_scenario"],
        session_padding_minutes=given["session_padding_minutes"],
        open_session_duration_minutes=given["open_session_duration_minutes"],
        manifest_window_padding_minutes=given["manifest_window_padding_minutes"],
        allow_missing_scenarios=given["allow_missing_scenarios"],
        scenario_sql=Path(given["scenario_sql"]) if given["scenario_sql"] else None,
        options=pack_options(pack, given["options"]),
    )
