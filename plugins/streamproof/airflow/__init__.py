"""The Airflow face: sensors, triggers, notifier."""
