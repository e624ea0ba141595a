-- The capability dimensions as a merge would leave them, and the current state that is read from them.

-- QUERY: dim_orchestrator_capability_snapshots
SELECT * EXCEPT (ingestion_timestamp)
FROM dim_orchestrator_capability_snapshots FINAL;

-- QUERY: dim_orchestrator_capability_advertised_snapshots
SELECT * EXCEPT (ingestion_timestamp)
FROM dim_orchestrator_capability_advertised_snapshots FINAL;

-- QUERY: dim_orchestrator_capability_model_constraints
SELECT * EXCEPT (ingestion_timestamp)
FROM dim_orchestrator_capability_model_constraints FINAL;

-- QUERY: dim_orchestrator_capability_prices
SELECT * EXCEPT (ingestion_timestamp)
FROM dim_orchestrator_capability_prices FINAL;

-- QUERY: dim_orchestrator_capability_current
SELECT *
FROM dim_orchestrator_capability_current;

-- QUERY: v_current_gpus
SELECT *
FROM v_current_gpus;
