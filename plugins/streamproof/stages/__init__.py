"""One module per stage: everything a run does, without Airflow and without a terminal."""
