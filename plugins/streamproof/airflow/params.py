"""What the params of a DAG run ask for."""

from __future__ import annotations

import difflib
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from streamproof.airflow.settings import attempts, run_id_of
from streamproof.environment import Environment
from streamproof.model.plan import PROVE
from streamproof.model.window import iso_ms, window_from

if TYPE_CHECKING:
    from airflow.sdk import Context

    from streamproof.runs.request import RunRequest


def refuse_unknown_params(context: Context) -> None:
    """Raise AirflowFailException for a key of the DAG run's conf that is not a param. Airflow accepts any key."""
    declared = sorted(context["dag"].params)
    for name in context["dag_run"].conf or {}:
        if name not in declared:
            near = difflib.get_close_matches(str(name), declared, n=3)
            hint = f"Did you mean: {', '.join(near)}?" if near else f"There are: {', '.join(declared)}."
            raise AirflowFailException(f"There is no param '{name}'. {hint}")


def run_request(params: dict[str, Any], dag_run_id: str, settings: Environment, dag_id: str = "") -> RunRequest:
    """Convert the params of a run of a DAG to a request. Relative paths are relative to the project's home."""
    from streamproof.runs.request import RunRequest

    run_id = run_id_of(dag_run_id)
    before = attempts(settings.artifacts, run_id)
    manifest, pack = params.get("manifest"), params["pack"]
    proving = params["mode"] == PROVE
    suites = tuple(params["suites"] or ())
    window = window_from(
        params.get("from_ts") or None, params.get("to_ts") or None, params.get("lookback_hours"), now=datetime.now(UTC)
    )
    if manifest and (settings.home / manifest).exists():
        manifest = str(settings.home / manifest)
    return RunRequest(
        pack=str(settings.home / pack) if os.sep in pack else pack,
        run_id=f"{run_id}.try{len(before) + 1}" if before else run_id,
        mode=params["mode"],
        stack=params["stack"],
        processor=params.get("processor") or None,
        kafka=params["kafka"],
        manifest=manifest or None,
        # A proof always makes a complete run. The selected suites limit only what it proves.
        suites=() if proving else suites,
        keep_stack=params["keep_stack"],
        tolerate_bad_lines=params.get("tolerate_bad_lines", False),
        inject=str(settings.home / params["inject"]) if params.get("inject") else None,
        from_ts=iso_ms(window.from_ts) if window else None,
        to_ts=iso_ms(window.to_ts) if window else None,
        input_topic=params.get("input_topic") or None,
        yes_shared=bool(params.get("yes_shared")),
        partitions=params.get("partitions", 1),
        parallelism=params.get("parallelism"),
        speed=params.get("speed") or "max",
        shift_to=params.get("shift_to") or None,
        events=params.get("events"),
        faults=params.get("faults") or None,
        artifacts_root=settings.artifacts,
        prove_suites=suites if proving else (),
        prove_checks=tuple(params.get("checks") or ()),
        dag_id=dag_id,
        dag_run_id=dag_run_id,
        coverage="" if params.get("coverage", "none") == "none" else params["coverage"],
    )
