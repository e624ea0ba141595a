"""The DAG `streamproof_export` as Airflow parses it."""

from __future__ import annotations

import pytest

OF_THE_FACE = {"pack", "run", "connection", "out", "options"}


@pytest.fixture(scope="module")
def parsed(parse) -> dict:
    return parse("streamproof_export")


def test_it_loads_without_errors_and_without_heavy_imports(parsed):
    assert parsed["errors"] == {}
    assert parsed["modules"] == []


def test_the_dag_itself(parsed):
    dag = parsed["dag"]
    assert (dag["catchup"], dag["max_active_runs"], dag["schedule"]) == (False, 1, "None")
    assert {"streamproof", "fixtures"} <= set(dag["tags"])
    assert all("type" in schema for schema in dag["params"].values())
    [task] = parsed["tasks"].values()
    assert (task["timeout"], task["retries"], task["owner"]) == (True, 2, "data-platform")


def test_params_have_the_names_and_defaults_of_the_command(parsed):
    """Each Param is an option of `fixtures export`, and the other way round."""
    import inspect

    from streamproof.cli.commands.export.command import export

    options = {name: entry.default for name, entry in inspect.signature(export).parameters.items()}
    defaults = parsed["dag"]["defaults"]
    assert defaults.keys() - OF_THE_FACE == options.keys() - {"context", "out", "pack", "run", "json"}
    for name in defaults.keys() - OF_THE_FACE:
        assert defaults[name] == options[name], name
