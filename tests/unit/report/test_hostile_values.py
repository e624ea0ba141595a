"""Every report is rendered whatever a run has found, and is a file that its readers can read."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from streamproof.model.results import CheckResult, StageResult, Status
from streamproof.report.compact import compact_summary
from streamproof.report.html import render_html
from streamproof.report.junit import render_junit
from streamproof.report.mail import render_mail
from streamproof.report.markdown import render_markdown
from streamproof.report.plain import render_plain
from streamproof.report.summary import build_summary

ENDED_AT = "2026-03-01T02:15:10.000Z"
HOSTILE = [
    None, "", "NaN", "inf", "-inf", float("nan"), float("inf"), -1, 0, 2**63, 2**64, -(10**30), 1e308,
    "<script>alert(1)</script>", "<!--", "]]>", "&amp;", '"quoted"', "a|b`c`", "```", "{{ 7 * 7 }}", "{% raw %}", "%s",
    "\ud800", "\udfff half", "\x00", "\x1b[31m", "\x7f\x85\u2028", "\ufffe", "\U0001f600", "x" * 3000, "\n\n# h",
    True, [], {}, [None], [[]], [{}], {"": None}, [{"a": 1}, 2], {"a": [float("nan"), "\ud800"]},
]  # fmt: skip
hostile = st.sampled_from(HOSTILE)
text = st.sampled_from([value for value in HOSTILE if isinstance(value, str)])
content = st.recursive(
    hostile, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=8
)
sessions = st.fixed_dictionaries(
    dict.fromkeys(
        (
            "id", "scenario_expected", "scenario_observed", "differences",
        ),
        hostile,
    )
    | {"facts": hostile | st.dictionaries(text, hostile, max_size=3)},
)  # fmt: skip
checks = st.builds(
    CheckResult,
    suite=text,
    name=text,
    status=st.sampled_from(Status),
    failed_rows=st.sampled_from([0, 1, 2**64, 10**30]),
    diagnostics=st.dictionaries(text, content, max_size=4),
    error=st.none() | text,
    duration_sec=st.sampled_from([0.0, float("nan"), float("inf"), -1.0, 1e300]),
    source_file=text,
    sessions=st.lists(text, max_size=2).map(tuple),
    layer=text,
    meaning=text,
    line=st.integers(0, 2**31),
)
expectations = st.fixed_dictionaries(
    {
        "success": st.booleans(),
        "expectation_config": st.fixed_dictionaries(
            {"type": text, "kwargs": st.dictionaries(st.sampled_from(["column", "mostly"]), hostile)}
        ),
        "result": st.dictionaries(
            st.sampled_from(["unexpected_count", "observed_value", "element_count"]), hostile, max_size=3
        )
        | st.fixed_dictionaries({"partial_unexpected_list": st.lists(content, max_size=3)}),
        "exception_info": st.sampled_from([{}, {"raised_exception": True, "exception_message": "\ud800<b>"}]),
    }
)
documents = st.fixed_dictionaries(
    {"rows": hostile, "success": st.booleans(), "error": st.none() | text, "results": st.lists(expectations)}
)


class Tags(HTMLParser):
    """Collects the names of a page's elements."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.found.append(tag)


def assert_rendered(summary, results, contracts, traces):
    pages = [render_html(summary, results, contracts, traces), render_markdown(summary, results, contracts, traces)]
    mail = render_mail(summary)
    for page in (*pages, mail.html, mail.text, mail.subject):
        page.encode("utf-8")
        assert "\x00" not in page
    assert "\n" not in mail.subject
    for page, own_scripts in ((pages[0], 1), (mail.html, 0)):
        tags = Tags()
        tags.feed(page)
        assert tags.found.count("script") == own_scripts
    junit = ET.fromstring(render_junit(summary, results).encode("utf-8"))
    named = sum(len(result.checks) for result in results.values()) + len(results) + 1  # the verdict
    assert len(list(junit.iter("testcase"))) == named


