-- When this fails, a materialized view that feeds a capability dimension is gone: new capability events no longer reach
-- the capacity and GPU columns. No error is raised, because queries still find the old snapshots.
-- LAYER: typed

-- TEST: capability_dimension_mvs_present
WITH
wanted AS (
    SELECT arrayJoin([
        'mv_network_capabilities_to_dim_orchestrator_capability_snapshots',
        'mv_network_capabilities_advertised_to_dim_orchestrator_capability_advertised_snapshots',
        'mv_network_capabilities_model_constraints_to_dim_orchestrator_capability_model_constraints',
        'mv_network_capabilities_prices_to_dim_orchestrator_capability_prices'
    ]) AS name
),

existing AS (
    SELECT tables.name AS name
    FROM system.tables AS tables
    WHERE tables.database = currentDatabase() AND tables.engine = 'MaterializedView'
)

SELECT
    count() AS failed_rows,
    groupArray(wanted.name) AS missing_mvs
FROM wanted
LEFT ANTI JOIN existing ON wanted.name = existing.name;

-- MUTATION: a feed is dropped
DROP TABLE mv_network_capabilities_prices_to_dim_orchestrator_capability_prices;

-- MUTATION: a feed goes by another name
RENAME TABLE mv_network_capabilities_to_dim_orchestrator_capability_snapshots TO mv_capabilities_old;

-- MUTATION: an ordinary view took the name of a feed
CREATE OR REPLACE VIEW mv_network_capabilities_advertised_to_dim_orchestrator_capability_advertised_snapshots
AS SELECT 1 AS x;
