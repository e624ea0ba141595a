"""Read SQL files that are divided into named blocks by markers.

The markers are `-- TEST: name`, `-- QUERY: name` and `-- MUTATION: name`. A mutation follows the test or query that it
must break. A marker stands at the start of a line, and its block ends at the next marker. Text before the first marker
is the file's own comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from pathlib import Path

from streamproof.model.errors import SqlSourceError
from streamproof.sql.dialects import CLICKHOUSE, Dialect
from streamproof.sql.lexing import Kind, Token, line_of, parameter_of, tokens
from streamproof.sql.reading import read_sql

_MARKER = re.compile(r"-- (?P<kind>TEST|QUERY|MUTATION):(?P<name>.*)", re.DOTALL)
_NEARLY_A_MARKER = re.compile(r"--[ \t]*(TEST|QUERY|MUTATION)[ \t]*:")
_PRESENCE = re.compile(r"^PRESENCE:[ \t]*(?P<why>.+)$", re.MULTILINE)
_LAYER = re.compile(r"^LAYER:[ \t]*(?P<layer>\w+)[ \t]*$", re.MULTILINE)
_RUNG = re.compile(r"^RUNG:[ \t]*(?P<rung>\w+)[ \t]*$", re.MULTILINE)
_PROFILE = re.compile(r"^PROFILE:[ \t]*(?P<column>\w+)[ \t]*$", re.MULTILINE)
_PLACE = re.compile(r"^PLACE:[ \t]*(?P<place>.+?)[ \t]*$", re.MULTILINE)
_INSTRUCTION = re.compile(r"^(?:PRESENCE|LAYER|RUNG|PLACE|PROFILE|ALSO FAILS):")
_ALSO_FAILS = re.compile(r"^ALSO FAILS:[ \t]*(?P<names>.+)$", re.MULTILINE)


class BlockKind(StrEnum):
    """What a block is for.

    A test judges data, and a query returns rows. A mutation breaks the data that the test or query before it reads.
    """

    TEST = "TEST"
    QUERY = "QUERY"
    MUTATION = "MUTATION"


@dataclass(frozen=True, slots=True)
class Block:
    """One named statement of a file.

    `comment` holds the comments between the marker and the statement; for the first block, also the file's opening
    comment. `line` is the line number of the marker, from 1. `parameters` are the server-side parameters of the
    statement, as (name, SQL type). Only a test, or a query whose rows are judged, has `mutations`.
    """

    kind: BlockKind
    name: str
    sql: str
    source: str
    line: int
    comment: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    mutations: tuple[Block, ...] = ()

    @property
    def presence(self) -> str | None:
        """Return the reason on the line `-- PRESENCE: why`, None without one.

        Such a test checks that an object exists, so a mutation may make it raise an error instead of fail.
        """
        found = _PRESENCE.search(self.comment)
        return found["why"].strip() if found else None

    @property
    def layer(self) -> str:
        """Return the warehouse layer that a failure points to (its line `-- LAYER: typed`), '' without one."""
        found = _LAYER.search(self.comment)
        return found["layer"] if found else ""

    @property
    def rung(self) -> str:
        """Return the rung that a check belongs to (its line `-- RUNG: raw_complete`), '' without one."""
        found = _RUNG.search(self.comment)
        return found["rung"] if found else ""

    @property
    def profile(self) -> str:
        """Return the column with the times of a profile (its line `-- PROFILE: hour`), '' for other queries."""
        found = _PROFILE.search(self.comment)
        return found["column"] if found else ""

    @property
    def place(self) -> str:
        """Return the place of events that a mutation breaks (its line `-- PLACE: name`), '' without one."""
        found = _PLACE.search(self.comment)
        return found["place"] if found else ""

    @property
    def also_fails(self) -> tuple[str, ...]:
        """Return the other checks that may fail under this mutation (its lines `-- ALSO FAILS: a, b`)."""
        lines = _ALSO_FAILS.findall(self.comment)
        return tuple(name.strip() for line in lines for name in line.split(",") if name.strip())

    @property
    def meaning(self) -> str:
        """Return what the block's comment tells a reader, on one line: the comment without lines such as `LAYER: …`."""
        told = (line for line in self.comment.splitlines() if not _INSTRUCTION.match(line))
        return " ".join(" ".join(told).split())

    @property
    def parameter_names(self) -> frozenset[str]:
        """Return the names of the parameters that the statement uses."""
        return frozenset(name for name, _ in self.parameters)


@dataclass(slots=True)
class _Draft:
    """A block whose tokens are still being collected."""

    kind: BlockKind
    name: str
    line: int
    body: list[Token]


def block_error(source: str, line: int, what: str, hint: str) -> SqlSourceError:
    """Return the error about a line of a file of blocks."""
    return SqlSourceError(f"{source}:{line}: {what}", hint=hint)


@cache
def parse_blocks(text: str, source: str, dialect: Dialect = CLICKHOUSE) -> tuple[Block, ...]:
    """Parse the blocks of one file. Mutations are returned inside the block that they follow.

    `source` names the file in errors. The result is cached, because planning, the suites and the proof parse the same
    text.

    Raises SqlSourceError with file and line when a marker does not start its line, a name is missing or repeated, a
    block does not hold exactly one statement, a mutation follows no block, or the file has no block.
    """
    opening, drafts = _cut(text, source, dialect)
    if not drafts:
        raise block_error(
            source, 1, "there is no block in this file.", "Begin one with `-- TEST: name` or `-- QUERY: name`."
        )
    blocks: list[Block] = []
    for position, draft in enumerate(drafts):
        block = _finish(draft, source, opening if position == 0 else [], dialect)
        if block.kind is not BlockKind.MUTATION:
            blocks.append(block)
        elif not blocks:
            raise block_error(
                source, block.line, f"mutation '{block.name}' has no test or query before it.", "Put it below its test."
            )
        else:
            blocks[-1] = _with_mutation(blocks[-1], block)
    refuse_duplicates(blocks)
    return tuple(blocks)


