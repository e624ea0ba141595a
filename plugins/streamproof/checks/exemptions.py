"""The columns whose values cannot be predicted. A pack lists them in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from streamproof.model.errors import UsageError

_ANY = "*."


def exempt_columns(listed: Mapping[str, str], columns: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the reason for each listed column, by `object.column`.

    `listed` maps `object.column`, or `*.column` for that column of every object, to the reason. `columns` are the
    columns of every object. Raises UsageError for an entry that matches no column, because it could exempt a column
    that is added later.
    """
    found: dict[str, str] = {}
    for entry, reason in listed.items():
        column_name = entry.removeprefix(_ANY)
        matching = [
            f"{name}.{column}"
            for name, columns_of_object in columns.items()
            for column in columns_of_object
            if (column == column_name if entry.startswith(_ANY) else f"{name}.{column}" == entry)
        ]
        if not matching:
            raise UsageError(f"exempt_columns: no layer has a column {entry}.", hint="Take the line out of pack.yaml.")
        found.update(dict.fromkeys(matching, reason))
    return found