# Without shrinking: what is drawn is small, and each example renders five pages.
@settings(max_examples=40, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(
    shown=st.lists(sessions, max_size=4),
    found=st.lists(checks, min_size=1, max_size=4),
    contracts=st.dictionaries(text, documents, max_size=2),
    rows=st.lists(st.dictionaries(st.just("a"), content, min_size=1), max_size=3),
    error=st.none() | text,
    counts=st.dictionaries(text, hostile, max_size=2),
)
def test_every_report_is_rendered(samples, shown, found, contracts, rows, error, counts):
    results = dict(samples.failed_results())
    results["assert_raw_typed"] = replace(results["assert_raw_typed"], checks=tuple(found), error=error, hint=error)
    results["query_pack"] = replace(
        results["query_pack"], details={"queries": [{"name": error, "rows": rows, "error": error, "total_rows": 3}]}
    )
    results["oracle"] = samples.stage(
        "oracle", details={"sessions": shown, "sessions_total": 4, "file": "sessions.json"}
    )
    results["conservation"] = replace(results["conservation"], details={"dispositions": {"dlq": counts}})
    notices = [error or "", *(check.name for check in found)]
    summary = build_summary(samples.plan(notices=tuple(notices)), results, samples.stack_state(), ended_at=ENDED_AT)

    assert_rendered(summary, results, contracts, dict.fromkeys(("�", ""), "diagnostics/x.txt"))
    assert_rendered(compact_summary(summary) | {"folder": "x"}, results, {}, {})


@pytest.mark.parametrize("fps", ["inf", "-inf", "nan", float("inf"), None, 29.987, "<b>", 10**400], ids=str)
def test_a_frame_rate_that_is_no_finite_number_is_shown_as_it_is(samples, fps):
    results = dict(samples.failed_results())
    row = {"id": "a|1", "facts": {"Mean FPS": fps}, "differences": 1}
    results["oracle"] = samples.stage("oracle", details={"sessions": [row], "file": "sessions.json"})
    summary = build_summary(samples.plan(), results, samples.stack_state(), ended_at=ENDED_AT)

    assert_rendered(summary, results, {}, {})
    if isinstance(fps, float | str) and fps != "<b>":
        shown = "29.99" if fps == 29.987 else str(fps)
        assert f"| {shown} |" in render_markdown(summary, results)


def test_a_text_of_megabytes_is_cut_wherever_it_stands_and_the_page_says_by_how_much(samples):
    long = "a" * 2_000_000
    results = dict(samples.failed_results())
    failing = replace(
        next(check for check in results["assert_raw_typed"].checks if check.status is Status.FAILED),
        diagnostics={"example": long, "examples": [long], "rows": [{"id": long}]},
    )
    errored = CheckResult("raw_typed", "not_judged", Status.ERRORED, error=long)
    results["assert_raw_typed"] = replace(results["assert_raw_typed"], checks=(failing, errored))
    summary = build_summary(samples.plan(), results, samples.stack_state(), ended_at=ENDED_AT)

    assert_rendered(summary, results, {}, {})
    for page in (render_html(summary, results), render_markdown(summary, results)):
        assert len(page) < 500_000
        assert "1,980,000 more characters" in page


def test_a_stage_without_times_is_left_out_of_the_timeline(samples):
    results = {**samples.failed_results(), "oracle": StageResult("oracle", Status.ERRORED, "", "soon", 0.0, error="x")}
    summary = build_summary(samples.plan(), results, samples.stack_state(), ended_at=ENDED_AT)

    assert_rendered(summary, results, {}, {})


@settings(deadline=None)
@given(names=st.lists(text, max_size=3), why=text)
def test_an_unreadable_report_is_replaced_by_a_readable_text(samples, names, why):
    results = dict(samples.failed_results())
    summary = build_summary(samples.plan(), results, samples.stack_state(), ended_at=ENDED_AT)
    summary["failures"] += [{"suite": name, "name": name} for name in names]

    for name in ("report.md", "report.html"):
        assert "raw_typed." in render_plain(name, summary, why).encode("utf-8").decode()
    junit = ET.fromstring(render_plain("junit.xml", summary, why).encode("utf-8"))
    assert len(list(junit.iter("failure"))) == len(summary["failures"])
    assert "<script>" not in render_plain("report.html", summary, why)
