"""Pages to follow: what is a step, what of an output must be there, and where the shell stops."""

from __future__ import annotations

import os

import pytest

from tests.support.walkthrough import first_missing, follow, steps_of

OUTPUT = "one\ntwo  \nrun 20260301-a: 3 rows, 4 s\nfour\n"


@pytest.mark.parametrize(
    ("shown", "missing"),
    [
        ((), None),
        (("one", "two"), None),
        (("two", "run …: 3 rows, …", "four"), None),
        (("one", "…", "four"), None),
        (("one", "four"), "four"),
        (("four", "…", "one"), "one"),
        (("run …: 4 rows, …",), "run …: 4 rows, …"),
        (("tw",), "tw"),
        (("…", "five"), "five"),
    ],
)
def test_the_first_line_that_an_output_lacks_is_named(shown, missing):
    assert first_missing(shown, OUTPUT) == missing


def test_commands_and_the_output_behind_them_are_one_step():
    page = "```sh\na\nb\n```\ntext\n```text\nout …\n```\n```sh\nc\n```\n"
    assert [(step.commands, step.shown) for step in steps_of(page)] == [("a\nb\n", ("out …",)), ("c\n", ())]


@pytest.mark.parametrize(
    "page", ["```text\nout\n```\n", "```sql\nSELECT 1\n```\n", "```sh\na\n```\n```text\nb\n```\n```text\nc\n```\n"]
)
def test_a_block_that_nothing_would_run_is_refused(page):
    with pytest.raises(ValueError, match="no step"):
        steps_of(page)


def test_the_steps_share_one_shell_that_stops_at_a_failure(tmp_path):
    environment = dict(os.environ)
    steps = steps_of("```sh\nexport word=yes\n```\n```sh\necho $word; false || echo code $?\n```\n")
    assert [output.split() for output in follow(steps, tmp_path, environment, 10)] == [[], ["yes", "code", "1"]]
    with pytest.raises(AssertionError, match="step 2 ended with 3"):
        follow(steps_of("```sh\ntrue\n```\n```sh\n(exit 3)\n```\n```sh\ntrue\n```\n"), tmp_path, environment, 10)
