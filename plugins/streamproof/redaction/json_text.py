"""Edit the texts in a JSON document. Every other byte stays: numbers, order, white space, and the form of escapes.

Broken JSON is edited as well, as far as it can be read, so that it is broken in the same way afterwards.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from streamproof.redaction.rules import Path

_TOKEN = re.compile(r'"((?:[^"\\]++|\\.)*+)"?|[{}\[\],:]|[^\s"{}\[\],:]++', re.DOTALL)
_CHARACTER = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|.", re.DOTALL
)
_SHORT_ESCAPES = {r"\"": '"', r"\\": "\\", r"\/": "/", r"\b": "\b", r"\f": "\f", r"\n": "\n", r"\r": "\r", r"\t": "\t"}
# Takes a text and the path of its field, and returns another with as many characters.
Edit = Callable[[str, Path], str]
# Takes a word outside of quotes in addition, and whether it stands where a JSON value stands.
EditWord = Callable[[str, Path, bool], str]


@dataclass(slots=True)
class _Frame:
    """An object or array that is not closed yet. `key` is the key of the value that comes next."""

    path: Path
    is_object: bool
    expects_key: bool
    key: str = ""

    @property
    def here(self) -> Path:
        return (*self.path, self.key) if self.is_object else self.path


def edit_texts(document: str, root: Path, *, text: Edit, key: Edit, bare: EditWord) -> str:
    """Return a JSON document with its texts, keys, and bare words (numbers, literals) edited.

    `root` is the path of the document itself. The path of a key is that of its object.
    """
    pieces, end = [], 0
    frames = [_Frame(root, is_object=False, expects_key=False)]
    before = ","
    for token in _TOKEN.finditer(document):
        frame, sign = frames[-1], token[0][0]
        if sign in "{[":
            frames.append(_Frame(frame.here, sign == "{", sign == "{"))
        elif sign in "}]":
            if len(frames) > 1:
                frames.pop()
        elif sign == ",":
            frame.expects_key = frame.is_object
        elif sign == '"':
            edit, path = (key, frame.path) if frame.expects_key else (text, frame.here)
            content, new = _edited(token[1], path, edit)
            if frame.expects_key:
                frame.key, frame.expects_key = content, False
            pieces += [document[end : token.start(1)], new]
            end = token.end(1)
        elif sign != ":":
            pieces += [document[end : token.start()], bare(token[0], frame.here, before in {"[", ":", ","})]
            end = token.end()
        before = sign
    return "".join((*pieces, document[end:]))


def _edited(source: str, path: Path, edit: Edit) -> tuple[str, str]:
    """Return the content of a JSON text, and the source of the edited one."""
    if "\\" not in source:
        return source, edit(source, path)
    if (content := _usually_spelled(source)) is not None:
        return content, json.dumps(edit(content, path), ensure_ascii=False)[1:-1]
    spelled = _CHARACTER.findall(source)
    before = "".join(map(_content, spelled))
    return before, "".join(
        piece if old == new else _spelled(new, piece)
        for piece, old, new in zip(spelled, before, edit(before, path), strict=True)
    )


def _usually_spelled(source: str) -> str | None:
    """Return the content of a JSON text whose escapes are those of Python's own writer, else None: it is faster."""
    try:
        content: str = json.loads(f'"{source}"')
    except ValueError:
        return None
    return content if json.dumps(content, ensure_ascii=False)[1:-1] == source else None


def _content(spelled: str) -> str:
    """Return the character that a piece of the source stands for."""
    if len(spelled) == 1:
        return spelled
    if spelled[1] == "u" and len(spelled) > 2:
        units = spelled.encode("ascii").decode("unicode_escape")
        return units.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    # No JSON: it is copied, and no letter must stand for it.
    return _SHORT_ESCAPES.get(spelled, "\ufffd")


def _spelled(char: str, like: str) -> str:
    """Return the source of a character, as an escape if the one before was written as one."""
    if len(like) == 1:
        return char
    units = char.encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
