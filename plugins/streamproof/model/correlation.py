"""How the events of a run are told apart in a pipeline that others use at the same time."""

from __future__ import annotations

import hashlib
from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

# What comes before the texts of a run's events: short, and made of characters that any id may have.
_HASH_DIGITS = 10
TimeUnit = Literal["s", "ms", "us", "ns", "iso"]


class Correlation(BaseModel):
    """The fields of an event that get a prefix which is unique to the run, and where the rows of such events show it.

    - `key`: the Kafka key gets the prefix.
    - `headers` are Kafka headers whose values get it; a record without such a header gets one.
    - `values` are fields of the value, as paths of nested objects joined by dots, whose texts get it.
    - `shift_times` are fields with times, and their units. They are moved by the same span, so that the latest event of
      the set happens now. Text in ISO-8601 (`iso`) keeps its zone and its number of decimals.
    - `columns` names for each table or view the column whose text begins with the prefix.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: bool = False
    headers: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    shift_times: dict[str, TimeUnit] = {}
    columns: dict[str, str] = {}

    @model_validator(mode="after")
    def _marks_something(self) -> Correlation:
        if not (self.key or self.headers or self.values):
            raise ValueError("marks nothing: name `key`, `headers` or `values`")
        if not self.columns:
            raise ValueError("names no `columns`: no row could be told apart")
        return self


def prefix_of(run_id: str) -> str:
    """Return the prefix of a run's events, such as `sp-3f9a0c11d2-`: ASCII, and the same for the same run."""
    return f"sp-{hashlib.sha256(run_id.encode()).hexdigest()[:_HASH_DIGITS]}-"
