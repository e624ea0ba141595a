"""junit.xml: valid for CI servers, whatever is in it."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from streamproof.model.results import Status
from streamproof.report.junit import render_junit


@pytest.mark.parametrize("verdict", ["passed", "failed", "error"])
def test_the_counts_are_those_of_the_cases(summarize, verdict):
    summary, results = summarize(verdict)
    root = ET.fromstring(render_junit(summary, results))
    assert root.tag == "testsuites"
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        for suite in root:
            assert int(suite.get(attribute)) == len(suite.findall(f"testcase/{tag}"))
        assert int(root.get(attribute)) == len(root.findall(f"*/testcase/{tag}"))
    assert int(root.get("tests")) == len(root.findall("*/testcase"))
    assert all(float(case.get("time")) >= 0 for case in root.findall("*/testcase"))


def test_failures_errors_and_skips_say_what_happened(summarize):
    failed = ET.fromstring(render_junit(*summarize("failed")))
    failure = failed.find("testsuite[@name='assert_raw_typed']/testcase[@name='raw_to_typed_counts_match']/failure")
    assert failure.get("message") == "1 failed rows"
    assert "first_missing_id=5b0e0c1e" in failure.text
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
