"""Files of a stack: its folder in the project, templates, logs, and those that several processes use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Template

from streamproof.model.files import file_lock, write_json

__all__ = ["file_lock", "fill_template", "last_lines", "stack_files", "write_json"]


def stack_files(home: Path) -> Path:
    """Return the folder of lock files and configuration templates below the project folder."""
    return home / "include" / "stack"


def fill_template(template: Path, target: Path, values: Mapping[str, object]) -> None:
    """Replace the ${names} of `template` and write the text to `target`. Raises KeyError for a name without a value."""
    text = Template(template.read_text(encoding="utf-8")).substitute(values)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def filled_jinja(template: Path, values: Mapping[str, object]) -> str:
    """Return the text of a Jinja template. Raises UndefinedError for a name without a value."""
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - few stacks need it

    environment = Environment(  # noqa: S701 - no HTML
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    return environment.from_string(template.read_text(encoding="utf-8")).render(values)


def last_lines(path: Path, count: int = 12) -> str:
    """Return the last lines of a log, '' when the file does not exist."""
    if not path.exists():
        return ""
    with path.open("rb") as handle:
        handle.seek(max(path.stat().st_size - 64_000, 0))
        lines = handle.read().decode("utf-8", "replace").splitlines()
    return "\n".join([line[:500] for line in lines if line.strip()][-count:])
