"""Deployments on Flink as Airflow tasks."""
