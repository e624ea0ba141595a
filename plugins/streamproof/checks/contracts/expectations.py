"""The catalogue of Great Expectations, which finds misspelt expectations before a run starts without a slow import.

`expectations.json` lists the expectations of the pinned version with their parameters. A test compares it with the
library. After an upgrade, `python -m streamproof.checks.contracts.expectations` regenerates it.
"""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Collection, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

CATALOGUE = Path(__file__).with_name("expectations.json")
PARAMETER = "$PARAMETER"

# Fields of every expectation that a contract cannot set: they belong to the library, or `name` and `why` replace them.
_NOT_OF_A_CONTRACT = frozenset(
    {
        "batch_id",
        "catch_exceptions",
        "description",
        "id",
        "library_metadata",
        "meta",
        "notes",
        "rendered_content",
        "result_format",
        "severity",
        "windows",
    }
)
_LIMITS = ("minimum", "maximum")
# Python types of YAML values and their JSON types. The order matters, because a Python bool is also an int.
_JSON_TYPES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    ((str, date), "string"),
    (list, "array"),
    (Mapping, "object"),
)


@cache
def catalogue() -> Mapping[str, Mapping[str, Any]]:
    """Return {required, parameters} by expectation. A parameter has JSON types, and may have an enum and limits."""
    found: dict[str, dict[str, Any]] = json.loads(CATALOGUE.read_text(encoding="utf-8"))["expectations"]
    return found


def refuse_misspelt(kind: str, kwargs: Mapping[str, Any], parameters: Collection[str]) -> None:
    """Raise ValueError for an unknown expectation `kind` or invalid arguments. The message suggests similar names.

    `parameters` are the valid names in `{$PARAMETER: name}`.
    """
    known = catalogue()
    if kind not in known:
        raise ValueError(f"there is no expectation `{kind}`{_near(kind, known)}")
    offered: Mapping[str, Mapping[str, Any]] = known[kind]["parameters"]
    for name, value in kwargs.items():
        if name not in offered:
            raise ValueError(f"{kind} has no parameter `{name}`{_near(str(name), offered)}")
        _refuse_unknown_parameter(value, parameters)
        if not _fits(value, offered[name]):
            raise ValueError(f"`{name}` of {kind} is {_described(offered[name])}, not {value!r}")
    missing = [name for name in known[kind]["required"] if kwargs.get(name) is None]
    if missing:
        raise ValueError(f"{kind} needs the parameter `{missing[0]}`")
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if isinstance(low, int | float) and isinstance(high, int | float) and low > high:
        raise ValueError(f"{kind}: no value is between {low} and {high}")


def _near(name: str, names: Collection[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean `{near[0]}`?" if near else f"; it is one of {', '.join(sorted(names))}"


def _refuse_unknown_parameter(value: Any, parameters: Collection[str]) -> None:
    """Raise ValueError for an unknown name in `{$PARAMETER: name}`. The library evaluates names that are formulas."""
    if isinstance(value, Mapping):
        name = value.get(PARAMETER)
        if isinstance(name, str) and name.isidentifier() and name not in parameters:
            raise ValueError(f"a run has no parameter `{name}`{_near(name, parameters)}")
        parts: Collection[Any] = value.values()
    else:
        parts = value if isinstance(value, list) else ()
    for part in parts:
        _refuse_unknown_parameter(part, parameters)


def _fits(value: Any, offered: Mapping[str, Any]) -> bool:
    """Return whether an argument has a type that the parameter allows and is within its limits."""
    types = offered["types"]
    if value is None:
        return True
    kind = next((name for kinds, name in _JSON_TYPES if isinstance(value, kinds)), "")
    if kind in ("integer", "number"):
        low, high = offered.get("minimum", value), offered.get("maximum", value)
        return ("number" in types or kind in types) and bool(low <= value <= high)
    if kind == "string" and isinstance(value, str):
        return kind in types and value in offered.get("enum", [value])
    return kind in types


def _described(offered: Mapping[str, Any]) -> str:
    if "enum" in offered:
        return f"one of {', '.join(offered['enum'])}"
    expected = " or ".join(kind for kind in offered["types"] if kind != "object")
    limits = [f"{offered[limit]}" for limit in _LIMITS if limit in offered]
    article = "an" if expected[0] in "aeio" else "a"
    return f"{article} {expected}{f' from {limits[0]} to {limits[1]}' if len(limits) == len(_LIMITS) else ''}"


def library_catalogue() -> dict[str, Any]:
    """Return the catalogue of the installed library, in the form of `expectations.json`. The import takes seconds."""
    import great_expectations
    from great_expectations.expectations.registry import (
        get_expectation_impl,
        list_registered_expectation_implementations,
    )

    found = {}
    for name in sorted(list_registered_expectation_implementations()):
        implementation: Any = get_expectation_impl(name)
        properties = implementation.schema()["properties"]
        fields = {field: model for field, model in implementation.__fields__.items() if field not in _NOT_OF_A_CONTRACT}
        found[name] = {
            "required": sorted(field for field, model in fields.items() if model.required),
            "parameters": {field: _offered(properties.get(field, {})) for field in sorted(fields)},
        }
    return {"version": great_expectations.__version__, "expectations": found}


def _offered(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return types, enum and limits of a parameter from its JSON schema; type `object` stands for a nested schema."""
    alternatives = schema.get("anyOf", [schema])
    if any("$ref" in part or ("type" not in part and "oneOf" not in part) for part in alternatives):
        types: set[str] = {"object", *(part["type"] for part in alternatives if "type" in part)}
    else:
        types = {"array" if "oneOf" in part else part["type"] for part in alternatives}
    found: dict[str, Any] = {"types": sorted(types)}
    for part in alternatives:
        found |= {key: part[key] for key in ("enum", *_LIMITS) if key in part}
    return found


if __name__ == "__main__":
    made = library_catalogue()
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in made["expectations"].items())
    text = f'{{\n "version": {json.dumps(made["version"])},\n "expectations": {{\n{lines}\n }}\n}}\n'
    CATALOGUE.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{CATALOGUE} written\n")
