"""The summary by layer and the funnel."""

from __future__ import annotations

from streamproof.model.results import Status
from streamproof.report.sections.layers import funnel, layers


def with_parity(samples, **counts):
    results = dict(samples.failed_results())
    check = samples.check("parity_trips", Status.FAILED, suite="parity", layer="silver", diagnostics=counts)
    results["oracle"] = samples.stage("oracle", Status.FAILED, checks=(check,))
    return results


def test_layers_come_in_the_order_of_the_data_flow_with_what_is_wrong(samples):
    found = layers(with_parity(samples, rows_seen=7, rows_expected=9, missing=3, unexpected=1))
    assert [layer.name for layer in found] == ["raw", "typed", "silver"]
    raw, typed, silver = found
    assert (raw.status, typed.status) == ("passed", "failed")
    assert typed.wrong == ("raw_typed.raw_to_typed_counts_match", "conservation.rows_named_exist")
    assert (silver.rows, silver.missing, silver.unexpected) == (7, 3, 1)


def test_only_the_first_names_are_shown_and_the_others_counted(samples):
    checks = tuple(samples.check(f"c{number}", Status.ERRORED) for number in range(5))
    [typed] = layers({"assert_raw_typed": samples.stage("assert_raw_typed", checks=checks)})
    assert (len(typed.wrong), typed.more_wrong, typed.errored, typed.status) == (3, 2, 5, "errored")


def test_tables_that_are_not_compared_have_the_rows_that_were_counted(samples):
    counted = samples.stage("query_pack", details={"layers": {"raw": {"inbox": 12}}})
    [raw] = layers({"query_pack": counted})
    assert [(table.name, table.rows, table.expected) for table in raw.tables] == [("inbox", 12, None)]
    assert raw.status == "skipped"


def test_a_funnel_draws_rejects_and_losses_on_one_scale(samples):
    results = with_parity(samples, rows_seen=9_000, rows_expected=9_500, missing=600, unexpected=100)
    results["replay_events"] = samples.stage("replay_events", details={"published": 1_000})
    results["pipeline_wait"] = samples.stage("pipeline_wait", details={"raw_rows": 990})
    kinds = {"accepted": {"a": 900}, "dlq": {"a": 60, "b": 20}}
    results["conservation"] = samples.stage("conservation", details={"dispositions": kinds})
    published, raw, accepted, silver = funnel(results, layers(results))
    assert [bar.amount for bar in (published, raw, accepted, silver)] == [1_000, 990, 900, 9_000]
    assert [(part.kind, part.amount) for part in raw.parts] == [("kept", 990), ("lost", 10)]
    assert [(part.kind, part.amount) for part in accepted.parts] == [("kept", 900), ("rejected", 80), ("lost", 20)]
    assert [(part.kind, part.amount) for part in silver.parts] == [("kept", 8_900), ("extra", 100), ("lost", 600)]
    assert silver.parts[-1].start + silver.parts[-1].width <= 100
    assert published.parts[0].width == round(100 * 1_000 / 9_600, 2)


def test_a_layer_that_grows_has_no_loss(samples):
    results = with_parity(samples, rows_seen=50, rows_expected=50, missing=0, unexpected=0)
    results["replay_events"] = samples.stage("replay_events", details={"published": 10})
    bars = funnel({name: results[name] for name in ("replay_events", "oracle")}, layers(results))
    assert {part.kind for bar in bars for part in bar.parts} == {"kept"}


def test_a_run_without_counts_has_no_funnel(samples):
    assert funnel(samples.error_results(), ()) == ()