def _cut(text: str, source: str, dialect: Dialect) -> tuple[list[Token], list[_Draft]]:
    """Return the tokens before the first marker, and one draft for each marker."""
    opening: list[Token] = []
    drafts: list[_Draft] = []
    for token in tokens(text, source, dialect):
        draft = _marker(token, text, source)
        if draft:
            drafts.append(draft)
        else:
            (drafts[-1].body if drafts else opening).append(token)
    return opening, drafts


def _marker(token: Token, text: str, source: str) -> _Draft | None:
    if token.kind is not Kind.LINE_COMMENT or not _NEARLY_A_MARKER.match(token.text):
        return None
    line = line_of(text, token.start)
    if token.start and text[token.start - 1] != "\n":
        before = text[text.rfind("\n", 0, token.start) + 1 : token.start]
        raise block_error(
            source, line, "a marker must stand at the start of its line.", f"Remove what is before `--`: {before!a}."
        )
    exact = _MARKER.fullmatch(token.text.rstrip())
    if not exact:
        raise block_error(
            source, line, f"'{token.text.strip()}' is not a marker.", "Write it exactly as `-- TEST: name`."
        )
    name = exact["name"].strip()
    if not name:
        raise block_error(source, line, "the marker has no name.", "Write it as `-- TEST: name`.")
    return _Draft(BlockKind(exact["kind"]), name, line, [])


def _finish(draft: _Draft, source: str, opening: Sequence[Token], dialect: Dialect) -> Block:
    statement, rest = _first_statement(draft.body)
    if all(token.is_silent for token in statement):
        raise block_error(
            source, draft.line, f"block '{draft.name}' is empty.", "Write a statement or remove the block."
        )
    if not all(token.is_silent or token.kind is Kind.SEMICOLON for token in rest):
        raise block_error(
            source, draft.line, f"block '{draft.name}' holds more than one statement.", "One block, one statement."
        )
    first_code = next(index for index, token in enumerate(statement) if not token.is_silent)
    if draft.kind is BlockKind.MUTATION and _changes_only_session(statement):
        raise block_error(
            source,
            draft.line,
            f"mutation '{draft.name}' changes nothing: only its own session, which ends with it.",
            "Break stored data or a view; a setting goes into the statement's own SETTINGS clause.",
        )
    used = [parameter_of(token, dialect) for token in statement if token.kind is Kind.PARAMETER]
    return Block(
        kind=draft.kind,
        name=draft.name,
        sql="".join(_as_bound(token, dialect) for token in statement).strip(),
        source=source,
        line=draft.line,
        comment=_comment([*opening, *statement[:first_code]]),
        parameters=tuple(dict.fromkeys(used)),
    )


def _changes_only_session(statement: Sequence[Token]) -> bool:
    """Return whether a statement changes only the session that it runs in."""
    words = [token.text.upper() for token in statement if not token.is_silent][:4]
    return words[:1] in (["SET"], ["USE"]) or (words[:1] == ["CREATE"] and "TEMPORARY" in words)


def _as_bound(token: Token, dialect: Dialect) -> str:
    """Return a token's text, with a parameter in the driver's form: `{name:Type}` without blanks."""
    if token.kind is not Kind.PARAMETER:
        return token.text
    name, kind = parameter_of(token, dialect)
    return f"{{{name}:{kind}}}"


def _first_statement(body: list[Token]) -> tuple[list[Token], list[Token]]:
    for index, token in enumerate(body):
        if token.kind is Kind.SEMICOLON:
            return body[:index], body[index:]
    return body, []


def _comment(parts: Iterable[Token]) -> str:
    lines = (token.text for token in parts if token.kind is Kind.LINE_COMMENT)
    return "\n".join(line.lstrip("-/#!").strip() for line in lines)


def _with_mutation(test: Block, mutation: Block) -> Block:
    for earlier in test.mutations:
        if earlier.name == mutation.name:
            raise _taken(mutation, earlier)
    return replace(test, mutations=(*test.mutations, mutation))


def _taken(block: Block, earlier: Block) -> SqlSourceError:
    return block_error(
        block.source,
        block.line,
        f"the name '{block.name}' is taken by {earlier.source}:{earlier.line}.",
        "Reports identify checks by name: give each block a name of its own.",
    )


def refuse_duplicates(blocks: Iterable[Block]) -> None:
    """Raise SqlSourceError when two blocks have one name."""
    seen: dict[str, Block] = {}
    for block in blocks:
        if block.name in seen:
            raise _taken(block, seen[block.name])
        seen[block.name] = block


def read_blocks(path: Path, *, shown_as: str = "", dialect: Dialect = CLICKHOUSE) -> tuple[Block, ...]:
    """Read all blocks of a file. `shown_as` replaces its path in errors and results.

    Raises SqlSourceError, also when the file cannot be read.
    """
    source = shown_as or str(path)
    return parse_blocks(read_sql(path, shown_as=source), source, dialect)


def read_one_query(path: Path, *, shown_as: str = "", dialect: Dialect = CLICKHOUSE) -> Block:
    """Read a file that holds one QUERY block and nothing else. `shown_as` replaces its path in errors and results.

    Raises SqlSourceError, also when the file cannot be read.
    """
    first, *others = read_blocks(path, shown_as=shown_as, dialect=dialect)
    if others or first.kind is not BlockKind.QUERY:
        what = "the file does not hold exactly one QUERY block."
        raise block_error(first.source, first.line, what, "Write one block, `-- QUERY: name`; split a file of several.")
    return first
