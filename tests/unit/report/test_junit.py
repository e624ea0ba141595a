"""junit.xml: valid for CI servers, whatever is in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import xmlschema

from streamproof.model.results import Status
from streamproof.report.junit import render_junit

HOSTILE = "\x00\x1b[31m<b>]]>&\ud800\uffff\"'\r\n"


@pytest.fixture(scope="module")
def schema() -> xmlschema.XMLSchema:
    """What CI servers accept: see the comment of the file."""
    return xmlschema.XMLSchema(str(Path(__file__).with_name("junit.xsd")))


@pytest.mark.parametrize("verdict", ["passed", "failed", "error"])
def test_it_is_what_ci_servers_accept(summarize, schema, verdict):
    summary, results = summarize(verdict)
    schema.validate(render_junit(summary, results))
    for name, result in results.items():
        statuses = list(Status)
        checks = [
            replace(check, status=statuses[index % 4], name=f"{index} {HOSTILE}", error=HOSTILE, meaning=HOSTILE,
                    source_file=HOSTILE, diagnostics={HOSTILE: HOSTILE}, duration_sec=float("nan"))
            for index, check in enumerate(result.checks)
        ]  # fmt: skip
        results[name] = replace(result, checks=tuple(checks), error=HOSTILE, hint=HOSTILE, duration_sec=-1.0)
    hostile = dict.fromkeys(("run_id", "pack", "rerun", "folder", "error", "hint"), HOSTILE)
    schema.validate(render_junit({**summary, **hostile, "notices": [HOSTILE], "verdict": "error"}, results))


def test_the_schema_refuses_what_servers_do(summarize, schema):
    text = render_junit(*summarize("failed"))
    for right, wrong in (
        ("<testsuites ", '<testsuites skipped="1" '),
        ('tests="', 'tests="-'),
        ('<failure message=', '<failure reason='),
        ('classname="streamproof.raw_typed"', ""),
    ):  # fmt: skip
        assert right in text
        assert not schema.is_valid(text.replace(right, wrong, 1)), wrong


def test_an_error_that_no_stage_has_is_an_error_of_the_verdict(summarize):
    summary, results = summarize("passed")
    text = render_junit({**summary, "verdict": "error", "error": "the stack was killed", "hint": "look"}, results)
    root = ET.fromstring(text)
    [error] = root.findall("*/testcase/error")
    assert (error.get("message"), error.text) == ("the stack was killed", "the stack was killed\nHint: look")
    assert root.get("errors") == "1"


@pytest.mark.parametrize("verdict", ["passed", "failed", "error"])
def test_the_counts_are_those_of_the_cases(summarize, verdict):
    summary, results = summarize(verdict)
    root = ET.fromstring(render_junit(summary, results))
    assert root.tag == "testsuites"
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        for suite in root:
            assert int(suite.get(attribute)) == len(suite.findall(f"testcase/{tag}"))
        if tag != "skipped":
            assert int(root.get(attribute)) == len(root.findall(f"*/testcase/{tag}"))
    assert int(root.get("tests")) == len(root.findall("*/testcase"))
    assert all(float(case.get("time")) >= 0 for case in root.findall("*/testcase"))


def test_failures_errors_and_skips_say_what_happened(summarize):
    failed = ET.fromstring(render_junit(*summarize("failed")))
    failure = failed.find("testsuite[@name='assert_raw_typed']/testcase[@name='raw_to_typed_counts_match']/failure")
    assert failure.get("message") == "1 failed rows"
    assert failure.text.startswith("An event that arrived is lost without a reject.\nfailed_rows=1\n")
    assert "first_missing_id=5b0e0c1e" in failure.text
    case = failed.find("*/testcase[@name='raw_to_typed_counts_match']")
    assert (case.get("line"), case.get("file").rpartition("/")[2]) == ("5", "raw_to_typed_counts_match.sql")
    assert failed.find("*/testcase/skipped").get("message") == "needs a create_new_payment event"
    error = ET.fromstring(render_junit(*summarize("error"))).find("testsuite[@name='stages']/testcase/error")
    assert "Hint: Look at stack/logs/kafka.log" in error.text


def test_the_run_is_described_by_properties(summarize):
    root = ET.fromstring(render_junit(*summarize("passed", notices=("be careful",))))
    properties = {item.get("name"): item.get("value") for item in root.findall("testsuite/properties/property")}
    assert properties["verdict"] == "passed"
    assert properties["version.kafka"] == "4.3.0"
    assert properties["notice.1"] == "be careful"
    assert properties["first_broken_layer"] == ""


def test_characters_that_xml_cannot_hold_are_replaced(summarize, samples):
    summary, results = summarize("passed")
    nasty = samples.check("a\x00b", Status.FAILED, diagnostics={"x": "\x1b[31m<]]>&\ud800\uffff"})
    results["assert_raw_typed"] = samples.stage("assert_raw_typed", Status.FAILED, checks=(nasty,))
    text = render_junit(summary, results)
    case = ET.fromstring(text.encode()).find("testsuite[@name='assert_raw_typed']/testcase")
    assert case.get("name") == "a\ufffdb"
    assert "x=\ufffd[31m<]]>&\ufffd\ufffd" in case.find("failure").text
