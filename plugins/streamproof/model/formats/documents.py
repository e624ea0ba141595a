"""Read YAML and JSON that people write. A repeated key is an error: parsers would silently drop one of the two."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from streamproof.model.errors import UsageError

_KEY_HINT = "Give one of the two another name, or merge their contents under one key."
# A string, a brace or a colon. The other parts of JSON are not needed to find repeated keys.
_JSON_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}:]', re.DOTALL)


# PyYAML's own parser takes ten times as long. It is used only where PyYAML was built without libyaml.
class _StrictLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The safe loader, which also refuses a repeated key in a mapping.

    A key that overrides one merged by `<<: *anchor` is not a repetition.
    """

    def construct_document(self, node: Any) -> Any:
        """Build a document. Raises _RepeatedKeyError for a key that is repeated in one of its mappings."""
        # The check comes first, because building writes merged keys into the nodes.
        pending, known = [node], set()
        while pending:
            current = pending.pop(0)
            if id(current) in known or isinstance(current, yaml.ScalarNode):
                continue
            known.add(id(current))
            if isinstance(current, yaml.MappingNode):
                self._refuse_repeated(current)
                pending.extend(part for pair in current.value for part in pair)
            else:
                pending.extend(current.value)
        return super().construct_document(node)

    def _refuse_repeated(self, node: yaml.MappingNode) -> None:
        seen: dict[Any, int] = {}
        for key_node, _ in node.value:
            merges = key_node.tag == "tag:yaml.org,2002:merge"
            key = "<<" if merges else self.construct_object(key_node, deep=True)
            line = key_node.start_mark.line + 1
            if isinstance(key, Hashable) and key in seen:
                raise _RepeatedKeyError(str(key), seen[key], line)
            if isinstance(key, Hashable):
                seen[key] = line


class _RepeatedKeyError(Exception):
    """A key is repeated in one mapping: it is in line `first` and in line `again`."""

    def __init__(self, key: str, first: int, again: int) -> None:
        super().__init__(key, first, again)
        self.key, self.first, self.again = key, first, again

    def as_usage_error(self, shown: str) -> UsageError:
        """Return the error for the user; `shown` names the document."""
        return UsageError(
            f"{shown}:{self.again}: the key `{self.key}` appears twice; it first appears in line {self.first}.",
            hint=_KEY_HINT,
        )


def read_yaml(path: Path, *, what: str, hint: str) -> Any:
    """Read a YAML file with one document.

    `what` names the kind of file in messages ("Contract"). `hint` is the hint for a file that is not YAML. Raises
    UsageError for a file that cannot be read, is not YAML, or repeats a key in one mapping (with line and key).
    """
    return read_document(path, what=what, hint=hint)[0]


def read_document(path: Path, *, what: str, hint: str) -> tuple[Any, yaml.Node | None]:
    """Read a YAML file as `read_yaml` does, and return the data and its node, which has the line of every key."""
    try:
        loader = _StrictLoader(path.read_text(encoding="utf-8-sig"))
        try:
            node = loader.get_single_node()
            return (None if node is None else loader.construct_document(node)), node
        finally:
            loader.dispose()
    except _RepeatedKeyError as problem:
        raise problem.as_usage_error(f"{what} {path}") from None
    except OSError as error:
        raise UsageError(f"{what} {path}: cannot be read: {error.strerror}.", hint=hint) from None
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{what} {path}: cannot be read: byte {error.start} is not UTF-8.", hint="Save it as UTF-8."
        ) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        # A date such as 2026-02-30 is a ValueError of the constructor.
        said = " ".join(str(error).split())
        raise UsageError(f"{what} {path}: cannot be read: {said}.", hint=hint) from None


def repeated_json_key(text: str) -> tuple[str, int, int] | None:
    """Return the first repeated key in an object of a JSON text, as (key, line, later line); None if there is none.

    `text` must be valid JSON.
    """
    objects: list[dict[str, int]] = []
    last = ""
    position = line = 0
    for token in _JSON_TOKEN.finditer(text):
        found = token.group()
        line += text.count("\n", position, token.start())
        position = token.start()
        if found == "{":
            objects.append({})
        elif found == "}":
            objects.pop()
        elif found == ":":
            key = json.loads(last, strict=False)
            if key in objects[-1]:
                return key, objects[-1][key], line + 1
            objects[-1][key] = line + 1
        else:
            last = found
    return None
