"""The one Airflow plugin of streamproof; sensors, operators and triggers are imported from the package as usual."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from streamproof.airflow.page.addresses import PREFIX, address
from streamproof.airflow.page.mounting import LazyApp


class StreamproofPlugin(AirflowPlugin):
    """Makes streamproof known to Airflow by name and version, and adds the page "Streamproof runs" to its UI."""

    name = "streamproof"
    fastapi_apps = [{"app": LazyApp(), "url_prefix": PREFIX, "name": "Streamproof runs"}]  # noqa: RUF012 - Airflow's
    # Without a `url_route` the entry is a link. In a frame of the UI, the links inside of a sandboxed report would not
    # carry the user's cookie. Outside of a menu, the UI of Airflow 3.3.2 makes a button of a link, which opens nothing.
    external_views = [  # noqa: RUF012
        {"name": "Streamproof runs", "href": address("/runs"), "destination": "nav", "category": "browse"}
    ]
