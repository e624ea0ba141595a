"""Bodies are changed in single fields; every other byte stays."""

from __future__ import annotations

import json

import pytest

from streamproof.dead_letters.bodies import corrected, marked, with_field, without_fields
from streamproof.dead_letters.request import Edit, edits_of, move_edit, set_edit
from streamproof.model.errors import UsageError

BODY = '{ "id":"a", "n":1.0e2, "big":123456789012345678901234567890, "data":{"x":1,"deep":{"y":[1, 2]}} }'


def test_markers_follow_the_fields_and_nothing_else_changes():
    text = marked(BODY, {"__replay": True, "__count": 1})
    assert text == BODY[:-2] + ',"__replay":true,"__count":1}'
    again = marked(text, {"__replay": True, "__count": 2})
    assert again == BODY[:-2] + ',"__replay":true,"__count":2}'
    assert without_fields(again, ("__replay", "__count")).replace(" }", "}") == BODY.replace(" }", "}")


def test_an_empty_object_can_be_marked():
    assert json.loads(marked("{}", {"a": 1, "b": 2})) == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("path", "value", "changed"),
    [
        ("data.x", '"one"', ("data", {"x": "one", "deep": {"y": [1, 2]}})),
        ("data.new", "null", ("data", {"x": 1, "deep": {"y": [1, 2]}, "new": None})),
        ("data.deep.z", "[]", ("data", {"x": 1, "deep": {"y": [1, 2], "z": []}})),
        ("top", "true", ("top", True)),
    ],
)
def test_a_field_is_set_or_added(path, value, changed):
    assert json.loads(with_field(BODY, path, value)) == {**json.loads(BODY), changed[0]: changed[1]}


@pytest.mark.parametrize("path", ["id.x", "data.x.y", "nowhere.x", "data.deep.y.z"])
def test_a_path_below_no_object_changes_nothing(path):
    assert with_field(BODY, path, "1") == BODY


def test_a_value_moves_as_it_is_written():
    text, changed = corrected(BODY, edits_of(["n=data.number", "absent=data.z"], ["id=b"]))
    assert changed == [True, False, True]
    assert '"number":1.0e2' in text
    assert "n" not in json.loads(text)
    assert json.loads(text)["id"] == "b"


def test_corrections_are_read_from_options():
    assert set_edit("data.a=1") == Edit("data.a", "1")
    assert set_edit("data.a=one=1") == Edit("data.a", '"one=1"')
    assert set_edit("data.a=") == Edit("data.a", '""')
    assert move_edit("a.b = c") == Edit("c", source="a.b")
    assert str(move_edit("a=b")) == "a -> b"


@pytest.mark.parametrize("text", ["", "=1", "a..b=1", "a"])
def test_no_correction(text):
    with pytest.raises(UsageError, match="--set"):
        set_edit(text)
    with pytest.raises(UsageError, match="--move"):
        move_edit(text)
    with pytest.raises(UsageError, match="names no field"):
        move_edit("a=")
