"""The processors of a pack, which turn records into rows, and how a run starts them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from streamproof.model.errors import UsageError
from streamproof.packs.strict import Strict

_PLACEHOLDER = re.compile(r"\{([a-z_]+(?:\.[a-z_]+)?)\}")


class CommandProcessor(Strict):
    """Any program. Its texts may hold placeholders such as `{bootstrap_servers}`, replaced when the stack is up.

    `env` holds environment variables. `secrets` holds further ones, which are passed through a pipe and never written
    to a file. `status_file` and `state_dir` are the names of two variables: the program writes its state to the file,
    and its own files to the folder, that they contain. They are '' for a program that does not use them.
    """

    kind: Literal["command"]
    argv: tuple[str, ...] = Field(min_length=1)
    env: dict[str, str] = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict)
    status_file: str = ""
    state_dir: str = ""


class WarehouseProcessor(Strict):
    """No process: the warehouse itself reads the topic, as the pack's schema defines."""

    kind: Literal["warehouse"]


class RunningProcessor(Strict):
    """A pipeline that runs already, with topics and tables of its own that others use, too (stack `external` only).

    `topics` are its topics by role, the role `input` included, and `groups` its consumer groups by role. `database` is
    the one that holds its tables. The pack's `correlation` says how the events of a run are told apart. Its consumers
    must be assigned the topic within `ready_timeout_sec` seconds.
    """

    kind: Literal["running"]
    topics: dict[str, str]
    database: str = Field(min_length=1)
    groups: dict[str, str] = Field(default_factory=dict)
    ready_timeout_sec: float = Field(default=60.0, gt=0)


Processor = Annotated[CommandProcessor | WarehouseProcessor | RunningProcessor, Field(discriminator="kind")]


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return `text` with every `{placeholder}` replaced by its value. Other braces are not changed.

    Raises UsageError for a placeholder without a value.
    """
    unknown = sorted({name for name in _PLACEHOLDER.findall(text) if name not in values})
    if unknown:
        raise UsageError(
            f"pack.yaml: a processor names {{{unknown[0]}}}, which is not known.",
            hint=f"Placeholders are: {', '.join(sorted(values))}.",
        )
    return fill_known(text, values)


def fill_known(text: str, values: Mapping[str, str]) -> str:
    """Return `text` with every `{placeholder}` that has a value replaced. Everything else is not changed."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)
