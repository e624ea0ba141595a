"""Finding Compose, and what its refusals mean, with stand-ins for the command."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from streamproof.model.errors import StackError
from streamproof.runtime.compose.cli import ComposeCli, find_compose
from streamproof.runtime.stack_spec import ComposeLaunch


def put(folder: Path, name: str, script: str) -> dict[str, str]:
    """Make a command and return the environment that finds it."""
    folder.mkdir(exist_ok=True)
    command = folder / name
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    return {"PATH": f"{folder}:/usr/bin:/bin"}


def only(folder: Path) -> dict[str, str]:
    return {"PATH": str(folder)}


def test_a_plugin_is_preferred_to_the_program_of_its_own(tmp_path):
    put(tmp_path, "docker-compose", "echo 2.40.3")
    put(tmp_path, "docker", "echo v2.39.1")
    assert find_compose(only(tmp_path)) == ("docker", "compose")


def test_without_the_plugin_the_program_of_its_own_does(tmp_path):
    put(tmp_path, "docker", "echo \"docker: 'compose' is not a docker command.\" >&2; exit 1")
    put(tmp_path, "docker-compose", "echo 2.20.0")
    assert find_compose(only(tmp_path)) == ("docker-compose",)


@pytest.mark.parametrize(
    ("script", "said"), [("echo 1.29.2", "is version 1.29.2"), ("echo 2.19.9", "is version 2.19.9"), ("exit 1", "")]
)
def test_an_old_one_is_refused_and_named(tmp_path, script, said):
    put(tmp_path, "docker-compose", script)
    with pytest.raises(StackError, match=r"There is no Docker Compose 2\.20 or newer") as refused:
        find_compose(only(tmp_path))
    assert said in refused.value.message
    assert "--stack local" in refused.value.hint


def test_one_that_cannot_be_asked_is_named_with_the_reason(tmp_path):
    program = tmp_path / "docker-compose"
    program.write_text("no program")
    program.chmod(0o755)
    with pytest.raises(StackError, match=r"`docker-compose` did not answer: .*Exec format error"):
        find_compose(only(tmp_path))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("Bind for 127.0.0.1:9092 failed: port is already allocated", "Port 9092 is taken."),
        ("listen tcp4 127.0.0.1:8123: bind: address already in use", "Port 8123 is taken."),
        ("write /var/lib/docker/tmp/x: no space left on device", "The disk is full: Compose failed to start kafka."),
        ("Cannot connect to the Docker daemon at unix:///x", "The Docker engine has gone away"),
        ("something else", "Compose failed to start kafka."),
    ],
)
def test_a_refusal_says_what_is_wrong_and_shows_the_last_lines(tmp_path, said, message):
    env = put(tmp_path / "bin", "docker-compose", f"echo '{said}' >&2; exit 18")
    file = tmp_path / "docker-compose.yaml"
    file.write_text("")
    launch = ComposeLaunch("p", (str(file),), ("kafka",))
    command = (str(tmp_path / "bin" / "docker-compose"),)
    cli = ComposeCli(command, launch, (file,), (), env, tmp_path / "logs" / "compose.log")

    with pytest.raises(StackError) as refused:
        asyncio.run(cli.run("up", doing="to start kafka", timeout=30))
    assert refused.value.message.startswith(message)
    assert said in refused.value.hint


def test_every_command_names_its_project_and_its_files(tmp_path):
    env = put(tmp_path / "bin", "docker-compose", 'echo "$DOCKER_HOST $@"')
    files = (tmp_path / "docker-compose.yaml", tmp_path / "mine.yaml")
    launch = ComposeLaunch("sp-r1", tuple(map(str, files)), ("kafka",), docker_host="unix:///x.sock")
    command = (str(tmp_path / "bin" / "docker-compose"),)
    cli = ComposeCli(command, launch, files, (tmp_path / "run.env",), env, tmp_path / "compose.log")

    said = asyncio.run(cli.run("down", "--volumes", doing="to end", timeout=30)).decode().split()

    assert said[0] == "unix:///x.sock"
    assert said[said.index("--project-name") + 1] == "sp-r1"
    assert [said[place + 1] for place, word in enumerate(said) if word == "--file"] == [str(file) for file in files]
    assert said[said.index("--env-file") + 1] == str(tmp_path / "run.env")
    assert said[-2:] == ["down", "--volumes"]
