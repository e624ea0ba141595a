"""The options that a pack's export has of its own, as words of a command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from streamproof.model.errors import UsageError
from streamproof.packs.exports import ExportOption


def read_own_options(words: Sequence[str], known: Mapping[str, ExportOption]) -> dict[str, object]:
    """Return the options in the words that the command's own parser has left over: `--name VALUE` or `--[no-]name`.

    Unknown names are returned, too: whoever reads the values refuses them. Raises UsageError for a word that is no
    option, and for an option without its value.
    """
    found: dict[str, object] = {}
    remaining = list(words)
    while remaining:
        word = remaining.pop(0)
        if not word.startswith("--"):
            raise UsageError(
                f"Got unexpected extra argument ({word}).", hint="See `streamproof fixtures export --help`."
            )
        shown, has_value, value = word.removeprefix("--").partition("=")
        name = shown.replace("-", "_")
        if not has_value and _is_switch(known, name):
            found[name] = True
        elif not has_value and name.startswith("no_") and _is_switch(known, name.removeprefix("no_")):
            found[name.removeprefix("no_")] = False
        elif has_value or name not in known:
            found[name] = value
        elif remaining:
            found[name] = remaining.pop(0)
        else:
            raise UsageError(f"Option '{word}' requires an argument.", hint=f"{known[name].help}.")
    return found


def _is_switch(known: Mapping[str, ExportOption], name: str) -> bool:
    return name in known and isinstance(known[name].default, bool)
