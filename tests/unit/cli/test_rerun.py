"""The command that asks for a run again is parsed by the command line itself, and asks for the same run."""

from __future__ import annotations

import ast
import itertools
import shlex
import string
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.main import get_command

from streamproof.airflow.params import run_request
from streamproof.airflow.settings import read_settings
from streamproof.cli.commands import prove as prove_command
from streamproof.cli.commands import run as run_command
from streamproof.cli.main import app
from streamproof.model.plan import DAMAGES, KAFKA_KINDS, MODES, OBSERVE, PROVE, STACKS
from streamproof.runs.request import RunRequest
from streamproof.runs.rerun import rerun_command

WINDOW = {"from_ts": "2026-03-01T00:00:00.000Z", "to_ts": "2026-03-02T00:00:00.500Z"}
# Each run has its own name, place and DAG run, and is kept up only by who asks for that.
OWN = {"run_id": None, "artifacts_root": None, "keep_stack": False, "dag_id": "", "dag_run_id": ""}


NAMES = st.text(string.ascii_letters + string.digits + "_.", min_size=1, max_size=8)
PATHS = st.builds("/{}".format, st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12))


@st.composite
def requests(draw: st.DrawFn) -> RunRequest:
    """Every request that planning lets through."""
    mode = draw(st.sampled_from(MODES))
    names = tuple(draw(st.lists(NAMES, max_size=3)))
    request = RunRequest(
        pack=draw(NAMES),
        mode=mode,
        suites=() if mode == PROVE else names,
        **draw(st.sampled_from([WINDOW] if mode == OBSERVE else [{}, WINDOW])),
    )
    if mode == OBSERVE:
        return replace(request, input_topic=draw(st.none() | NAMES))
    stack = draw(st.sampled_from(STACKS))
    request = replace(
        request,
        stack=stack,
        processor=draw(st.none() | NAMES),
        kafka=draw(st.sampled_from(KAFKA_KINDS)) if stack == "local" else "broker",
        manifest=draw(st.none() | NAMES | PATHS),
        inject=draw(st.none() | PATHS),
        tolerate_bad_lines=draw(st.booleans()),
        partitions=draw(st.sampled_from([1, 4])),
        parallelism=draw(st.sampled_from([None, 1, 2])),
        speed=draw(st.sampled_from(["max", "60x", "0.5"])),
        shift_to=draw(st.sampled_from([None, "now", WINDOW["to_ts"]])),
        events=draw(st.sampled_from([None, 1, 40])),
        faults=draw(st.none() | PATHS),
    )
    if mode != PROVE:
        return request
    coverage = draw(st.sampled_from(["", *DAMAGES]))
    return replace(
        request,
        prove_suites=names,
        prove_checks=tuple(draw(st.lists(NAMES, max_size=3))),
        coverage=coverage,
        mutations=draw(st.booleans()) if coverage else True,
    )


@pytest.fixture(scope="module")
def parsed():
    """The function that gives a command to the command line's own parser and returns what it asks for."""

    command_line = get_command(app)

    def parse(command: str) -> RunRequest:
        program, *arguments = shlex.split(command)
        assert program == "streamproof"
        asked: list[RunRequest] = []

        def take(request: RunRequest, _now: datetime) -> dict[str, Any]:
            asked.append(request)
            raise typer.Exit

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(run_command, "run_planned", take)
            patch.setattr(prove_command, "run_planned", take)
            code = command_line.main(arguments, standalone_mode=False)
        assert len(asked) == 1, f"{command} ends with {code}"
        return asked[0]

    return parse


@given(request=requests())
def test_the_command_line_asks_for_the_same_run(parsed, request):
    assert parsed(rerun_command(request)) == replace(request, **OWN)


def test_the_failed_proof_of_an_outside_stack(parsed):
    request = RunRequest(mode=PROVE, stack="external", manifest="hostile")
    assert rerun_command(request) == "streamproof prove --stack external --manifest hostile"
    assert parsed(rerun_command(request)) == request


PARAMS: dict[str, dict[str, list[Any]]] = {
    "streamproof_run": {
        "pack": ["livepeer"],
        "mode": ["full", "smoke", OBSERVE],
        "stack": list(STACKS),
        "kafka": list(KAFKA_KINDS),
        "manifest": [None, "hostile", "my set/manifest.json"],
        "suites": [[], ["raw_typed", "api"]],
        "keep_stack": [False, True],
        "tolerate_bad_lines": [False, True],
        "inject": [None, "a file.sql"],
        "from_ts": [None, WINDOW["from_ts"]],
        "to_ts": [None, WINDOW["to_ts"]],
        "lookback_hours": [None, 1.5],
        "input_topic": [None, "events"],
        "processor": [None, "local"],
        "yes_shared": [False, True],
        "partitions": [1, 4],
        "parallelism": [None, 2],
        "speed": ["max", "60x"],
        "shift_to": [None, "now", WINDOW["to_ts"]],
        "events": [None, 40],
        "faults": [None, "busy"],
    },
    "streamproof_prove": {
        "pack": ["livepeer"],
        "mode": [PROVE],
        "stack": list(STACKS),
        "kafka": list(KAFKA_KINDS),
        "suites": [[], ["raw_typed", "contracts"]],
        "checks": [[], ["one", "two"]],
        "coverage": ["none", *DAMAGES],
        "keep_stack": [False, True],
    },
}


