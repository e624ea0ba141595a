"""The names that isolate a run: its own database, topics and consumer groups."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from streamproof.model.files import require_id
from streamproof.packs.flink_jobs import FlinkProcessor
from streamproof.packs.pack import INPUT, Pack
from streamproof.packs.processors import Processor, RunningProcessor

# The roles of the consumer groups of a run, as `accounting.drained` of a pack names them.
PROCESSOR, RAW = "processor", "raw"


@dataclass(frozen=True, slots=True)
class RunNames:
    """The names of the run's database, its topics by role, and its consumer groups by role.

    They are unique to the run, but for the topics and groups of a pipeline that was running before. A run that serves a
    fixture set has no topic and no group; `source` is then the name under which the ledger has its records.
    """

    database: str
    topics: Mapping[str, str]
    groups: Mapping[str, str]
    source: str = ""

    @classmethod
    def of(cls, pack: Pack, run_id: str, processor: Processor | None = None) -> RunNames:
        """Derive the names from a run id and the run's processor, None for one that the run starts.

        Raises UsageError for a run id that is not valid as a folder or topic name.
        """
        require_id(run_id, "a run id")
        database = f"sp_{pack.name}_{re.sub('[^A-Za-z0-9]', '_', run_id)}"
        if pack.source:
            return cls(database, {}, {}, source=f"{run_id}.source")
        if isinstance(processor, RunningProcessor):
            return cls(database, processor.topics, processor.groups)
        unused = _row_topics(*pack.processors.values()) - _row_topics(*([processor] if processor else []))
        topics = {role: f"{run_id}.{topic}" for role, topic in pack.topics.items() if role not in unused}
        roles = (PROCESSOR, RAW, *(processor.row_topics.values() if isinstance(processor, FlinkProcessor) else ()))
        return cls(database, topics, {role: f"{run_id}.{role}" for role in roles})

    @property
    def placeholders(self) -> dict[str, str]:
        """Return the names as values of a processor's placeholders: `database`, `topic.ROLE`, `group.ROLE`."""
        topics = {f"topic.{role}": name for role, name in self.topics.items()}
        groups = {f"group.{role}": name for role, name in self.groups.items()}
        return {**topics, **groups, "database": self.database}

    @property
    def input_topic(self) -> str:
        """Return the topic that a replay publishes to, or the name that stands for it when records are served."""
        return self.source or self.topics[INPUT]


def _row_topics(*processors: Processor) -> set[str]:
    """Return the roles of the topics by which the rows of these processors reach the warehouse."""
    return {role for found in processors if isinstance(found, FlinkProcessor) for role in found.row_topics}
