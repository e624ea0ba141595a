"""Find what an address names, among the runs that the user may read. Anything else is 404, as if it was not there."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, HTTPException

from streamproof.airflow.page.access import CurrentReader, Reader
from streamproof.airflow.page.runs import DagsOfRuns, ShownRun, is_run_folder, read_run, read_runs
from streamproof.airflow.settings import folders_of, read_settings, run_id_of
from streamproof.environment import Environment

_RUN_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def page_settings() -> Environment:
    """Return the settings of this server. Raises UsageError that names a wrong variable."""
    return read_settings()


Settings = Annotated[Environment, Depends(page_settings)]


def find_run(settings: Environment, reader: Reader, run_id: str) -> ShownRun:
    """Return a run that the user may read. Raises HTTPException (404)."""
    folder = settings.artifacts / run_id
    if _RUN_ID.fullmatch(run_id) and is_run_folder(folder):
        run = read_run(DagsOfRuns(settings), folder)
        if reader.may_read(run.dag_id):
            return run
    else:
        for run in read_runs(settings, reader.may_read).runs:
            if run.run_id == run_id:
                return run
    raise HTTPException(404, f"There is no run {run_id} that you may read.")


def asked_run(run_id: str, reader: CurrentReader, settings: Settings) -> ShownRun:
    """Return the run that an address names. Raises HTTPException (404)."""
    return find_run(settings, reader, run_id)


AskedRun = Annotated[ShownRun, Depends(asked_run)]


def run_of_dag_run(settings: Environment, reader: Reader, dag_id: str, dag_run_id: str) -> ShownRun:
    """Return the last run that a DAG run made. Raises HTTPException (404)."""
    if not reader.may_read(dag_id):
        raise HTTPException(404, f"There is no DAG {dag_id} that you may read.")
    dags = DagsOfRuns(settings)
    for folder in reversed(folders_of(settings.artifacts, dag_id, dag_run_id)):
        if is_run_folder(folder) and (run := read_run(dags, folder)).dag_id == dag_id:
            return run
    name = run_id_of(dag_run_id)
    for run in read_runs(settings, reader.may_read).runs:
        if run.dag_id == dag_id and run.run_id.partition(".try")[0] == name:
            return run
    raise HTTPException(404, f"DAG run {dag_run_id} has made no run: the log of its task plan_run says why.")
