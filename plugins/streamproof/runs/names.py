"""The names that isolate a run: its own database, topics and consumer groups."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from streamproof.model.errors import UsageError
from streamproof.packs.pack import INPUT, Pack

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class RunNames:
    """The names of what a run creates outside its folder. They are unique to the run. `topics` are by role."""

    database: str
    topics: Mapping[str, str]
    processor_group: str
    raw_group: str

    @classmethod
    def of(cls, pack: Pack, run_id: str) -> RunNames:
        """Derive the names from a run id. Raises UsageError for one that is not valid as a folder or topic name."""
        if not _RUN_ID.fullmatch(run_id):
            raise UsageError(
                f"'{run_id}' is not a run id.",
                hint="Use 1 to 64 letters, digits, dots, dashes or underscores, starting with a letter or digit.",
            )
        return cls(
            database=f"sp_{pack.name}_{re.sub('[^A-Za-z0-9]', '_', run_id)}",
            topics={role: f"{run_id}.{topic}" for role, topic in pack.topics.items()},
            processor_group=f"{run_id}.processor",
            raw_group=f"{run_id}.raw",
        )

    @property
    def groups(self) -> Mapping[str, str]:
        """Return the consumer groups of the run by role, as `accounting.drained` of a pack names them."""
        return {"processor": self.processor_group, "raw": self.raw_group}

    @property
    def input_topic(self) -> str:
        """Return the topic that a replay publishes to."""
        return self.topics[INPUT]
