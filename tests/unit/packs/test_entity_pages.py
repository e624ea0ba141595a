"""The key `entities.page` of a pack.yaml."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from streamproof.packs.entity_pages import EntityPageRules, Section


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"values": ["speed"]}, "has `values`, which needs `time`"),
        ({"drawn": True}, "has `drawn`, which needs `time`"),
        ({"until": "end"}, "has `until`, which needs `time`"),
        ({"nearest": 3}, "has `nearest`, which needs `time`"),
        ({"time": "t", "lane": "kind"}, "has `lane` or `label`, which belong to a section with `drawn: true`"),
        ({"time": "t", "label": ["kind"]}, "has `lane` or `label`, which belong to a section with `drawn: true`"),
        (
            {"key": ["a"], "related": {"columns": ["a"], "of": ["b"], "value": "c"}},
            "has `key` and `related`: they are two ways to find the rows",
        ),
        ({"chart": True}, "chart"),
        ({"title": ""}, "title"),
        ({"nearest": -1}, "nearest"),
    ],
)
def test_a_section_that_contradicts_itself_is_refused(changes, message):
    with pytest.raises(ValidationError) as refused:
        Section(**{"title": "Rows", "table": "t", **changes})
    assert message in str(refused.value)


def test_a_page_without_sections_is_refused():
    with pytest.raises(ValidationError):
        EntityPageRules(sections=())


def test_a_section_is_related_to_earlier_ones_only():
    related = {"title": "Others", "table": "o", "related": {"columns": ["a"], "of": ["t"], "value": "c"}}
    own = {"title": "Own", "table": "t"}
    assert EntityPageRules(sections=(own, related)).sections[1].paths == ("a",)
    with pytest.raises(ValidationError, match="section 'Others' names `t` in `related`: no earlier section has it"):
        EntityPageRules(sections=(related, own))


def test_two_sections_of_one_table_are_refused():
    with pytest.raises(ValidationError, match="two sections have the table `t`"):
        EntityPageRules(sections=({"title": "A", "table": "t"}, {"title": "B", "table": "t"}))


def test_a_section_names_every_column_that_it_reads_once():
    section = Section(
        title="A", table="t", key=("a.b",), time="t", until="u", drawn=True, lane="l", label=("l", "m"), values=("v",)
    )
    assert section.paths == ("a.b", "t", "u", "l", "m", "v")
