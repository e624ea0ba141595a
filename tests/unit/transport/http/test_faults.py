"""A plan of faults is refused when one of them could never happen as it is written."""

from __future__ import annotations

import pytest

from streamproof.model.errors import UsageError
from streamproof.transport.registry import source_of

GOOD = "faults:\n  busy: {path: /range, calls: [1, 2], do: {kind: answer, status: 429, headers: {Retry-After: '1'}}}\n"


def names(tmp_path, text):
    path = tmp_path / "faults.yaml"
    path.write_text(text, encoding="utf-8")
    return source_of("http").fault_names(path)


def test_the_names_of_a_plan(tmp_path):
    assert names(tmp_path, GOOD) == ("busy",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("faults: {}\n", "faults"),
        (GOOD.replace("429", "99"), "status"),
        (GOOD.replace("answer", "explode"), "kind"),
        (GOOD.replace("[1, 2]", "[0]"), "calls"),
        (GOOD.replace("[1, 2]", "[]"), "never happens"),
        (GOOD.replace("calls", "always: true, calls"), "give one of them"),
        (GOOD.replace("path", "paht"), "paht"),
        ("faults:\n  a: {do: {kind: cut, share: 1}}\n", "share"),
        ("faults:\n  a: {do: {kind: slow, before_sec: 0}}\n", "before_sec"),
        ("faults:\n  a: {calls: [1]}\n", "do` is missing"),
    ],
)
def test_a_broken_plan_is_a_usage_error_that_names_the_place(tmp_path, text, message):
    with pytest.raises(UsageError, match=message) as raised:
        names(tmp_path, text)
    assert str(raised.value).startswith("Fault plan")
