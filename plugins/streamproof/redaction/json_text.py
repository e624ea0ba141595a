"""Edit the texts in a JSON document. Every other byte stays: numbers, order, white space, and the form of escapes.

Broken JSON is edited as well, as far as it can be read, so that it is broken in the same way afterwards.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from streamproof.redaction.rules import Path

# Texts, signs, and bare words; the second group is a number or literal that is valid by itself.
_TOKEN = re.compile(
    r'"((?:[^"\\]++|\\.)*+)"?|[{}\[\],]'
    r'|(-?\d++(?:\.\d++)?(?:[eE][+-]?\d++)?|true|false|null)(?=[\s\]},]|\Z)|[^\s"{}\[\],:]++',
    re.DOTALL,
)
_CHARACTER = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|.", re.DOTALL
)
_LITERAL = 2
_BEFORE_A_VALUE = frozenset("[:,")
_SHORT_ESCAPES = {r"\"": '"', r"\\": "\\", r"\/": "/", r"\b": "\b", r"\f": "\f", r"\n": "\n", r"\r": "\r", r"\t": "\t"}
# Takes a text and the path of its field, and returns another with as many characters.
Edit = Callable[[str, Path], str]
# Takes a word outside of quotes in addition, and whether it stands where a JSON value stands.
EditWord = Callable[[str, Path, bool], str]


def edit_texts(document: str, root: Path, *, text: Edit, key: Edit, bare: EditWord, literals: bool) -> str:
    """Return a JSON document with its texts, keys and bare words edited.

    `root` is the path of the document itself. The path of a key is that of its object. Bare words are numbers and
    literals, if `literals` is set, and what stands outside of texts in broken JSON.
    """
    pieces: list[str] = []
    end = 0
    # The open object or array: its path, whether it is an object, and the path of the value that comes next.
    path, is_object, here = root, False, root
    above: list[tuple[Path, bool, Path]] = []
    expects_key, before = False, ","
    for token in _TOKEN.finditer(document):
        sign = document[token.start()]
        if sign == '"':
            if expects_key:
                content, new = _edited(token[1], path, key)
                here, expects_key, before = (*path, content), False, ":"
            else:
                new, before = _edited(token[1], here, text)[1], sign
            pieces += (document[end : token.start(1)], new)
            end = token.end(1)
            continue
        if sign == ",":
            expects_key = is_object
        elif sign in "{[":
            above.append((path, is_object, here))
            path, is_object = here, sign == "{"
            expects_key = is_object
        elif sign in "}]":
            path, is_object, here = above.pop() if above else (root, False, root)
            expects_key = False
        elif literals or token.lastindex != _LITERAL or before not in _BEFORE_A_VALUE:
            pieces += (document[end : token.start()], bare(token[0], here, before in _BEFORE_A_VALUE))
            end = token.end()
        before = sign
    pieces.append(document[end:])
    return "".join(pieces)


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
