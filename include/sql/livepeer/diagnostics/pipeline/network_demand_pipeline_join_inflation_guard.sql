-- How much too high a chart is if it joins demand with another view by all keys but the model: every row then joins the
-- rows of all models of its pipeline.
-- LAYER: views
-- Not a check: it measures a mistake that a reader of the views can make, not one that they contain.

-- TEST: network_demand_pipeline_join_inflation_guard
WITH demand AS (
    SELECT
        known_sessions,
        count() OVER (PARTITION BY window_start, gateway, region, pipeline) AS rows_met
    FROM v_api_network_demand
    WHERE
        window_start >= dateTrunc('hour', {from_ts:DateTime64(3, 'UTC')})
        AND window_start < {to_ts:DateTime64(3, 'UTC')}
)

SELECT
    0 AS failed_rows,
    count() AS demand_rows,
    sum(known_sessions * rows_met) AS naive_sum,
    sum(known_sessions) AS safe_sum,
    naive_sum / nullIf(safe_sum, 0) AS inflation_factor,
    if(demand_rows = 0, 'nothing to judge: the demand view has no row in the window', '') AS skip_reason
FROM demand;
