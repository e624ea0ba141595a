"""A run's view of a database that others use: views that show only the rows which carry the run's correlation."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from streamproof.model.errors import WarehouseError
from streamproof.sql.templating import sql_string
from streamproof.warehouse.clickhouse.client import execute, rows
from streamproof.warehouse.clickhouse.migrations import engine_statements

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_COLUMNS = """
SELECT table, groupArray(name) AS names
FROM system.columns
WHERE database = {database:String} AND table IN {tables:Array(String)}
GROUP BY table
"""


def show_correlated(
    client: Client, database: str, tables: Collection[str], columns: Mapping[str, str], prefix: str
) -> None:
    """Create in the client's database a view of each of these tables and views of `database`.

    A view shows the rows whose column in `columns` begins with `prefix`, and all rows of an object without such a
    column. Nothing is written to `database`. Raises WarehouseError when a table or column does not exist.
    """
    found = {row["table"]: row["names"] for row in rows(client, _COLUMNS, {"database": database, "tables": [*tables]})}
    for table in tables:
        column = columns.get(table)
        if table not in found or (column and column not in found[table]):
            what = f"no column {column} in {table}" if table in found else f"no table or view {table}"
            raise WarehouseError(
                f"Database {database} has {what}, or the user may not read it.",
                hint="Compare `layers` and `correlation.columns` of pack.yaml with the running pipeline's database.",
            )
    for statement in engine_statements():
        execute(client, statement)
    for table in tables:
        where = f" WHERE startsWith({_quoted(columns[table])}, {sql_string(prefix)})" if table in columns else ""
        source = f"{_quoted(database)}.{_quoted(table)}"
        execute(client, f"CREATE OR REPLACE VIEW {_quoted(table)} AS SELECT * FROM {source}{where}")  # noqa: S608


def _quoted(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
