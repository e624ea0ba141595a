"""How a pack describes a program: what is refused while it is read."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from streamproof.packs.processors import CommandProcessor, fill, fill_known, placeholders


def command(**changes) -> CommandProcessor:
    return CommandProcessor.model_validate({"kind": "command", "argv": ["x"], **changes})


@pytest.mark.parametrize(
    "ready",
    [
        {"group": "processor"},
        {"port": "rest"},
        {"http": "/", "port": "rest"},
        {"log": "^up"},
        {"log": "x", "timeout_sec": 1},
    ],
)
def test_there_are_four_ways_to_be_ready(ready):
    assert command(ports=["rest"], ready=ready).ready


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ready": {}}, "exactly one"),
        ({"ready": {"group": "processor", "log": "x"}}, "exactly one"),
        ({"ready": {"log": "x", "port": "rest"}}, "exactly one"),
        ({"ready": {"http": "/"}}, "needs `port` beside `http`"),
        ({"ready": {"port": "rest"}}, "which `ports` does not name"),
        ({"ready": {"log": "("}}, "no regular expression"),
        ({"ready": {"log": "x", "timeout_sec": 0}}, "greater than 0"),
        ({"stop": {"signal": "SIGKILL"}}, "SIGTERM"),
        ({"stop": {"grace_sec": 90}}, "less than or equal to 45"),
        ({"files": {"/etc/passwd": ""}}, "not a path below"),
        ({"files": {"a/../../b": ""}}, "not a path below"),
        ({"argv": []}, "at least 1"),
        ({"restart": True}, "Extra inputs"),
    ],
)
def test_what_cannot_be_meant_is_refused(changes, said):
    with pytest.raises(ValidationError, match=said):
        command(**changes)


def test_placeholders_are_names_in_braces_and_nothing_else():
    text = '{"a": 1} {port.rest_2} %d{HH:mm} {x}'
    assert placeholders(text) == ["port.rest_2", "x"]
    assert fill_known(text, {"x": "y"}) == '{"a": 1} {port.rest_2} %d{HH:mm} y'
    assert fill("{x}", {"x": "{y}"}) == "{y}"
