"""The one Airflow plugin of streamproof; sensors, operators and triggers are imported from the package as usual."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin


class StreamproofPlugin(AirflowPlugin):
    """Makes streamproof known to Airflow by name and version (`airflow plugins`, the UI's plugin page)."""

    name = "streamproof"
