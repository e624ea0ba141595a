"""Finding and judging a JRE."""

from __future__ import annotations

from pathlib import Path

import pytest

from streamproof.model.errors import StackError
from streamproof.runtime.java import JavaRuntime, find_java, java_version


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_the_wheel_has_a_jre_that_will_do() -> None:
    assert java_version(find_java(None)).startswith("21.")


def test_a_home_or_a_program_may_be_named(tmp_path: Path) -> None:
    program = script(tmp_path / "bin" / "java", "")
    assert find_java(str(tmp_path)) == find_java(str(program)) == program


@pytest.mark.parametrize("name", ["missing", "missing/bin/java"])
def test_a_path_without_java_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(StackError, match="There is no Java program") as caught:
        find_java(str(tmp_path / name))
    assert "STREAMPROOF_JAVA" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("exit 3", r"does not start \(code 3\): it says nothing"),
        ("echo 'Error: could not find libjvm.so' >&2; exit 1", "could not find libjvm.so"),
        ("echo 'no version here' >&2", "no version here"),
        ("echo 'openjdk version \"11.0.2\" 2019-01-15' >&2", r"is version 11\.0\.2"),
        ("echo 'openjdk version \"25.0.1\" 2025-10-21' >&2", r"is version 25\.0\.1"),
    ],
)
def test_a_jre_that_will_not_do_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(StackError, match=expected):
        java_version(script(tmp_path / "java", text))


def test_a_file_that_is_no_program_is_refused(tmp_path: Path) -> None:
    (tmp_path / "java").write_text("not a program")
    with pytest.raises(StackError, match="does not start"):
        java_version(tmp_path / "java")


@pytest.mark.parametrize("said", ["17", "17.0.9", "21.0.8", "21-ea"])
def test_versions_17_to_21_are_taken(tmp_path: Path, said: str) -> None:
    assert java_version(script(tmp_path / "java", f"echo 'openjdk version \"{said}\"' >&2")) == said


def test_the_archive_is_used_when_there_is_one(tmp_path: Path) -> None:
    runtime = JavaRuntime(Path("/j/java"), "21", (Path("/c/a.jar"), Path("/c/b.jar")))
    command = runtime.command("kafka.Kafka", "x.properties", options=["-Xmx1m"])
    assert command[-4:] == ["-cp", "/c/a.jar:/c/b.jar", "kafka.Kafka", "x.properties"]
    assert not any("Archive" in option for option in command)
    with_archive = JavaRuntime(runtime.program, "21", runtime.jars, Path("/c/x.jsa")).command("kafka.Kafka")
    assert "-XX:SharedArchiveFile=/c/x.jsa" in with_archive
