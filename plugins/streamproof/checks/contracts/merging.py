"""Merge the outcomes of one expectation on the batches of a table into the outcome on the whole table.

An expectation about single rows can be merged: its counts are added, its percentages and its verdict are computed from
the totals. All others depend on rows of other batches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

# Each of these judges every row by itself.
BY_ROW = frozenset(
    {
        "expect_column_pair_values_a_to_be_greater_than_b",
        "expect_column_pair_values_to_be_equal",
        "expect_column_pair_values_to_be_in_set",
        "expect_column_value_lengths_to_be_between",
        "expect_column_value_lengths_to_equal",
        "expect_column_values_to_be_between",
        "expect_column_values_to_be_dateutil_parseable",
        "expect_column_values_to_be_in_set",
        "expect_column_values_to_be_json_parseable",
        "expect_column_values_to_be_null",
        "expect_column_values_to_match_json_schema",
        "expect_column_values_to_match_like_pattern",
        "expect_column_values_to_match_like_pattern_list",
        "expect_column_values_to_match_regex",
        "expect_column_values_to_match_regex_list",
        "expect_column_values_to_match_strftime_format",
        "expect_column_values_to_not_be_in_set",
        "expect_column_values_to_not_be_null",
        "expect_column_values_to_not_match_like_pattern",
        "expect_column_values_to_not_match_like_pattern_list",
        "expect_column_values_to_not_match_regex",
        "expect_column_values_to_not_match_regex_list",
        "expect_multicolumn_sum_to_equal",
        "expect_multicolumn_values_to_be_equal",
        "expect_select_column_values_to_be_unique_within_record",
    }
)
# Each of these compares rows with each other, or reads the type that a whole column has. They need all rows, but only
# of their own columns.
BY_COLUMNS = frozenset(
    {
        "expect_column_distinct_values_to_be_in_set",
        "expect_column_distinct_values_to_contain_set",
        "expect_column_distinct_values_to_equal_set",
        "expect_column_kl_divergence_to_be_less_than",
        "expect_column_max_to_be_between",
        "expect_column_mean_to_be_between",
        "expect_column_median_to_be_between",
        "expect_column_min_to_be_between",
        "expect_column_most_common_value_to_be_in_set",
        "expect_column_proportion_of_non_null_values_to_be_between",
        "expect_column_proportion_of_unique_values_to_be_between",
        "expect_column_quantile_values_to_be_between",
        "expect_column_stdev_to_be_between",
        "expect_column_sum_to_be_between",
        "expect_column_unique_value_count_to_be_between",
        "expect_column_value_z_scores_to_be_less_than",
        "expect_column_values_to_be_decreasing",
        "expect_column_values_to_be_in_type_list",
        "expect_column_values_to_be_increasing",
        "expect_column_values_to_be_of_type",
        "expect_column_values_to_be_unique",
        "expect_column_values_to_not_be_outliers",
        "expect_compound_columns_to_be_unique",
        "expect_table_row_count_to_be_between",
        "expect_table_row_count_to_equal",
    }
)
# Each of these reads the names and types of the columns, and no row.
BY_NAMES = frozenset(
    {
        "expect_column_to_exist",
        "expect_column_type_to_be",
        "expect_table_column_count_to_be_between",
        "expect_table_column_count_to_equal",
        "expect_table_columns_to_match_ordered_list",
        "expect_table_columns_to_match_set",
    }
)

_LISTS = ("partial_unexpected_list", "partial_unexpected_index_list")

Outcome = dict[str, Any]


def merged(outcomes: Sequence[Outcome], *, shown: int) -> Outcome:
    """Return the outcome on all rows, from the detailed outcomes of one expectation of `BY_ROW` on consecutive batches.

    It has at most `shown` unexpected values. If the expectation cannot be judged on a batch, that outcome is returned.
    """
    unjudged = next((outcome for outcome in outcomes if "element_count" not in outcome["result"]), None)
    if unjudged is not None:
        return unjudged
    results = [outcome["result"] for outcome in outcomes]
    rows, unexpected = (sum(int(found[name]) for found in results) for name in ("element_count", "unexpected_count"))
    missing = sum(int(found.get("missing_count") or 0) for found in results)
    result = {
        **results[0],
        "element_count": rows,
        "unexpected_count": unexpected,
        **_percentages(results[0], rows, missing, unexpected),
        **{name: _joined(results, name, shown) for name in _LISTS if name in results[0]},
    }
    if "partial_unexpected_counts" in result:
        result["partial_unexpected_counts"] = _counted(result.get("partial_unexpected_list", []), shown)
    return {**outcomes[0], "success": holds(outcomes[0], rows - missing, unexpected), "result": result}


def holds(outcome: Outcome, judged: int, unexpected: int) -> bool:
    """Return whether an expectation holds with so many unexpected values among so many that are not missing."""
    mostly = outcome["expectation_config"]["kwargs"].get("mostly")
    limit = mostly if isinstance(mostly, int | float) else 1
    return not judged or (judged - unexpected) / judged >= limit


def _percentages(like: Mapping[str, Any], rows: int, missing: int, unexpected: int) -> dict[str, Any]:
    """Return the percentages that the library's result has; None where nothing was judged."""
    judged = rows - missing
    of_rows = unexpected / rows * 100 if rows else None
    of_judged = unexpected / judged * 100 if judged else None
    found = {
        "unexpected_percent": of_judged,
        "missing_count": missing,
        "missing_percent": missing / rows * 100 if rows else None,
        "unexpected_percent_total": of_rows,
        "unexpected_percent_nonmissing": of_judged,
    }
    return {name: value for name, value in found.items() if name in like}


def _joined(results: Sequence[Mapping[str, Any]], name: str, shown: int) -> list[Any]:
    return [value for found in results for value in found.get(name) or ()][:shown]


def _counted(values: Sequence[Any], shown: int) -> list[dict[str, Any]]:
    """Return how often each of the shown values occurs, the most frequent first, as the library does."""
    counts = Counter(_hashable(value) for value in values)
    try:
        found = sorted(counts.most_common(shown), key=lambda item: (-item[1], item[0]))
    except TypeError:
        found = counts.most_common(shown)
    return [{"value": list(value) if isinstance(value, tuple) else value, "count": count} for value, count in found]


def _hashable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return tuple(_hashable(entry) for entry in value.values())
    return tuple(_hashable(entry) for entry in value) if isinstance(value, list) else value
