"""Before Airflow's services start: bring the metadata database up to date and write the administrator's password.

Run once per `docker compose up`, as service `airflow-init`. Doing it again changes nothing but the password.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path


def main() -> None:
    """Write the password file, then migrate. Ends with the migration's exit code."""
    user = os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"].partition(":")[0]
    passwords = Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
    passwords.touch(mode=0o600)
    passwords.write_text(json.dumps({user: os.environ["AIRFLOW_ADMIN_PASSWORD"]}), encoding="utf-8")
    raise SystemExit(subprocess.run(["airflow", "db", "migrate"], check=False).returncode)


if __name__ == "__main__":
    main()
