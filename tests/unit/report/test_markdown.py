"""The Markdown report."""

from __future__ import annotations

import pytest

from streamproof.model.results import Status
from streamproof.report.markdown import render_markdown
from streamproof.report.templating import markdown_cell


@pytest.mark.parametrize(
    ("verdict", "title"), [("passed", "✅ Passed"), ("failed", "❌ Failed"), ("error", "⚠️ Not judged")]
)
def test_it_begins_with_the_verdict_and_lists_stages_and_checks(summarize, verdict, title):
    summary, results = summarize(verdict)
    text = render_markdown(summary, results)
    assert text.startswith(f"# {title}: livepeer, run {summary['run_id']}")
    for stage in results:
        assert f"| {stage} |" in text


def test_it_names_failing_checks_with_diagnostics_and_how_to_run_again(summarize, samples):
    summary, results = summarize("failed")
    text = render_markdown(summary, results, samples.contract_documents(broken=True))
    assert "**raw_typed.raw_to_typed_counts_match**: 1 failed row, layer typed" in text
    assert "raw_core=3988, typed_core=3987" in text
    assert "```sh\nstreamproof run\n```" in text
    assert "| ai_stream_status | failed | 3 | 1,204 |" in text
    assert "| dlq | stream_trace | 3 | 3 |" in text


def test_a_failure_links_to_the_traces_of_its_sessions(summarize):
    summary, results = summarize("failed")
    text = render_markdown(summary, results, {}, {"strm-7q|req-19c2": "diagnostics/sessions/a.txt"})
    assert "  - entities: [strm-7q\\|req-19c2](diagnostics/sessions/a.txt)\n" in text
    assert "  - entities: strm-7q\\|req-19c2\n" in render_markdown(summary, results)


def test_a_value_cannot_break_out_of_its_cell(samples, summarize):
    summary, results = summarize("passed")
    hostile = samples.check("a|b\n<script>`x`", Status.PASSED, diagnostics={"x": "1|2\n\n# title"})
    results["assert_raw_typed"] = samples.stage("assert_raw_typed", checks=(hostile,))
    row = next(line for line in render_markdown(summary, results).splitlines() if line.startswith("| a\\"))
    assert row.startswith("| a\\|b &lt;script&gt;'x' | passed |")
    assert "x=1\\|2 # title" in row


@pytest.mark.parametrize("value", ["|", "\n|", "`", "<b>", "\\|", {"a": "|"}, ["|"], None, 3])
def test_a_cell_escapes_column_breaks_line_breaks_and_markup(value):
    cell = markdown_cell(value)
    assert "|" not in cell.replace("\\\\", "").replace("\\|", "")
    assert not set("\n<>`") & set(cell)


def test_a_job_on_flink_is_described_with_its_checkpoints_and_restarts(summarize, samples):
    summary, results = summarize("passed")
    assert "on Flink" not in render_markdown(summary, results)
    text = render_markdown(samples.with_job(summary), results)
    assert "| Job on Flink | clicks · Flink 2.3.0 · parallelism 2 · RUNNING |" in text
    assert "| Checkpoints | 1,204 checkpoints, 1 failed, the last one of 28,800 bytes in 26 ms |" in text
    assert "| Restarts of the job | 0 |" in text
    broken = samples.with_job(
        summary, restarts=2, root_cause="ValueError: a\\|b", checkpoints={"completed": 0, "failed": 0}
    )
    text = render_markdown(broken, results)
    assert "| Restarts of the job | 2: ValueError:" in text
    assert "| Checkpoints | 0 checkpoints, 0 failed |" in text


def test_a_pipeline_that_fetches_is_described_with_its_runs_and_answers(summarize):
    summary, results = summarize("passed")
    assert "Runs of the pipeline" not in render_markdown(summary, results)
    one = {"number": 1, "seconds": 12.34, "peak_rss_bytes": 210_000_000, "requests": 1_204, "rows": {"t": 4}}
    serving = {
        "repetitions": [one, {**one, "number": 2, "seconds": 0.5, "requests": 0}], "requests": 1_204, "bytes": 9,
        "by_status": {"200": 1_203, "429": 1}, "faults": {"busy": 1}, "never_served": {"a.bin": 3},
    }  # fmt: skip
    summary |= {"serving": serving, "stack": {**summary["stack"], "kafka": "none"}}
    text = render_markdown(summary, results)
    assert "| Runs of the pipeline | 12.3 s, 210 MB, 1,204 requests; 0.5 s, 210 MB, 0 requests |" in text
    assert "| Answers of the source | 200: 1,203, 429: 1 |" in text
    assert "| Planned faults | busy: 1 |" in text
    assert "| Records in no whole answer | 3 of a.bin |" in text
    assert "Kafka" not in next(line for line in text.splitlines() if line.startswith("| Stack |"))
