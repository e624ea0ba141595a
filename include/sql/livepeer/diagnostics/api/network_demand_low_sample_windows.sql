-- Rows of demand with less than one second of inference, which contain almost no information on stream time. A reader
-- of minutes or frame rates should not take such an hour for a quiet one.
-- LAYER: views
-- Not a check: an hour with failed starts only correctly has such a row.

-- TEST: network_demand_low_sample_windows
SELECT
    0 AS failed_rows,
    countIf(total_inference_minutes < 1 / 60) AS low_sample_windows,
    countIf(avg_output_fps IS NULL) AS windows_without_a_sample,
    count() AS rows_checked,
    if(rows_checked = 0, 'nothing to judge: no row of v_api_network_demand in the window', '') AS skip_reason
FROM v_api_network_demand
WHERE
    window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
    AND window_start < {to_ts:DateTime64(3, 'UTC')};
