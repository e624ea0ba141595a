"""Files that are read into models: what is wrong is told by file, line and key."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from streamproof.model.errors import UsageError
from streamproof.model.formats.yaml_files import read_model, yaml_text


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    sizes: tuple[int, ...] = Field((), min_length=0)


class Whole(BaseModel):
    model_config = ConfigDict(extra="forbid")

    parts: tuple[Part, ...] = Field(min_length=1)
    by_name: dict[str, int] = {}


def refused(tmp_path, text: str) -> str:
    file = tmp_path / "some.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as raised:
        read_model(file, Whole, what="File", hint="Look again.")
    assert raised.value.hint == "Look again."
    return raised.value.message.removeprefix(f"File {file}:")


def test_a_file_that_fits_is_read(tmp_path):
    file = tmp_path / "some.yaml"
    file.write_text("parts: [{name: a, sizes: [1, 2]}]\n", encoding="utf-8")

    assert read_model(file, Whole, what="File", hint="").parts[0].sizes == (1, 2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("parts:\n  - name: a\n    sizes:\n      - 1\n      - x\n", "5: `parts.0.sizes.1` should be a valid integer"),
        ("parts:\n  - sizes: [1]\n", "2: `parts.0.name` is missing."),
        ("parts: []\n", "1: `parts` needs at least 1 of them."),
        (
            "parts:\n  - nam: a\n",
            "2: `parts.0.nam` is not a key that may stand here; did you mean `name`? (1 more like this in the file.)",
        ),
        ("base: &b {nam: a}\nparts: []\n", "1: `base` is not a key that may stand here."),
        ("parts:\n  - &b {name: a}\n  - {<<: *b, sizes: 3}\n", "3: `parts.1.sizes` must be a list."),
        ("by_name: {a: 1, b: c}\nparts: [{name: a}]\n", "1: `by_name.b` should be a valid integer"),
        ("# nothing\n", "1: must be a mapping of keys to values."),
    ],
)
def test_what_does_not_fit_is_reported_by_line_and_key(tmp_path, text, said):
    assert refused(tmp_path, text).startswith(said)


@given(st.text() | st.lists(st.text()) | st.dictionaries(st.text(), st.text()))
def test_any_text_can_be_written_and_is_read_again(value):
    try:
        text = yaml_text(value)
    except UnicodeError:
        return
    assert "\n" not in text
    assert yaml.safe_load(text) == value
