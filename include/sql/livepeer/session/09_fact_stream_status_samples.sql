-- Silver health samples: who served the session at each moment, by wallet, URL, model and time.
-- LAYER: silver

-- QUERY: 09_fact_stream_status_samples
SELECT
    sample_ts,
    state,
    output_fps,
    orchestrator_address,
    gpu_id,
    model_id,
    gpu_attribution_method,
    * EXCEPT (sample_ts, state, output_fps, orchestrator_address, gpu_id, model_id, gpu_attribution_method)
FROM fact_stream_status_samples
WHERE workflow_session_id = {sid:String}
ORDER BY sample_ts, source_partition, source_offset;
