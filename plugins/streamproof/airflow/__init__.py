"""The Airflow interface: operators, sensors, triggers, alerts."""
