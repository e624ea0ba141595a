"""Change single fields of a body. Every other byte of it is sent as it was rejected."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import orjson

from streamproof.dead_letters.request import Edit
from streamproof.fixtures.json_edits import edit_fields, remove_fields


def corrected(text: str, edits: Iterable[Edit]) -> tuple[str, list[bool]]:
    """Return the JSON object with the edits made in their order, and which of them have changed it."""
    changed = []
    for edit in edits:
        before, text = text, _moved(text, edit) if edit.source else with_field(text, edit.path, edit.value)
        changed.append(text != before)
    return text, changed


def marked(text: str, markers: Mapping[str, object]) -> str:
    """Return the JSON object with these fields at its end, in place of earlier ones of the same names."""
    text = without_fields(text, markers)
    for name, value in markers.items():
        text = _with_member(text, name, orjson.dumps(value).decode())
    return text


def without_fields(text: str, names: Collection[str]) -> str:
    """Return the JSON object without its fields of these names."""
    # Most bodies have none: the search in the text costs nothing.
    return remove_fields(text, names) if any(f'"{name}"' in text for name in names) else text


def with_field(text: str, path: str, value: str) -> str:
    """Return the JSON object with the JSON text `value` at a path; unchanged where a parent of it is no object."""
    edited, found = edit_fields(text, {path}, lambda _path, _before: value)
    if found:
        return edited
    above, _, name = path.rpartition(".")
    if not above:
        return _with_member(text, name, value)
    return edit_fields(text, {above}, lambda _path, before: _with_member(before, name, value))[0]


def _moved(text: str, edit: Edit) -> str:
    """Return the text with the value of one field at another path; unchanged where there is nothing to move."""
    taken: list[str] = []

    def take(_path: str, value: str) -> str:
        taken.append(value)
        return value

    edit_fields(text, {edit.source}, take)
    if not taken:
        return text
    moved = with_field(text, edit.path, taken[0])
    return text if moved == text else remove_fields(moved, {edit.source})


def _with_member(text: str, name: str, value: str) -> str:
    body = text.rstrip()
    if not (body.lstrip().startswith("{") and body.endswith("}")):
        return text
    inside = body[:-1].rstrip()
    comma = "" if inside.endswith("{") else ","
    return f"{inside}{comma}{orjson.dumps(name).decode()}:{value}}}"
