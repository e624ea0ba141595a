"""Starts the engine as the official image's entry point would: CLICKHOUSE_USER and _PASSWORD, config.d, users.d."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from xml.sax.saxutils import escape

RUN, DATA, ETC = Path("/tmp/run"), Path("/var/lib/clickhouse/store"), Path("/etc/clickhouse-server")
CONFIG = """<clickhouse>
  <listen_host>0.0.0.0</listen_host><http_port>8123</http_port><tcp_port>9000</tcp_port>
  <keep_alive_timeout>3</keep_alive_timeout>
  <log-level>warning</log-level>
  <logger><level>warning</level><console>1</console></logger>
  <users_config>users.xml</users_config>
  <query_log><database>system</database><table>query_log</table></query_log>
  <part_log><database>system</database><table>part_log</table></part_log>
</clickhouse>
"""
USERS = """<clickhouse>
  <profiles><default><implicit_select>0</implicit_select></default></profiles>
  <users>
    <default>
      <password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota>
    </default>
    <{user}>
      <password>{password}</password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>
    </{user}>
  </users>
  <quotas><default></default></quotas>
</clickhouse>
"""


def main() -> int:
    """Write the configuration, start the engine, and pass on the signal that ends it."""
    for folder in ("config.d", "users.d"):
        shutil.copytree(ETC / folder, RUN / folder, dirs_exist_ok=True)
    DATA.mkdir(exist_ok=True)
    (RUN / "config.xml").write_text(CONFIG)
    user, password = os.environ.get("CLICKHOUSE_USER", "analytics_user"), os.environ.get("CLICKHOUSE_PASSWORD", "")
    (RUN / "users.xml").write_text(USERS.format(user=user, password=escape(password)))
    # Its standard input is its lifeline: a pipe that closes with this process.
    engine = subprocess.Popen(
        [sys.executable, "/opt/engine/clickhouse_child.py", str(RUN), str(DATA)], stdin=subprocess.PIPE
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _frame: engine.send_signal(received))
    return engine.wait()


if __name__ == "__main__":
    sys.exit(main())
