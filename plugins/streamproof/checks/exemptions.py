"""Which columns nobody can foretell, by a pack's closed list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from streamproof.model.errors import UsageError

_ANY = "*."


def exempt_columns(listed: Mapping[str, str], columns: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the reason by `object.column` of every column that the list names.

    `listed` maps `object.column`, or `*.column` for that column of every object, to the reason; `columns` are the
    columns of every object. Raises UsageError for an entry that names nothing: it would exempt by accident one day.
    """
    found: dict[str, str] = {}
    for entry, reason in listed.items():
        wanted = entry.removeprefix(_ANY)
        named = [
            f"{name}.{column}"
            for name, of_object in columns.items()
            for column in of_object
            if (column == wanted if entry.startswith(_ANY) else f"{name}.{column}" == entry)
        ]
        if not named:
            raise UsageError(f"exempt_columns: no layer has a column {entry}.", hint="Take the line out of pack.yaml.")
        found.update(dict.fromkeys(named, reason))
    return found
