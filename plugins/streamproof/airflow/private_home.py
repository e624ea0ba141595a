"""A private Airflow for one process, with its own home and SQLite database.

Migrating a database takes seconds, and the result is the same for every run of one Airflow version. So the first run
keeps it below `.streamproof/airflow/<version>/`, and every later run starts with a copy.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil

from streamproof.runtime.process import own_identity


@dataclass(frozen=True, slots=True)
class PrivateHome:
    """The Airflow home of this process. `remove` removes `root`; the database `template` stays for the next run."""

    project: Path
    root: Path
    template: Path

    @classmethod
    def create(cls, project: Path) -> PrivateHome:
        """Create a home for this process in the project's `.streamproof`, and remove those of ended processes."""
        base = project / ".streamproof" / "airflow"
        for left in base.glob("run-*"):
            pid = left.name.removeprefix("run-")
            if pid.isdigit() and not psutil.pid_exists(int(pid)):
                shutil.rmtree(left, ignore_errors=True)
        root = base / f"run-{os.getpid()}"
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        return cls(project, root, base / version("apache-airflow-core") / "airflow.db")

    @property
    def database(self) -> Path:
        """Return this run's own database."""
        return self.root / "airflow.db"

    @property
    def log(self) -> Path:
        """Return the file for Airflow's own output until the run's folder is known."""
        return self.root / "airflow.log"

    def environment(self) -> dict[str, str]:
        """Return the variables of this Airflow. They must be set before `airflow` is imported."""
        owner = own_identity()
        return {
            "AIRFLOW_HOME": str(self.root),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.project / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(self.project / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.database}",
            "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(self.root / "logs"),
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "STREAMPROOF_HOME": str(self.project),
            "STREAMPROOF_OWNER": f"{owner.pid} {owner.started_at!r}",
        }

    def migrate(self) -> None:
        """Create the run's migrated database as a copy of the template, or create both if there is none yet."""
        if not self.template.exists():
            from airflow.utils.db import initdb

            initdb()
            self.template.parent.mkdir(parents=True, exist_ok=True)
            partial = self.template.with_suffix(f".{os.getpid()}")
            _copy_database(self.database, partial)
            partial.replace(self.template)
            return
        _copy_database(self.template, self.database)

    def remove(self) -> None:
        """Remove this run's home."""
        shutil.rmtree(self.root, ignore_errors=True)


def _copy_database(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
