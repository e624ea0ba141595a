"""Packs as data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from streamproof.model.errors import EXIT_USAGE, UsageError
from streamproof.packs.loading import read_pack
from streamproof.packs.pack import Pack, file_schema

SMALLEST = """\
name: counter
title: Counts things
warehouse: clickhouse
transport: kafka
topics: {input: counted}
layers:
  raw: [counted]
"""


def read(folder: Path, text: str) -> Pack:
    """Read a pack that is one folder."""
    file = folder / "counter" / "pack.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return read_pack(file, folder / "project")


def refused(folder: Path, text: str) -> str:
    with pytest.raises(UsageError) as caught:
        read(folder, text)
    assert caught.value.exit_code == EXIT_USAGE
    assert caught.value.hint
    return caught.value.message.removeprefix(f"Pack {folder / 'counter' / 'pack.yaml'}:")


def test_the_shipped_pack_is_whole(pack, home):
    assert pack.name == "livepeer"
    assert pack.default_fixture_set in pack.fixture_sets
    typed_tables = pack.parameters["typed_tables"]
    assert set(pack.parameters["core_types"]) <= set(typed_tables)
    assert {table for tables in typed_tables.values() for table in tables} == set(pack.layers["typed"])
    assert pack.replay.scenarios == tuple(pack.scenarios)
    assert {*pack.accounting.raw.table.split(), pack.accounting.dispositions.table} <= set(pack.layers["raw"])
    for folder in (pack.sql_dir, pack.contracts_dir, pack.fixtures_dir, pack.python_dir / "packs"):
        assert folder.is_dir()
        assert folder.is_relative_to(home / "include")


def test_a_pack_of_one_folder_has_its_parts_beside_it(tmp_path):
    pack = read(tmp_path, SMALLEST)

    assert pack.sql_dir == tmp_path / "counter" / "sql"
    assert pack.contracts_dir == tmp_path / "counter" / "contracts"
    assert pack.fixtures_dir == tmp_path / "counter" / "fixtures"
    assert pack.python_dir == tmp_path / "counter"
    assert (pack.oracle, pack.entities, pack.accounting.raw, pack.accounting.dispositions) == ("", None, None, None)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (("title: Counts things\n", ""), "1: `title` is missing."),
        (("title: Counts things", "title: 3"), "2: `title` should be a valid string, not 3."),
        (("title:", "titel: x\ntitle:"), "2: `titel` is not a key that may stand here; did you mean `title`?"),
        (("topics:", "topic: {}\ntopics:"), "5: `topic` is not a key that may stand here; did you mean `topics`?"),
        (("{input: counted}", "{dlq: counted}"), "5: `topics` needs the role `input`: what a replay publishes to."),
        (("raw: [counted]", "raw: counted"), "7: `layers.raw` must be a list."),
        (("layers:\n  raw: [counted]", "layers: {}"), "6: `layers` needs at least 1 of them."),
    ],
)
def test_what_is_wrong_is_named_by_line_and_key(tmp_path, changed, message):
    assert refused(tmp_path, SMALLEST.replace(*changed)).startswith(message)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("accounting:\n  raw: {table: t, topic: a, partition: b}\n", "9: `accounting.raw.offset` is missing."),
        (
            "processors:\n  a:\n    kind: command\n    argv: [x]\n    envs: {}\n",
            "12: `processors.a.envs` is not a key that may stand here; did you mean `env`?",
        ),
        ("processors:\n  a: {kind: ghost}\n", "9: `processors.a` tag 'ghost' found using 'kind' does not match"),
        ("replay:\n  scenarios: [a]\n", "8: `replay` has no key `scenarios`: that is `scenarios` of the pack."),
        ("replay:\n  id_field: x\n", "8: `replay` has no key `id_field`: that is `entities.id` of the pack."),
        ("dag: {schedule: daily}\n", "8: `dag.schedule` `daily` is not a cron line"),
        ("dag:\n  alert_to: [oncall]\n", "9: `dag.alert_to.0` `oncall` is not a mail address"),
        (
            "entities:\n  name: a\n  plural: b\n  id: c\n  facts:\n    Start: {column: x, greatest: [y]}\n",
            "13: `entities.facts.Start` needs exactly one of column, greatest and first_true.",
        ),
    ],
)
def test_a_key_far_below_is_named_by_its_own_line(tmp_path, more, message):
    assert refused(tmp_path, SMALLEST + more).lower().startswith(message.lower())


def test_of_several_problems_the_first_is_reported_and_the_others_are_counted(tmp_path):
    text = SMALLEST.replace("title: Counts things", "title: 3") + "ghost: 1\n"

    assert refused(tmp_path, text) == "2: `title` should be a valid string, not 3. (1 more like this in the file.)"


@pytest.mark.parametrize("text", ["", "[]", "text", "3"])
def test_a_pack_that_is_no_mapping_is_a_usage_error(tmp_path, text):
    assert refused(tmp_path, text)


def test_a_run_needs_the_union_of_services_each_once_and_the_processor_last(tmp_path):
    services = {"every_run": ["processor", "clickhouse"], "suites": {"a": ["mailpit"], "b": ["kafka", "mailpit"]}}
    needs = read(tmp_path, SMALLEST + yaml.safe_dump({"services": services})).services

    assert needs.of(()) == ("clickhouse", "processor")
    assert needs.of(("a", "b")) == ("clickhouse", "mailpit", "kafka", "processor")
    assert needs.of(("b", "unlisted")) == ("clickhouse", "kafka", "mailpit", "processor")


def test_a_pack_that_says_nothing_needs_the_whole_pipeline(tmp_path):
    assert read(tmp_path, SMALLEST).services.of(("any",)) == ("kafka", "clickhouse", "processor")


def test_suites_come_in_the_order_of_the_pack(pack):
    assert pack.suite_names(()) == pack.suites
    assert pack.suite_names(tuple(reversed(pack.suites))) == pack.suites


def test_an_unknown_suite_is_refused_and_the_known_ones_listed(pack):
    with pytest.raises(UsageError, match="has no suite ghost") as caught:
        pack.suite_names(("ghost", *pack.suites))
    assert pack.suites[0] in caught.value.hint


def test_the_first_processor_is_the_default(tmp_path):
    pack = read(tmp_path, SMALLEST + "processors:\n  b: {kind: warehouse}\n  a: {kind: command, argv: [x]}\n")

    assert pack.processor() == pack.processor("b")
    assert pack.processor("a").kind == "command"
    with pytest.raises(UsageError, match="There is no processor 'c'") as caught:
        pack.processor("c")
    assert caught.value.hint.startswith("Pack 'counter' has: b, a.")


def test_a_fixture_set_is_a_folder_with_a_manifest(tmp_path):
    pack = read(tmp_path, SMALLEST + "default_fixture_set: few\n")
    for name in ("few", "many"):
        (pack.fixtures_dir / name).mkdir(parents=True)
        (pack.fixtures_dir / name / "manifest.json").write_text("{}", encoding="utf-8")
    (pack.fixtures_dir / "notes").mkdir()

    assert pack.fixture_sets == ("few", "many")
    assert pack.manifest(None) == pack.fixtures_dir / "few" / "manifest.json"
    assert pack.manifest("many") == pack.fixtures_dir / "many" / "manifest.json"
    assert pack.manifest(str(tmp_path / "m.json")) == tmp_path / "m.json"
    assert pack.manifest(str(tmp_path)) == tmp_path / "manifest.json"


def test_a_pack_without_a_default_set_asks_for_one(tmp_path):
    with pytest.raises(UsageError, match="no default fixture set"):
        read(tmp_path, SMALLEST).manifest(None)


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        ({"column": "a"}, 1),
        ({"greatest": ["a", "b", "ghost"]}, 5),
        ({"first_true": {"x": "none", "y": "b", "z": "a"}}, "y"),
        ({"column": "ghost"}, None),
        ({"greatest": ["ghost"]}, None),
    ],
)
def test_a_fact_is_shown_as_the_pack_says(tmp_path, facts: dict[str, Any], shown):
    entities = {"name": "thing", "plural": "things", "id": "i", "facts": {"F": facts}}
    pack = read(tmp_path, SMALLEST + yaml.safe_dump({"entities": entities}))

    assert pack.entities.facts["F"].of({"a": 1, "b": 5, "none": 0}) == shown


def test_the_id_of_an_entity_is_stated_or_joined_of_its_parts(pack):
    id_of = pack.replay.id_of

    assert id_of({"workflow_session_id": "w", "stream_id": "s"}) == "w"
    assert id_of({"stream_id": "s", "request_id": "r"}) == "s|r"
    assert id_of({"request_id": "r"}) == "r"
    assert id_of({}) == ""


def test_checks_are_given_the_tables_of_the_layers_and_the_packs_own_parameters(tmp_path):
    pack = read(tmp_path, SMALLEST + "parameters: {core_types: [a, b], by_family: {a: [t]}}\n")
    assert pack.query_parameters == {"layer_raw": ["counted"], "core_types": ["a", "b"], "by_family": {"a": ("t",)}}


def test_the_published_schema_is_that_of_the_model(home):
    assert json.loads((home / "docs/pack.schema.json").read_text()) == file_schema(), "run `make pack-schema`"


def test_a_pack_that_publishes_runs_its_program_once(tmp_path):
    assert "`repeat` is for a pack with a `source`" in refused(tmp_path, SMALLEST + "repeat: 2\n")
    program = "processors: {job: {kind: command, argv: [job], repeat_arguments: {2: [--force]}}}\n"
    assert "`repeat_arguments` of a run that `repeat` does not make" in refused(tmp_path, SMALLEST + program)


def test_what_the_checks_read_of_a_log_is_said_by_expressions(tmp_path):
    found = read(tmp_path, SMALLEST + "log_lines: {processor: ['stored \\d+']}\n")
    assert found.log_lines == {"processor": ("stored \\d+",)}
    assert "no regular expression" in refused(tmp_path, SMALLEST + "log_lines: {processor: ['(']}\n")
