"""The page "Streamproof runs" in Airflow's UI: a FastAPI app behind Airflow's own authentication and permissions."""
