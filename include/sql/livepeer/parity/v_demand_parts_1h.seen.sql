-- The parts, with their states as values that can be compared. A set of ids would only show its size, so it is shown
-- with a hash of its ids: a state ends with a 128-bit hash of each id, in no particular order. The mean of no sample is
-- null.

-- QUERY: v_demand_parts_1h
WITH
counted AS (
    SELECT
        *,
        finalizeAggregation(sessions_uniq_state) AS session_count,
        finalizeAggregation(streams_uniq_state) AS stream_count
    FROM v_demand_parts_1h
)

SELECT
    part,
    hour,
    session_hour,
    gateway,
    orchestrator_address,
    region,
    pipeline,
    model_id,
    gpu_id,
    concat(
        toString(session_count), ' ids ',
        hex(sipHash64(arraySort(extractAll(right(hex(counted.sessions_uniq_state), 32 * session_count), '.{32}'))))
    ) AS sessions_uniq_state,
    concat(
        toString(stream_count), ' ids ',
        hex(sipHash64(arraySort(extractAll(right(hex(counted.streams_uniq_state), 32 * stream_count), '.{32}'))))
    ) AS streams_uniq_state,
    if(status_samples > 0, finalizeAggregation(counted.output_fps_avg_state), NULL) AS output_fps_avg_state,
    status_samples,
    inference_ms,
    sessions,
    known_sessions,
    unexcused_sessions,
    confirmed_swapped_sessions,
    inferred_orchestrator_change_sessions,
    swapped_sessions,
    fee_wei
FROM counted;
