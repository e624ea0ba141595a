"""The HTML page: complete, self-contained, and safe with whatever a run has seen."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from importlib.resources import files

import pytest

from streamproof.model.results import Status
from streamproof.report.html import render_html
from streamproof.report.summary import build_summary

VOID = {"meta", "link", "br", "rect", "circle", "path", "wbr", "img", "input", "hr"}
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7*7 }}&amp;"


class Page(HTMLParser):
    """Checks nesting, and collects tags, attributes, ids, links and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.extend(attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.extend(attrs)

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def assert_only_its_own_script(found: Page) -> None:
    """A page with checks has one script, the package's own, and allows no other to run; a page without has none."""
    own = files("streamproof.report").joinpath("templates/report.js").read_text(encoding="utf-8")
    assert found.scripts in ([own], [])
    digest = b64encode(sha256(own.encode()).digest()).decode()
    policy = next(value for name, value in found.attributes if name == "content" and "default-src" in value)
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:" == policy


@pytest.fixture
def page(summarize, samples):
    def of(verdict: str, **plan) -> Page:
        summary, results = summarize(verdict, **plan)
        return Page(render_html(summary, results, samples.contract_documents(broken=verdict == "failed")))

    return of


@pytest.mark.parametrize("verdict", ["passed", "failed", "error"])
def test_it_is_well_formed_and_needs_nothing_from_outside(page, summarize, verdict):
    found = page(verdict)
    assert found.open == []
    assert not found.tags & {"iframe", "object", "embed", "form"}
    assert_only_its_own_script(found)
    targets = [value or "" for name, value in found.attributes if name in ("href", "src", "action", "data")]
    assert all(not re.match(r"(?i)\s*(https?:|//|javascript:)", target) for target in targets)
    summary, results = summarize(verdict)
    style = render_html(summary, results).partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    assert "prefers-color-scheme: dark" in style
    assert not [name for name, _ in found.attributes if name.startswith("on")]


@pytest.mark.parametrize("verdict", ["passed", "failed", "error"])
def test_every_link_inside_the_page_has_its_target(page, verdict):
    found = page(verdict)
    ids = {value for name, value in found.attributes if name == "id"}
    assert {value[1:] for name, value in found.attributes if name == "href" and value.startswith("#")} <= ids


def test_a_passed_run_says_so_first(page):
    found = page("passed")
    assert "Passed All 13 checks hold." in found.text
    assert "What does not hold" not in found.text
    assert "Run it again" not in found.text


def test_a_failed_run_shows_failures_with_diagnostics_sessions_source_and_rerun(page):
    text = page("failed", rerun="streamproof run --inject x.sql").text
    assert "2 of 13 checks do not hold. The first broken layer is typed." in text
    assert text.index("What does not hold") < text.index("at work")
    for part in ("first_missing_id", "5b0e0c1e-0000-4000-8000-00000000a001", "strm-7q|req-19c2", "--inject x.sql"):
        assert part in text


def test_a_failure_links_to_the_traces_of_its_sessions(summarize):
    summary, results = summarize("failed")
    path = "diagnostics/sessions/strm-7q_req-19c2.txt"
    found = Page(render_html(summary, results, {}, {"strm-7q|req-19c2": path}))
    links = [value for name, value in found.attributes if name == "href"]
    assert path in links
    assert "diagnostics/sessions/index.json" in links
    plain = Page(render_html(summary, results))
    assert path not in [value for _, value in plain.attributes]
    assert "strm-7q|req-19c2" in plain.text


def test_suites_that_do_not_hold_come_first_and_only_they_are_open_in_a_long_report(samples):
    results = samples.passed_results()
    results["assert_raw_typed"] = samples.stage(
        "assert_raw_typed", checks=tuple(samples.check(f"check_{number}") for number in range(40))
    )
    results["conservation"] = samples.stage("conservation", Status.FAILED, checks=(samples.check("z", Status.FAILED),))
    summary = build_summary(samples.plan(), results, None, ended_at="2026-03-01T02:15:10.000Z")
    checks = render_html(summary, results).partition('id="checks"')[2].partition("</section>")[0]
    assert re.findall(r'<details class="suite"( open)?>\s*<summary><h3>(\w+)', checks) == [
        (" open", "conservation"),
        ("", "raw_typed"),
        ("", "contracts"),
    ]
    named = [checks.count(part) for part in ('<code class="what">check_', "assertions/<wbr>raw_<wbr>typed/<wbr>check_")]
    assert named == [40, 40]  # each with its file and its time
    assert checks.count("21 ms") >= 41


def test_an_unjudged_run_gives_the_reason_and_the_hint(page):
    text = page("error").text
    assert "Not judged" in text
    assert "The broker closed the connection after 1,822 of 4,321 events." in text
    assert "Look at stack/logs/kafka.log" in text
    assert "Did not run: pipeline_wait, query_pack" in text


def test_the_timeline_shows_work_waits_and_pauses(summarize):
    summary, results = summarize("passed")
    html = render_html(summary, results, waiting=("stack_up", "pipeline_ready", "pipeline_wait"))
    html = html.partition('id="timeline"')[2].partition("</section>")[0]
    assert html.count('class="track"') == len(results) + 1
    for kind in ("work", "wait", "idle"):
        assert f'<rect class="{kind}"' in html


def test_diagnostics_have_a_section_of_their_own(summarize):
    summary, results = summarize("passed")
    entry = {
        "name": "rows_seen",
        "source_file": "d.sql",
        "values": {"rows": 3, "id": "<b>"},
        "skipped": "",
        "error": "",
    }
    broken = {**entry, "name": "gone", "values": {}, "error": "no such table"}
    stage = replace(results["assert_raw_typed"], details={"diagnostics": [entry, broken]})
    for text in (Page(render_html(summary, {**results, "assert_raw_typed": stage})).text,):
        assert "they show something and decide nothing" in text
        assert "rows=3, id=<b>" in text
        assert "no such table" in text
    assert "decide nothing" not in Page(render_html(summary, results)).text


def test_contracts_rejects_queries_versions_and_logs_are_there(page):
    found = page("failed")
    parts = [
        "column values to be between", "unexpected: -1.0, -2.5, -1.0", "needs at least one create_new_payment event",
        "Planted rejects", "quarantine", "01_raw_event_counts", "2026-02-25 16:00:01.250", "4.3.0",
    ]  # fmt: skip
    assert [part for part in parts if part not in found.text] == []
    links = {value for name, value in found.attributes if name == "href"}
    assert {"harness.log", "summary.json", "stack/logs/kafka.log", "stages/replay_events.log", "diagnostics/"} <= links


def test_a_mock_broker_is_announced(page):
    assert (
        "Kafka is librdkafka's MOCK broker"
        in page("passed", kafka="mock", notices=("Kafka is librdkafka's MOCK broker",)).text
    )


def test_hostile_values_stay_text_everywhere(samples):
    check = samples.check(
        HOSTILE, Status.FAILED, suite=HOSTILE, diagnostics={HOSTILE: HOSTILE}, sessions=(HOSTILE,), source_file=HOSTILE,
        layer=HOSTILE,
    )  # fmt: skip
    results = samples.passed_results()
    results["assert_raw_typed"] = samples.stage("assert_raw_typed", Status.FAILED, checks=(check,))
    results["query_pack"] = samples.stage(
        "query_pack", Status.ERRORED, error=HOSTILE, hint=HOSTILE,
        details={"queries": [{"name": HOSTILE, "rows": [{HOSTILE: HOSTILE}], "error": HOSTILE}]},
    )  # fmt: skip
    results["replay_events"] = samples.stage("replay_events", details={"expected": {HOSTILE: {HOSTILE: 1}}})
    plan = samples.plan(notices=(HOSTILE,), rerun=HOSTILE, manifest=HOSTILE, git_commit=HOSTILE, inject=HOSTILE)
    summary = build_summary(plan, results, samples.stack_state(), ended_at="2026-03-01T02:15:10.000Z")
    documents = {HOSTILE: {"rows": 1, "success": False, "results": [
        {"success": False, "expectation_config": {"type": HOSTILE, "kwargs": {"column": HOSTILE}},
         "result": {"unexpected_count": 1, "partial_unexpected_list": [HOSTILE]}}]}}  # fmt: skip
    found = Page(render_html(summary, results, documents))
    assert found.open == []
    assert "img" not in found.tags
    assert_only_its_own_script(found)
    assert not [name for name, _ in found.attributes if name.startswith("on")]
    assert "<script>alert(1)</script>" in found.text.replace(" / ", "/").replace("</ script>", "</script>")


def test_an_empty_run_still_makes_a_page(samples):
    summary = build_summary(samples.plan(), {}, None, ended_at="2026-03-01T02:15:10.000Z")
    found = Page(render_html(summary, {}))
    assert "No stage has ended." in found.text
    assert "No service came up." in found.text


def test_offending_rows_become_a_table_and_long_lists_are_cut(samples):
    rows = [{"id": f"row-{number}", "fps": -number} for number in range(20)]
    check = samples.check("x", Status.FAILED, diagnostics={"rows": rows, "ids": list(range(100, 140)), "none": []})
    results = samples.passed_results()
    results["assert_raw_typed"] = samples.stage("assert_raw_typed", Status.FAILED, checks=(check,))
    summary = build_summary(samples.plan(), results, None, ended_at="2026-03-01T02:15:10.000Z")
    failures = render_html(summary, results).partition('id="failures"')[2].partition('id="timeline"')[0]
    text = Page(failures.partition(">")[2].partition("</section>")[0]).text
    assert "row-7" in text
    assert "row-8" not in text
    assert "and 12 more rows in diagnostics/failing_checks.json" in text
    assert "100, 101" in text
    assert "111 and 28 more" in text


def test_a_large_suite_shows_what_did_not_pass_and_folds_the_rest(samples):
    checks = [samples.check(f"check_{number}") for number in range(30)] + [samples.check("bad", Status.FAILED)]
    results = samples.passed_results()
    results["assert_raw_typed"] = samples.stage("assert_raw_typed", Status.FAILED, checks=tuple(checks))
    summary = build_summary(samples.plan(), results, None, ended_at="2026-03-01T02:15:10.000Z")
    html = render_html(summary, results)
    assert "30 checks passed" in Page(html).text


def test_a_job_on_flink_is_described(summarize, samples):
    summary, results = summarize("passed")
    assert "on Flink" not in render_html(summary, results)
    page = render_html(samples.with_job(summary), results)
    assert "clicks · Flink 2.3.0 · parallelism 2 · RUNNING" in page
    assert "1,204 checkpoints, 1 failed" in page


def test_each_check_has_its_meaning_its_text_and_its_numbers(samples):
    check = samples.check(
        "lost", Status.FAILED, meaning="Rows are lost. `stream_id` tells which.", diagnostics={"n": 0}
    )
    results = {"assert_raw_typed": samples.stage("assert_raw_typed", Status.FAILED, checks=(check,))}
    summary = build_summary(samples.plan(), results, None, ended_at="2026-03-01T02:15:10.000Z")
    page = render_html(summary, results, texts={"raw_typed.lost": "SELECT 1 < 2 AS failed_rows"})
    for part in ("failures", "checks"):
        text = page.partition(f'id="{part}"')[2].partition("</section>")[0]
        assert "Rows are lost. <code>stream_id</code> tells which." in text
        assert "SELECT 1 &lt; 2 AS failed_rows" in text
        assert re.search(r"<dt>n</dt><dd class=\"mono\">0</dd>", text)
    assert "checks.json is missing" not in page
    assert "checks.json is missing" in render_html(summary, results)


def test_many_failures_are_not_all_shown_twice(samples):
    checks = tuple(samples.check(f"c{number}", Status.FAILED) for number in range(50))
    results = {"assert_raw_typed": samples.stage("assert_raw_typed", Status.FAILED, checks=checks)}
    summary = build_summary(samples.plan(), results, None, ended_at="2026-03-01T02:15:10.000Z")
    text = Page(render_html(summary, results)).text
    assert "These are the first 40 of 50 failed checks" in text
    assert text.count("raw_ typed. c") == 40 + 3  # and the names in the summary by layer


def test_charts_and_the_flow_say_what_they_cannot_show(samples, summarize):
    summary, results = summarize("passed")
    rows = [{"hour": f"2026-03-01T0{number}:00:00Z", "n": n, "kind": "a"} for number, n in enumerate((15, -5))]
    traced = {"queries": [{"name": "by_hour", "profile": "hour", "rows": rows}]}
    replayed = {"published": 100, "by_type": {"a": 100}}
    found = {"dispositions": {"accepted": {"a": 95}, "duplicate": {"a": 10}}}
    results = {
        **results,
        "query_pack": replace(results["query_pack"], details=traced),
        "replay_events": replace(results["replay_events"], details=replayed),
        "conservation": samples.stage("conservation", details=found),
    }
    page = render_html(summary, results)
    assert "-5 to 15</span>" in page
    assert "Not drawn, because they hold no numbers: <code>kind</code>." in page
    assert "105 dispositions of 100 records were counted: how many records went nowhere is not known" in page
    assert '<rect class="track" x="0" y="29.65"' in page, "the line of zero, at a quarter of the height"
    drawn = page[page.index('id="profiles"') :]
    assert re.findall(r'<rect class="work" x="[0-9.]+" y="([0-9.]+)" width="[0-9.]+" height="([0-9.]+)"', drawn) == [
        ("0.4", "29.25"),
        ("29.65", "9.75"),
    ]
