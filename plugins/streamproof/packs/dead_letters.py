"""The section `dead_letters:` of a pack: how its dead letters are read, and how their bodies are sent again."""

from __future__ import annotations

from pydantic import Field

from streamproof.packs.strict import Strict


class RecordPaths(Strict):
    """The paths of the position that a rejected record had: its topic, partition and offset."""

    topic: str
    partition: str
    offset: str


class ReplayMarkers(Strict):
    """The keys that are added to the top level of a body that is sent again.

    `flag` is true; `time` is the time of the replay in Unix milliseconds; `source` is the role of the topic that the
    body comes from; `failure_class` is the original class. `count` says how often the event has been sent again.
    """

    flag: str
    time: str
    source: str
    failure_class: str
    count: str

    @property
    def names(self) -> tuple[str, ...]:
        """Return the keys."""
        return (self.flag, self.time, self.source, self.failure_class, self.count)


class DeadLetterRules(Strict):
    """How the JSON values of the dead-letter topic are read. Paths are names of nested objects, joined by dots.

    `topic` is the role of the topic. `times` are the paths of times in Unix milliseconds, by which a window selects;
    the first that holds one counts. `record_time` is the path of the time of the rejected Kafka record, `record` its
    position. `body` is the rejected value, as text where the value at `encoding` is `text_encoding`. `parameters` are
    query parameters of the checklist, beside those of the pack.
    """

    topic: str
    times: tuple[str, ...] = Field(min_length=1)
    record_time: str
    record: RecordPaths
    failure_class: str
    reason: str
    event_id: str
    encoding: str
    text_encoding: str
    body: str
    markers: ReplayMarkers
    parameters: dict[str, int | float | str] = Field(default_factory=dict)