def declared_params(file: Path) -> set[str]:
    """Return the names of the Params that a DAG file declares."""
    calls = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
    (params,) = [k.value for call in calls for k in call.keywords if k.arg == "params"]
    assert isinstance(params, ast.Dict)
    return {key.value for key in params.keys if isinstance(key, ast.Constant)}


@pytest.mark.parametrize("dag_id", PARAMS)
def test_every_param_of_the_dag_is_tried(home, dag_id):
    assert declared_params(home / "dags" / f"{dag_id}.py") == set(PARAMS[dag_id])


@pytest.mark.parametrize("dag_id", PARAMS)
def test_what_the_params_of_a_dag_ask_for_is_asked_for_again(home, parsed, dag_id, tmp_path):
    """Every pair of values of any two Params, the others at their defaults."""
    options = PARAMS[dag_id]
    settings = read_settings({"STREAMPROOF_HOME": str(home), "STREAMPROOF_ARTIFACTS": str(tmp_path)})
    defaults = {name: values[0] for name, values in options.items()}
    tried = set()
    for one, other in itertools.combinations(options, 2):
        for pair in itertools.product(options[one], options[other]):
            params = {**defaults, one: pair[0], other: pair[1]}
            if (params.get("from_ts") is None) != (params.get("to_ts") is None) or (
                params.get("from_ts") and params.get("lookback_hours")
            ):
                continue
            request = run_request(params, "manual__1", settings)
            command = rerun_command(request)
            if command not in tried:
                assert parsed(command) == replace(request, **OWN), command
                tried.add(command)
    assert len(tried) > len(options)


def test_every_field_of_a_request_is_asked_for_or_the_runs_own():
    """A new field must reach the command: it is compared above once a strategy sets it."""
    values: dict[str, Any] = {
        "pack": "p", "mode": PROVE, "stack": "external", "processor": "q", "kafka": "mock", "manifest": "m",
        "suites": ("s",), "tolerate_bad_lines": True, "inject": "/i", "from_ts": "f", "to_ts": "t",
        "prove_suites": ("s",), "prove_checks": ("c",), "coverage": "one", "mutations": False, "input_topic": "e",
        "yes_shared": True, "partitions": 4, "parallelism": 2,
        "speed": "60x", "shift_to": "now", "events": 40, "faults": "busy",
    }  # fmt: skip
    assert {field.name for field in fields(RunRequest)} == {*values, *OWN}
    for name, value in values.items():
        base = RunRequest(mode=PROVE if name.startswith("prove_") else "full", coverage="one" * (name == "mutations"))
        assert rerun_command(replace(base, **{name: value})) != rerun_command(base), name


def test_paths_are_named_so_that_the_command_runs_from_any_folder(planned, home, tmp_path, monkeypatch, parsed):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.sql").write_text("SELECT 1")
    (tmp_path / "set").symlink_to(home / "include/fixtures/livepeer/golden")
    asked = parsed(planned(manifest="set/manifest.json", inject="x.sql").plan.rerun)
    assert Path(str(asked.inject)) == tmp_path / "x.sql"
    assert Path(str(asked.manifest)) == home / "include/fixtures/livepeer/golden/manifest.json"
    assert parsed(planned(manifest="hostile", run_id="r2").plan.rerun).manifest == "hostile"


def test_a_window_that_looks_back_is_asked_for_again_as_it_was(parsed, home, tmp_path):
    settings = read_settings({"STREAMPROOF_HOME": str(home), "STREAMPROOF_ARTIFACTS": str(tmp_path)})
    params = {name: values[0] for name, values in PARAMS["streamproof_run"].items()}
    before = datetime.now(UTC)
    request = run_request({**params, "mode": OBSERVE, "lookback_hours": 2}, "manual__1", settings)
    asked = parsed(rerun_command(request))
    assert datetime.fromisoformat(str(asked.to_ts)) >= before.replace(microsecond=0)
    assert (asked.from_ts, asked.to_ts) == (request.from_ts, request.to_ts)
