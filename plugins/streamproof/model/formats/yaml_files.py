"""Read a YAML file into a pydantic model. An error names the file, the line and the key."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from streamproof.model.errors import UsageError
from streamproof.model.formats.documents import read_document

Model = TypeVar("Model", bound=BaseModel)


def read_model(path: Path, model: type[Model], *, what: str, hint: str) -> Model:
    """Read a YAML file with one document and validate it.

    `what` names the kind of file in messages ("Contract"); `hint` is the hint of an error. Raises UsageError when the
    file cannot be read or is not YAML, and for invalid content: `Contract a.yaml:12: expectations.0.why is missing.`
    """
    data, node = read_document(path, what=what, hint=hint)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise refused(path, node, error, what=what, hint=hint, known=_keys_of(model)) from None


def yaml_text(value: str | Sequence[object] | Mapping[str, object]) -> str:
    """Return a text, or a list or mapping of texts, as YAML on one line. Any character can be written."""
    return yaml.safe_dump(
        value, default_flow_style=True, default_style='"', width=float("inf"), sort_keys=False
    ).strip()


def _keys_of(model: type[BaseModel]) -> frozenset[str]:
    """Return the keys that may stand anywhere in a file of this model."""
    schema = model.model_json_schema()
    parts = (schema, *schema.get("$defs", {}).values())
    return frozenset(key for part in parts for key in part.get("properties", {}))


def refused(
    path: Path,
    node: yaml.Node | None,
    error: ValidationError,
    *,
    what: str,
    hint: str,
    known: Collection[str] = (),
) -> UsageError:
    """Return an error with the first problem in the file and the number of the others.

    Missing keys come last, because the cause may be another, misspelt key. `known` are the keys of the format; the most
    similar one is suggested for an unknown key.
    """
    problems = error.errors(include_url=False)
    # pydantic also reports a list with a broken entry as too short.
    kept = [problem for problem in problems if problem["type"] != "too_short" or not _has_inner(problem, problems)]
    found = sorted(
        (problem["type"] == "missing", *_located(node, problem["loc"]), _said(problem, known)) for problem in kept
    )
    _, line, key, said = found[0]
    more = f" ({len(found) - 1} more like this in the file.)" if len(found) > 1 else ""
    about = f"`{key}` {said}" if key else said
    return UsageError(f"{what} {path}:{line}: {about}{'' if about.endswith('?') else '.'}{more}", hint=hint)


def _has_inner(problem: Any, problems: Sequence[Any]) -> bool:
    depth = len(problem["loc"])
    return any(len(other["loc"]) > depth and other["loc"][:depth] == problem["loc"] for other in problems)


def _located(node: yaml.Node | None, location: Sequence[int | str]) -> tuple[int, str]:
    """Return the line (from 1) and the dotted key of pydantic's `location`.

    A part of it that is not in the file is the tag of a union, or a missing key if it is the last part.
    """
    line = node.start_mark.line + 1 if node else 1
    names: list[str] = []
    for number, part in enumerate(location, start=1):
        below = _child(node, part)
        if below is not None:
            line, node = below
            names.append(str(part))
        elif number == len(location) and part != "[key]":
            names.append(str(part))
    return line, ".".join(names)


def _child(node: yaml.Node | None, part: int | str) -> tuple[int, yaml.Node] | None:
    """Return the line and the value of one entry of a mapping or list, None if it does not exist."""
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        entry = node.value[part]
        return entry.start_mark.line + 1, entry
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line + 1, value
    return None


_SAID = {
    "missing": "is missing",
    "extra_forbidden": "is not a key that may stand here",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "dict_type": "must be a mapping of keys to values",
    "mapping_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
}


def _said(problem: Any, known: Collection[str]) -> str:
    """Return pydantic's problem in plain words."""
    kind = problem["type"]
    if kind == "extra_forbidden":
        key = str(problem["loc"][-1])
        # A key that may stand elsewhere is known, and is not what was meant here.
        similar = difflib.get_close_matches(key, {*known} - {key}, n=1)
        return _SAID[kind] + (f"; did you mean `{similar[0]}`?" if similar else "")
    if kind == "value_error":
        return str(problem["ctx"]["error"]).rstrip(".")
    if kind == "too_short":
        return f"needs at least {problem['ctx']['min_length']} of them"
    text = str(problem["msg"]).rstrip(".").removeprefix("Input ")
    return _SAID.get(kind) or f"{text}, not {problem['input']!r:.60}"
