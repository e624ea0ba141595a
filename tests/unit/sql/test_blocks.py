from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from streamproof.checks.contracts.files import load_contracts
from streamproof.model.errors import SqlSourceError
from streamproof.packs.loading import load_pack
from streamproof.sql.blocks import BlockKind, parse_blocks, read_blocks
from streamproof.sql.suites import read_diagnostics, read_suite

CASES = yaml.safe_load((Path(__file__).parent / "block_cases.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES["accepted"], ids=lambda case: case["what"])
def test_a_file_that_follows_the_format(case):
    blocks = parse_blocks(case["text"], "f.sql")
    assert [(block.kind.value, block.name, block.sql) for block in blocks] == [tuple(b) for b in case["blocks"]]


@pytest.mark.parametrize("case", CASES["rejected"], ids=lambda case: case["what"])
def test_a_file_that_does_not_is_rejected_with_file_and_line(case):
    with pytest.raises(SqlSourceError) as caught:
        parse_blocks(case["text"], "f.sql")
    assert caught.value.message.startswith(f"f.sql:{case['line']}: ")
    assert case["says"] in caught.value.message
    assert caught.value.hint


def test_a_test_knows_its_comment_its_layer_its_parameters_and_its_mutations():
    (test,) = parse_blocks(
        "-- What breaks.\n-- LAYER: typed\n\n-- TEST: t\n-- More.\n"
        "SELECT {a:Map(String, UInt64)}['{b:UInt8}'], {a:Map(String, UInt64)}, {c:Tuple(a String)} -- {d:UInt8}\n;\n"
        "-- MUTATION: m\n-- ALSO FAILS: x, y\n-- ALSO FAILS: z\nDELETE FROM t WHERE 1;",
        "f.sql",
    )
    assert test.comment == "What breaks.\nLAYER: typed\nMore."
    assert test.meaning == "What breaks. More."
    assert test.layer == "typed"
    assert test.line == 4
    assert test.parameters == (("a", "Map(String, UInt64)"), ("c", "Tuple(a String)"))
    assert [(m.kind, m.name, m.line, m.also_fails) for m in test.mutations] == [
        (BlockKind.MUTATION, "m", 8, ("x", "y", "z"))
    ]


LITERALS = ["'a;b'", "'it''s -- no'", "'\\'; --'", '"c;"', "`d`", "$x$ ; -- TEST: in\n $x$", "'\n-- TEST: in\n'"]
BLANKS = [" ", "\n", " -- note; 'quote\n", "/* -- TEST: in; */", "\n-- another: comment\n"]
STATEMENT = st.lists(
    st.tuples(st.sampled_from([*LITERALS, "1", "{p:String}"]), st.sampled_from(BLANKS)), min_size=1
).map(lambda parts: "SELECT " + ",".join(literal + blank for literal, blank in parts))
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)


@given(st.dictionaries(NAMES, STATEMENT, min_size=1, max_size=5), st.sampled_from(["", ";", " ;\n", ";\n-- end\n"]))
def test_whatever_is_in_literals_and_comments_the_blocks_come_back(statements, end):
    text = "".join(f"-- QUERY: {name}\n{sql}{end}\n" for name, sql in statements.items())
    blocks = parse_blocks(text, "f.sql")
    assert {block.name: block.sql for block in blocks} == {name: sql.strip() for name, sql in statements.items()}
    assert [block.line for block in blocks] == sorted(block.line for block in blocks)
    assert all(text.splitlines()[block.line - 1] == f"-- QUERY: {block.name}" for block in blocks)


@given(st.text(alphabet="-'\"`;/*\\$\nTEST: aQUERY{}#", max_size=80))
def test_any_text_is_either_read_or_refused(text):
    try:
        blocks = parse_blocks(text, "f.sql")
    except SqlSourceError as error:
        assert error.message.startswith("f.sql:")
    else:
        assert all(block.sql and block.name for block in blocks)


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.sql").write_text(text, encoding="utf-8")
    return folder


GOOD = "-- LAYER: raw\n-- TEST: {0}\nSELECT 0 AS failed_rows;\n-- MUTATION: m\nTRUNCATE TABLE t;\n"


def test_a_suite_is_a_folder_in_the_order_of_its_file_names(tmp_path):
    suite = read_suite(write(tmp_path, b=GOOD.format("one"), a=GOOD.format("two")), home=tmp_path)
    assert [(test.name, test.source) for test in suite] == [("two", "a.sql"), ("one", "b.sql")]


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "holds no assertion"),
        ({"a": GOOD.format("x"), "b": GOOD.format("x")}, "the name 'x' is taken by a.sql:2"),
        ({"a": GOOD.format("x") + GOOD.format("y")}, "exactly one TEST"),
        ({"a": "-- QUERY: x\nSELECT 1"}, "exactly one TEST"),
        ({"a": "-- LAYER: raw\n-- TEST: x\nSELECT 1"}, "has no mutation"),
        ({"a": GOOD.format("x").replace("raw", "basement")}, "names no layer"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_suite_that_breaks_the_rules_is_rejected(tmp_path, files, says):
    with pytest.raises(SqlSourceError, match=says):
        read_suite(write(tmp_path, **files), home=tmp_path)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(SqlSourceError, match=r"gone\.sql cannot be read"):
        read_blocks(tmp_path / "gone.sql")


# Their checks have names of their own; those of the others are fixed by what reads them.
PREFIXED = ("raw_typed", "conservation")
SUITES = (*PREFIXED, "pipeline", "api", "scenarios", "operations")


@pytest.mark.parametrize("suite", SUITES)
def test_every_shipped_check_says_what_breaks_in_the_real_world(home, suite):
    for test in read_suite(home / "include/sql/livepeer/assertions" / suite, home=home):
        assert len(test.comment) > 100, test.source
        assert test.name.startswith(f"{suite}_") or suite not in PREFIXED


def test_every_folder_of_assertions_is_a_suite_of_the_pack(home):
    folders = {folder.name for folder in (home / "include/sql/livepeer/assertions").iterdir()}
    assert folders == set(SUITES) == {*load_pack(home, "livepeer").suites, "conservation"}


def test_what_a_mutation_also_fails_exists(home):
    suites = [read_suite(home / "include/sql/livepeer/assertions" / name) for name in SUITES]
    tests = [test for suite in suites for test in suite]
    contracts = [check for contract in load_contracts(home / "include/contracts/livepeer") for check in contract.checks]
    mutations = [mutation for check in (*tests, *contracts) for mutation in check.mutations]
    named = {name for mutation in mutations for name in mutation.also_fails}
    assert named <= {check.name for check in (*tests, *contracts)}


def test_a_diagnostic_is_one_test_without_a_mutation(tmp_path):
    (tmp_path / "a.sql").write_text("-- It shows.\n-- TEST: a\nSELECT 0 AS failed_rows, 1 AS seen;")
    assert [block.name for block in read_diagnostics(tmp_path)] == ["a"]
    assert read_diagnostics(tmp_path / "none") == ()
    (tmp_path / "b.sql").write_text("-- TEST: b\nSELECT 0 AS failed_rows;\n-- MUTATION: m\nTRUNCATE TABLE t;")
    with pytest.raises(SqlSourceError, match=r"b\.sql:3: diagnostic 'b' has a mutation"):
        read_diagnostics(tmp_path)
