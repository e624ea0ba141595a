-- How many GPU rows have samples but no session that started in their hour: sessions that continued into the next hour,
-- or that swapped to this GPU. Their rates are null, which must not be read as perfect.
-- LAYER: views
-- Not a check: such rows are correct. If there are many, rates by the hour are misleading.

-- TEST: gpu_view_no_perf_only_orphan_rows
SELECT
    0 AS failed_rows,
    count() AS rows_checked,
    countIf(status_samples > 0 AND known_sessions = 0) AS perf_only_rows,
    countIf(status_samples = 0) AS session_only_rows,
    sumIf(status_samples, known_sessions = 0) AS samples_of_perf_only_rows,
    if(rows_checked = 0, 'nothing to judge: the GPU view has no row in the window', '') AS skip_reason
FROM v_api_gpu_metrics
WHERE
    window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
    AND window_start < {to_ts:DateTime64(3, 'UTC')};
