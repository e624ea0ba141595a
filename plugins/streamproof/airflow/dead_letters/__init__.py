"""Operators that replay dead letters from within Airflow."""
