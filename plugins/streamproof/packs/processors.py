"""Processors of a pack: what turns records into rows, and how a run starts it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from streamproof.model.errors import UsageError
from streamproof.packs.strict import Strict

_PLACEHOLDER = re.compile(r"\{([a-z_]+(?:\.[a-z_]+)?)\}")


class CommandProcessor(Strict):
    """Any program. Texts may hold placeholders such as `{bootstrap_servers}`, filled in when its stack is up.

    `env` are environment variables. `secrets` are more of them: they go to the process through a pipe and are never
    written to a file. `status_file` and `state_dir` name the variables that tell the program where to report its state
    and where to keep files of its own; '' for a program that does not.
    """

    kind: Literal["command"]
    argv: tuple[str, ...] = Field(min_length=1)
    env: dict[str, str] = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict)
    status_file: str = ""
    state_dir: str = ""


class WarehouseProcessor(Strict):
    """No process: the warehouse reads the topic itself, by what the pack's schema holds."""

    kind: Literal["warehouse"]


Processor = Annotated[CommandProcessor | WarehouseProcessor, Field(discriminator="kind")]


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return `text` with every `{placeholder}` replaced by its value; other braces stay as they are.

    Raises UsageError for a placeholder that has no value.
    """
    unknown = sorted({name for name in _PLACEHOLDER.findall(text) if name not in values})
    if unknown:
        raise UsageError(
            f"pack.yaml: a processor names {{{unknown[0]}}}, which is not known.",
            hint=f"Placeholders are: {', '.join(sorted(values))}.",
        )
    return _PLACEHOLDER.sub(lambda found: values[found[1]], text)
