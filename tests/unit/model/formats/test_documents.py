"""YAML and JSON that people write: one mapping holds a key once."""

from __future__ import annotations

import pytest

from streamproof.model.errors import EXIT_USAGE, UsageError
from streamproof.model.formats.documents import read_yaml, repeated_json_key


def read(tmp_path, text, encoding="utf-8"):
    file = tmp_path / "some.yaml"
    file.write_bytes(text.encode(encoding) if isinstance(text, str) else text)
    return read_yaml(file, what="Contract", hint="Look at the others.")


@pytest.mark.parametrize(
    ("text", "key", "first", "again"),
    [
        ("a: 1\nb: 2\na: 3\n", "a", 1, 3),
        ("x:\n  - expect: y\n    kwargs: {a: 1}\n    kwargs: {a: 2}\n", "kwargs", 3, 4),
        ("x: {a: 1, b: 2, a: 1}\n", "a", 1, 1),
        ("x: [{y: {z: 1, z: 1}}]\n", "z", 1, 1),
        ("'a': 1\n\"a\": 2\n", "a", 1, 2),
        ("yes: 1\ntrue: 2\n", "True", 1, 2),
        ("1: 1\n0x1: 2\n", "1", 1, 2),
        ("base: &b {a: 1}\nx:\n  <<: *b\n  <<: *b\n", "<<", 3, 4),
        ("a: 1\n? a\n: 2\n", "a", 1, 2),
    ],
)
def test_a_key_that_is_there_twice_is_refused_by_name_file_and_line(tmp_path, text, key, first, again):
    with pytest.raises(UsageError) as raised:
        read(tmp_path, text)

    assert raised.value.exit_code == EXIT_USAGE
    assert f"some.yaml:{again}: the key `{key}` appears twice" in raised.value.message
    assert f"first appears in line {first}" in raised.value.message
    assert raised.value.hint


def test_what_is_no_repetition_is_read(tmp_path):
    text = "base: &b {a: 1, c: 1}\nx: {<<: *b, a: 2}\ny: [{a: 1}, {a: 1}]\n1: one\n'1': text\n"

    found = read(tmp_path, text)

    assert found["x"] == {"a": 2, "c": 1}
    assert found["y"] == [{"a": 1}, {"a": 1}]
    assert (found[1], found["1"]) == ("one", "text")


def test_a_key_that_overrides_one_merged_far_below_is_no_repetition(tmp_path):
    text = "a: &a {k: 1}\nb: {inner: &b {<<: *a, k: 2}}\nc: {<<: *b}\n"

    assert read(tmp_path, text)["c"] == {"k": 2}


@pytest.mark.parametrize(
    "text",
    ["a: [1", "a: &x\n b: *y", "a: 2026-02-30", "a: !!python/object:os.system x", "--- 1\n--- 2\n", b"a: \xff"],
)
def test_what_is_no_yaml_is_a_usage_error(tmp_path, text):
    with pytest.raises(UsageError, match=r"some\.yaml: cannot be read"):
        read(tmp_path, text)


def test_a_byte_order_mark_is_not_part_of_a_key(tmp_path):
    assert read(tmp_path, "a: 1\n", "utf-8-sig") == {"a": 1}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1, "a": 2}', ("a", 1, 1)),
        ('{"scenarios": {\n"s1": {},\n"s2": {},\n"s1": {}}}', ("s1", 2, 4)),
        ('{"a": [{"b": 1,\n"b": 2}]}', ("b", 1, 2)),
        ('{"a": {"x": 1}, "b": {"x": 1}, "c": ["x", "x"]}', None),
        ('{"a": "b", "b": "a", "c": ":", "{": "}"}', None),
        (r'{"a\"": 1, "a": 2, "\\": 3}', None),
        (r'{"a": 1, "\u0061": 2}', ("a", 1, 1)),
        ('{"a": 1,\n"b": {"a": 1},\n"a": 2}', ("a", 1, 3)),
        ("[]", None),
        ('"text"', None),
    ],
)
def test_finds_the_first_repeated_key_of_json(text, found):
    assert repeated_json_key(text) == found
