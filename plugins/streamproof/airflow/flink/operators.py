"""Operators for deployments on Flink. They contain no logic of the steps themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from streamproof.airflow.flink.opening import cluster, opened_here
from streamproof.airflow.flink.triggers import DeploymentTrigger
from streamproof.airflow.settings import read_settings
from streamproof.model.errors import FlinkError, StreamproofError, UsageError, WaitTimeoutError

if TYPE_CHECKING:
    from airflow.sdk import Context

    from streamproof.flink.deploying.deployment import Deployment
    from streamproof.flink.deploying.record import Build, Outcome, Store
    from streamproof.flink.deploying.work import Gate

UPDATE, DEPLOY, STOP, CANCEL, ROLL_BACK = "update", "deploy", "stop", "cancel", "rollback"
ACTIONS = (DEPLOY, UPDATE, STOP, CANCEL, ROLL_BACK)
# Each wait has its own time-out, whose error says what was missing. Airflow's is for a triggerer that has died.
GRACE = timedelta(minutes=2)


class FlinkHealthOperator(BaseOperator):
    """Require that a cluster answers; returns its version and slots. `conn_id` '' is the default connection."""

    ui_color = "#fbf0e6"
    template_fields: ClassVar[Sequence[str]] = ("conn_id",)

    def __init__(self, *, conn_id: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id

    def execute(self, context: Context) -> dict[str, Any]:  # noqa: ARG002 - Airflow's signature
        """Ask the cluster. Raises the error of the client, so that Airflow tries again."""
        from streamproof.flink.client import FlinkClient

        with FlinkClient(cluster(str(self.conn_id or ""))) as client:
            found: dict[str, Any] = client.overview().model_dump()
        return found


class FlinkDeploymentOperator(BaseOperator):
    """Do one operation with a deployment: deploy (first run or clean update), update, stop, cancel or rollback.

    `update` is a deploy that requires a job that runs. Waits are deferred. A task that is killed and tried again goes
    on at the same step, and one that had succeeded does nothing. Returns the outcome, and pushes `job_id`, `savepoint`
    and `started_from` to XCom.

    `jar` is a path or a Maven coordinate. A Python job is named by `python_module` and `python_folder` instead. `gate`
    is a command that must pass after the update, else it is undone. `limits` are time limits in seconds: savepoint,
    start, watch, reach. The fields are templates; in a DAG with `render_template_as_native_obj` they may be params of
    any type.
    """

    ui_color = "#fbe9d7"
    template_fields: ClassVar[Sequence[str]] = (
        *("action", "deployment", "conn_id", "jar", "entry_class", "arguments", "parallelism", "savepoint", "drain"),
        *("allow_non_restored_state", "gate", "limits", "python_module", "python_folder"),
    )

    def __init__(  # noqa: PLR0913 - one argument for each field of the form
        self,
        *,
        action: str = DEPLOY,
        deployment: str = "default",
        conn_id: str = "",
        jar: str | None = None,
        entry_class: str | None = None,
        arguments: Sequence[str] | str = (),
        parallelism: int | str | None = None,
        savepoint: str = "",
        drain: bool | str = False,
        allow_non_restored_state: bool | str = False,
        gate: str | None = None,
        limits: Mapping[str, float | str] | None = None,
        python_module: str | None = None,
        python_folder: str | None = None,
        deferrable: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.action = action
        self.deployment = deployment
        self.conn_id = conn_id
        self.jar = jar
        self.entry_class = entry_class
        self.arguments = arguments
        self.parallelism = parallelism
        self.savepoint = savepoint
        self.drain = drain
        self.allow_non_restored_state = allow_non_restored_state
        self.gate = gate
        self.limits = limits
        self.python_module = python_module
        self.python_folder = python_folder
        self.deferrable = deferrable

    def execute(self, context: Context) -> dict[str, Any]:
        """Begin the operation, or go on with it, until it has ended or must wait. Raises AirflowException."""
        return self._worked(context, lambda deployment: self._begin(deployment, context))

    def resume(self, context: Context, event: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Go on after a wait. Raises AirflowException when the operation failed."""
        told = event or {"outcome": "failed", "message": "The trigger ended without an event.", "hint": "See its log."}

        def hear(deployment: Deployment) -> None:
            if told["outcome"] != "done":
                deployment.failed(_error(told))

        return self._worked(context, hear)

    def _worked(self, context: Context, first: Callable[[Deployment], None]) -> dict[str, Any]:
        """Do `first`, then go on. Another try is made only of an operation that is not finished."""
        unfinished = False
        try:
            with self._opened() as deployment:
                try:
                    first(deployment)
                    return self._go_on(deployment, context)
                finally:
                    unfinished = deployment.work.record.operation is not None
        except StreamproofError as error:
            kind = AirflowException if unfinished else AirflowFailException
            raise kind(f"{error.message} {error.hint}") from error

    def _go_on(self, deployment: Deployment, context: Context) -> dict[str, Any]:
        if not self.deferrable:
            return _told(deployment.run(), context)
        wait = deployment.advance()
        if wait is None:
            return _told(deployment.outcome, context)
        self.log.info("Waiting for %s.", wait.message)
        trigger = DeploymentTrigger(conn_id=self._conn_id, deployment=self._name, limits=self._limits)
        self.defer(trigger=trigger, method_name="resume", timeout=timedelta(seconds=wait.timeout) + GRACE)
        raise FlinkError("The task was not deferred.", hint="This is a defect of streamproof.")

    def _begin(self, deployment: Deployment, context: Context) -> None:
        operation_id = f"{context['run_id']}/{self.task_id}"
        match str(self.action):
            case "deploy" | "update":
                if self.action == UPDATE and not deployment.work.record.under_way:
                    raise UsageError(
                        f"Deployment {self._name} has no job to update.", hint="The first time, deploy it."
                    )
                deployment.deploy(
                    self._build(deployment.work.store),
                    savepoint=str(self.savepoint or ""),
                    drain=_yes(self.drain),
                    allow_non_restored=_yes(self.allow_non_restored_state),
                    operation_id=operation_id,
                )
            case "stop":
                deployment.stop(drain=_yes(self.drain), operation_id=operation_id)
            case "cancel":
                deployment.cancel(operation_id=operation_id)
            case "rollback":
                deployment.roll_back(operation_id=operation_id)
            case other:
                raise UsageError(f"There is no action {other}.", hint=f"Choose one of {', '.join(ACTIONS)}.")

    def _build(self, store: Store) -> Build:
        from airflow.sdk.log import mask_secret

        from streamproof.flink.deploying.opening import jar_build, python_build
        from streamproof.flink.secrets import secret_values
        from streamproof.runtime.jars import named_jar

        if bool(self.jar) == bool(self.python_module):
            raise UsageError("Name either a jar or a Python module.", hint="A jar is a path or a Maven coordinate.")
        given = self.arguments.split() if isinstance(self.arguments, str) else self.arguments
        arguments = [str(argument) for argument in given or ()]
        for secret in secret_values(arguments):
            mask_secret(secret)
        options: dict[str, Any] = {
            "arguments": arguments,
            "parallelism": int(self.parallelism) if self.parallelism else None,
        }
        if self.python_module:
            return python_build(store, Path(str(self.python_folder or ".")), str(self.python_module), **options)
        entry_class = str(self.entry_class) if self.entry_class else None
        return jar_build(store, named_jar(str(self.jar), read_settings().cache_dir), entry_class=entry_class, **options)

    def _opened(self) -> Any:
        return opened_here(self._conn_id, self._name, limits=self._limits, gate=self._gate(), say=self.log.info)

    def _gate(self) -> Gate | None:
        from streamproof.services.deployment_gate import command_gate

        return command_gate(str(self.gate), rest=cluster(self._conn_id).url) if self.gate else None

    @property
    def _name(self) -> str:
        return str(self.deployment)

    @property
    def _conn_id(self) -> str:
        return str(self.conn_id or "")

    @property
    def _limits(self) -> dict[str, float]:
        return {key: float(value) for key, value in (self.limits or {}).items()}


def _yes(value: object) -> bool:
    """Return a switch that may be rendered text."""
    return value is True or str(value).strip().lower() in ("true", "1", "yes")


def _error(event: Mapping[str, str]) -> StreamproofError:
    """Return the error that ended a wait in the triggerer."""
    from streamproof.flink.deploying.waits import LostSavepointError

    kinds = {kind.__name__: kind for kind in (WaitTimeoutError, LostSavepointError)}
    return kinds.get(event.get("kind", ""), FlinkError)(event["message"], hint=event["hint"])


def _told(outcome: Outcome, context: Context) -> dict[str, Any]:
    told = asdict(outcome)
    for key in ("job_id", "savepoint", "started_from"):
        context["ti"].xcom_push(key=key, value=told[key])
    return told
