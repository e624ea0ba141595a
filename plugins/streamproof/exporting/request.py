"""What an export is asked for, and the pack's own options by their types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from streamproof.model.errors import UsageError
from streamproof.model.window import Window
from streamproof.packs.exports import Export, ExportOption
from streamproof.packs.pack import Pack

_NO, _YES = ("0", "false", "no"), ("1", "true", "yes")


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to export, and where to.

    `window` is that in which entities begin. `out` is the folder of the set, which must not exist. Records are searched
    `session_padding_minutes` before an entity's start and after its end; an entity without an end is taken to have
    lasted `open_session_duration_minutes`. The manifest's window is `manifest_window_padding_minutes` wider than what
    was found. `scenario_sql` replaces the pack's queries for candidates. `options` are the pack's own, by name.
    """

    window: Window
    out: Path
    limit_per_scenario: int = 3
    session_padding_minutes: int = 5
    open_session_duration_minutes: int = 30
    manifest_window_padding_minutes: int = 60
    allow_missing_scenarios: bool = False
    scenario_sql: Path | None = None
    options: Mapping[str, bool | int | str] = field(default_factory=dict)

    def parameters(self) -> dict[str, object]:
        """Return the query parameters that are the same for every query."""
        own = {name: int(value) if isinstance(value, bool) else value for name, value in self.options.items()}
        return {
            **own,
            **self.window.query_parameters(),
            "limit_per_scenario": self.limit_per_scenario,
            "session_padding_minutes": self.session_padding_minutes,
            "open_session_duration_minutes": self.open_session_duration_minutes,
        }


def export_of(pack: Pack) -> Export:
    """Return the section `export:` of a pack. Raises UsageError when it has none."""
    if pack.export is None:
        raise UsageError(
            f"Pack '{pack.name}' does not say how fixtures are exported.",
            hint="Give it a section `export:`: see docs/write-a-pack.md, section Export.",
        )
    return pack.export


def pack_options(pack: Pack, given: Mapping[str, object]) -> dict[str, bool | int | str]:
    """Return a value for each option of the pack's export: the given one, as its type, or the default.

    Names may be written with dashes. Raises UsageError for an unknown option and for a value of another type.
    """
    known = export_of(pack).options
    named = {name.replace("-", "_"): value for name, value in given.items()}
    for name in named:
        if name not in known:
            own = ", ".join(f"--{known_name.replace('_', '-')}" for known_name in known)
            raise UsageError(
                f"No such option: --{name.replace('_', '-')}.",
                hint=f"Pack '{pack.name}' has of its own: {own or 'none'}.",
            )
    return {
        name: _typed(name, option, named[name]) if name in named else option.default for name, option in known.items()
    }


def _typed(name: str, option: ExportOption, value: object) -> bool | int | str:
    text = str(value).strip()
    shown = f"--{name.replace('_', '-')}"
    if isinstance(option.default, bool):
        if text.lower() not in (*_NO, *_YES):
            raise UsageError(f"{shown} is '{text}'.", hint=f"It is a switch: give {shown} or --no-{shown[2:]}.")
        return text.lower() in _YES
    if isinstance(option.default, int):
        if not (text.isascii() and text.isdigit() and int(text) <= 2**31):
            raise UsageError(f"{shown} is '{text}'.", hint=f"It is a whole number, by default {option.default}.")
        return int(text)
    return text
