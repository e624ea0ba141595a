"""The plugin adds the page to Airflow, and costs the processes that never serve it nothing."""

from __future__ import annotations

import runpy
import subprocess
import sys

from fastapi import FastAPI
from fastapi.testclient import TestClient

from streamproof.airflow.page import app
from streamproof.airflow.page.mounting import LazyApp

# The file, not the module: an editable install holds a copy of it, which may be older.
FILE = "plugins/streamproof_plugin.py"
LOADS = """
import runpy
runpy.run_path(sys.argv[1])
print([name for name in ("fastapi", "jinja2", "airflow.api_fastapi.core_api.security") if name in sys.modules
       and name not in before])
"""


def test_loading_the_plugin_imports_nothing_of_the_page(home):
    code = "import sys, airflow.plugins_manager; before = set(sys.modules)\n" + LOADS
    command = [sys.executable, "-c", code, str(home / FILE)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, ended.stdout.strip().splitlines()[-1:]) == (0, ["[]"]), ended.stderr


def test_the_app_is_made_on_the_first_request(monkeypatch):
    made = []

    def make() -> FastAPI:
        made.append(len(made))
        return FastAPI()

    monkeypatch.setattr(app, "make_app", make)
    client = TestClient(LazyApp())

    assert made == []
    assert [client.get("/x").status_code for _ in range(2)] == [404, 404]
    assert len(made) == 1


def test_it_is_mounted_and_in_the_navigation(home):
    plugin = runpy.run_path(str(home / FILE))["StreamproofPlugin"]
    [mounted], [view] = plugin.fastapi_apps, plugin.external_views
    assert (mounted["url_prefix"], mounted["name"]) == ("/streamproof", "Streamproof runs")
    assert (view["href"], view["destination"], view["category"]) == ("/streamproof/runs", "nav", "browse")
    assert "url_route" not in view
