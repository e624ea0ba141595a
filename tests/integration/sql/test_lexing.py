"""The lexer reads SQL as the engine does: a table of cases, every blank, and random texts, each asked of both."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from streamproof.model.errors import SqlSourceError
from streamproof.sql.blocks import parse_blocks
from streamproof.sql.lexing import Kind, statements, tokens
from streamproof.warehouse.clickhouse.client import rows
from tests.integration.conftest import Warehouse

pytestmark = pytest.mark.engine

CASES = yaml.safe_load((Path(__file__).parent / "lexing_cases.yaml").read_text(encoding="utf-8"))
PIECES = (
    "/*", "*/", "--", "//", "# ", "#!", "#", "\n", "'", '"', "`", "\\", "$", "$a$", "$$", "a", "x", "1", ",", "/", "*",
    "-", " ", "\t", "\r", "\u00a0", "\u2028", "\ufeff", "\u2018", "\u2019", "\u201c", "\u201d", "\u2212", ";", "x'5c'",
    "b'1'", "{", "}", "{a:String}", ":", "é",
)  # fmt: skip
RANDOM_TEXTS = 20_000


@pytest.fixture(scope="module")
def client(warehouse: Warehouse) -> Iterator[Any]:
    client = warehouse.empty()
    yield client
    client.close()


def read_by_engine(client: Any, texts: Sequence[str]) -> list[str | None]:
    """What the engine reads of each text, written its way; None for one that it refuses."""
    asked = {"texts": list(texts)}
    sql = "SELECT formatQuerySingleLineOrNull(arrayJoin({texts:Array(String)})) AS read"
    return [row["read"] for row in rows(client, sql, asked)]


def code_of(text: str) -> str | None:
    """What is left of a text, when each comment and each run of blanks is one blank; None for one that is refused."""
    try:
        return "".join(" " if token.is_silent else token.text for token in tokens(text, "f")).strip()
    except SqlSourceError:
        return None


@pytest.mark.parametrize("case", CASES, ids=[case["what"] for case in CASES])
def test_the_lexer_and_the_engine_read_the_same(client, case):
    assert code_of(case["sql"]) == case["code"]
    assert read_by_engine(client, [case["sql"]]) == [case["engine"]]
    if case["engine"] is not None:
        assert read_by_engine(client, [case["code"]]) == [case["engine"]]
        assert len(statements(case["sql"], "f")) == 1


def test_what_is_a_blank_to_the_engine_is_one_to_the_lexer(client):
    opening = "'\"`\u2018\u201c"  # a text that is never closed
    characters = [chr(code) for code in range(1, 0x10000) if not 0xD800 <= code < 0xE000 and chr(code) not in opening]
    batches = [characters[start : start + 4000] for start in range(0, len(characters), 4000)]
    read = [one for batch in batches for one in read_by_engine(client, [f"SELECT a{c}AS b" for c in batch])]
    blank = {character for character, one in zip(characters, read, strict=True) if one == "SELECT a AS b"}
    assert blank == {c for c in characters if Kind.BLANK in {token.kind for token in tokens(f"a{c}b", "f")}}


def test_random_texts_are_read_alike(client):
    chance = random.Random(20261129)
    texts = [
        f"SELECT 1 {''.join(chance.choice(PIECES) for _ in range(chance.randint(1, 9)))}\n" for _ in range(RANDOM_TEXTS)
    ]
    batches = [texts[start : start + 2000] for start in range(0, len(texts), 2000)]
    sound = [
        (text, read)
        for batch in batches
        for text, read in zip(batch, read_by_engine(client, batch), strict=True)
        if read
    ]
    assert len(sound) > 1000
    # What the engine takes is never refused, is one statement, and means the same without its comments.
    assert [text for text, _ in sound if code_of(text) is None] == []
    assert [text for text, _ in sound if len(statements(text, "f")) != 1] == []
    without = read_by_engine(client, [str(code_of(text)) for text, _ in sound])
    assert [text for (text, read), again in zip(sound, without, strict=True) if read != again] == []


def test_a_parameter_is_bound_however_it_is_written(client):
    text = "-- TEST: a\nSELECT {\n x -- one\n :\n Array( /* of */\n String)\n} AS x, '100%' AS p"
    (block,) = parse_blocks(text, "f.sql")
    assert block.parameters[0][0] == "x"
    assert rows(client, block.sql, {"x": ["a%s"]}) == [{"x": ["a%s"], "p": "100%"}]
