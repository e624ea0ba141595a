"""The pages of runs: the list, one run, and the files of its folder."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from streamproof.airflow.page import files
from streamproof.airflow.page.access import CurrentReader
from streamproof.airflow.page.addresses import dag_run_path
from streamproof.airflow.page.chart import charts_of
from streamproof.airflow.page.finding import AskedRun, Settings, run_of_dag_run
from streamproof.airflow.page.one_run import in_brief, pages_of, previous_of, stages_of
from streamproof.airflow.page.responses import page
from streamproof.airflow.page.runs import read_runs

ROWS = 25
router = APIRouter()


@router.get("/")
def start(request: Request, reader: CurrentReader) -> Response:  # noqa: ARG001 - who is not logged in is refused
    """Go to the list."""
    return RedirectResponse(f"{request.scope.get('root_path', '')}/runs")


@router.get("/runs")
def run_list(
    request: Request,
    reader: CurrentReader,
    settings: Settings,
    pack: str = "",
    verdict: str = "",
    number: Annotated[int, Query(ge=1, alias="page")] = 1,
) -> HTMLResponse:
    """Show the runs, those of a pack or with a verdict if these are given, and their trend."""
    found = read_runs(settings, reader.may_read)
    shown = [run for run in found.runs if pack in ("", run.pack) and verdict in ("", run.verdict)]
    pages = max(1, -(-len(shown) // ROWS))
    number = min(number, pages)
    return page(
        request,
        "runs.html.j2",
        status=503 if found.problem else 200,
        found=found,
        runs=shown[(number - 1) * ROWS : number * ROWS],
        total=len(shown),
        charts=charts_of(run for run in found.runs if pack in ("", run.pack)),
        verdicts=sorted({run.verdict for run in found.runs}),
        asked={"pack": pack, "verdict": verdict},
        number=number,
        pages=pages,
        artifacts=settings.artifacts,
    )


@router.get("/runs/{run_id}")
def one_run(request: Request, run: AskedRun, reader: CurrentReader, settings: Settings) -> HTMLResponse:
    """Show a run in brief, with links to its report and its other files."""
    return page(
        request,
        "run.html.j2",
        run=run,
        brief=in_brief(run),
        stages=stages_of(run),
        pages=pages_of(run, logs=reader.may_read_logs(run.dag_id)),
        previous=previous_of(settings, reader, run),
        dag_run=dag_run_path(run.dag_id, run.dag_run_id) if run.dag_id and run.dag_run_id else "",
    )


@router.get("/runs/{run_id}/files/{path:path}")
def run_file(run: AskedRun, path: str, reader: CurrentReader) -> FileResponse:
    """Serve a file of a run's folder, in a sandbox. Raises HTTPException (403, 404)."""
    if files.is_log(path) and not reader.may_read_logs(run.dag_id):
        raise HTTPException(
            403, f"You may not read the logs of {run.dag_id or 'all DAGs'}, and so not those of its runs."
        )
    found = files.file_of_run(run.folder, path) if run.folder else None
    if found is None:
        raise HTTPException(404, f"Run {run.run_id} has no file {path}.")
    kind = files.media_type(found)
    name = found.name if kind == files.DOWNLOADED else None
    return FileResponse(found, media_type=kind, headers=files.HEADERS, filename=name)


@router.get("/dags/{dag_id}/runs/{dag_run_id:path}")
def of_dag_run(request: Request, reader: CurrentReader, settings: Settings, dag_id: str, dag_run_id: str) -> Response:
    """Go to the last run that a DAG run made: where the link of a task instance leads."""
    run = run_of_dag_run(settings, reader, dag_id, dag_run_id)
    return RedirectResponse(f"{request.scope.get('root_path', '')}/runs/{run.run_id}")
