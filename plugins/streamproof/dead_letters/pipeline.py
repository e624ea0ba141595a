"""The pipeline whose dead letters are replayed: its topics, its brokers, its warehouse, and the files of a replay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from streamproof.model.errors import StackError, UsageError
from streamproof.model.settings import KafkaSettings, WarehouseSettings
from streamproof.packs.dead_letters import DeadLetterRules
from streamproof.packs.pack import INPUT, Pack
from streamproof.runtime.files import write_json
from streamproof.transport.base import Transport
from streamproof.transport.registry import transport_of

GROUP = "streamproof-dlq-replay"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Where dead letters are read, where their bodies are sent to, and where the rows arrive.

    `group` is the beginning of the transactional ids of replays. `warehouse` is None where nobody judges what becomes
    of the replay. `parameters` are the query parameters of the pack's checks.
    """

    pack: Pack
    rules: DeadLetterRules
    kafka: KafkaSettings = field(repr=False)
    dlq_topic: str
    output_topic: str
    group: str = GROUP
    warehouse: WarehouseSettings | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls,
        pack: Pack,
        kafka: KafkaSettings,
        *,
        topics: Mapping[str, str] | None = None,
        dlq_topic: str | None = None,
        output_topic: str | None = None,
        group: str | None = None,
        warehouse: WarehouseSettings | None = None,
    ) -> Pipeline:
        """Return the pipeline of a pack. `topics` are its topics by role where they differ from those of the pack.

        Raises UsageError for a pack that does not say how its dead letters are read, or when both topics are one.
        """
        rules = rules_of(pack)
        names = topics or pack.topics
        source, target = dlq_topic or names[rules.topic], output_topic or names[INPUT]
        if source == target:
            raise UsageError(f"Topic {source} would be replayed into itself.", hint="Name another output topic.")
        return cls(pack, rules, kafka, source, target, group or GROUP, warehouse)

    @property
    def transport(self) -> Transport:
        """Return the transport of the pack."""
        return transport_of(self.pack.transport)


def rules_of(pack: Pack) -> DeadLetterRules:
    """Return how the pack's dead letters are read. Raises UsageError for a pack that does not say it."""
    if pack.dead_letters is None:
        raise UsageError(
            f"Pack '{pack.name}' does not say how its dead letters are read.",
            hint="Add `dead_letters` to its pack.yaml: see docs/write-a-pack.md.",
        )
    return pack.dead_letters


def processor_variables(pack: Pack) -> dict[str, str]:
    """Return the environment variables by which the pack's processor gets its brokers and these topics, by field."""
    wanted = {
        "{bootstrap_servers}": "bootstrap",
        f"{{topic.{rules_of(pack).topic}}}": "dlq_topic",
        f"{{topic.{INPUT}}}": "output_topic",
    }
    variables = (getattr(processor, "env", {}) for processor in pack.processors.values())
    return {wanted[text]: name for env in variables for name, text in env.items() if text in wanted}


@dataclass(frozen=True, slots=True)
class ReplayFolder:
    """The files of one replay. The plan exists as soon as it is decided what is sent, and does not change.

    `letters` holds what is sent, one record a line, in the order of sending; it is removed when everything was sent.
    `skipped` names every record that was read and is not sent, one a line. `result` says what was sent.
    """

    path: Path

    @property
    def plan(self) -> Path:
        """Return the file of the plan."""
        return self.path / "plan.json"

    @property
    def letters(self) -> Path:
        """Return the file of the records that are sent."""
        return self.path / "letters.jsonl"

    @property
    def skipped(self) -> Path:
        """Return the file of the records that are not sent."""
        return self.path / "skipped.jsonl"

    @property
    def lock(self) -> Path:
        """Return the file that one process at a time locks."""
        return self.path / ".lock"

    @property
    def result(self) -> Path:
        """Return the file that says what was sent."""
        return self.path / "result.json"

    @property
    def checklist(self) -> Path:
        """Return the file with the results of the regression checklist."""
        return self.path / "checklist.json"

    def read(self, file: Path) -> dict[str, Any] | None:
        """Return the JSON document in one of the files, None while there is none. Raises StackError."""
        try:
            found: dict[str, Any] = orjson.loads(file.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, orjson.JSONDecodeError) as error:
            raise StackError(
                f"{file} cannot be read: {error}.", hint="Remove the folder only when you give up this replay."
            ) from None
        return found

    def write(self, file: Path, document: Mapping[str, Any]) -> None:
        """Write one of the files; a reader sees it whole or not at all."""
        write_json(file, document)
