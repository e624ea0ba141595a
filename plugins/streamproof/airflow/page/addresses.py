"""Where the page is in Airflow's API server. Light, because every process of Airflow that loads plugins imports it."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

PREFIX = "/streamproof"


def address(path: str) -> str:
    """Return the address of a page without its host, below the path of Airflow's `base_url`. `path` begins with /."""
    from airflow.configuration import conf

    base = urlsplit(conf.get("api", "base_url", fallback="") or "").path.rstrip("/")
    return f"{base}{PREFIX}{path}"


def dag_run_path(dag_id: str, dag_run_id: str) -> str:
    """Return the path of the page of the run that a DAG run made."""
    return f"/dags/{quote(dag_id, safe='')}/runs/{quote(dag_run_id, safe='')}"
