"""Replays on their own as Airflow tasks."""
