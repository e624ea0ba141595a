-- When this fails, a dashboard or a client of the API queries a view that does not exist. Another kind of object with
-- that name counts as missing: a table would serve the rows of the time when it was created.
-- LAYER: views

-- TEST: api_views_present
WITH
['v_api_gpu_metrics', 'v_api_network_demand', 'v_api_network_demand_by_gpu', 'v_api_sla_compliance'] AS wanted,
groupArrayIf(name, engine = 'View') AS found
SELECT
    length(missing_views) AS failed_rows,
    arrayFilter(view -> NOT has(found, view), wanted) AS missing_views
FROM system.tables
WHERE database = currentDatabase() AND has(wanted, name);

-- MUTATION: a view is dropped
DROP VIEW v_api_network_demand_by_gpu;
