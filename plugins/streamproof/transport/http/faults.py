"""A plan of faults: which requests of the pipeline get another answer than the app's, and what they get instead."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from streamproof.model.formats.yaml_files import read_model
from streamproof.packs.strict import Strict

_HINT = "docs/write-a-pack.md describes a plan of faults."
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
Share = Annotated[float, Field(gt=0, lt=1)]
# A longer wait than any client's own time-out proves nothing more.
LONGEST_WAIT_SEC = 600.0


class Answer(Strict):
    """The app is not asked: the client gets this status, these headers and this body."""

    kind: Literal["answer"]
    status: int = Field(ge=200, le=599)
    headers: dict[str, str] = Field(default_factory=dict)
    body: str = ""


class Status(Strict):
    """The client gets the app's answer with another status, for example 206."""

    kind: Literal["status"]
    status: int = Field(ge=200, le=599)


class Slow(Strict):
    """The client gets the app's answer, `before_sec` seconds later. One that gives up earlier gets nothing."""

    kind: Literal["slow"]
    before_sec: float = Field(gt=0, le=LONGEST_WAIT_SEC)


class Cut(Strict):
    """The connection breaks after `share` of the bytes of the app's body."""

    kind: Literal["cut"]
    share: Share = 0.5


class CutClean(Strict):
    """The answer ends as if it were whole, after those messages of the app's body that fit into `share` of its bytes.

    An app that sends its records in several messages, each of which can be read by itself, is cut between two records.
    """

    kind: Literal["cut_clean"]
    share: Share = 0.5


Action = Annotated[Answer | Status | Slow | Cut | CutClean, Field(discriminator="kind")]


class Fault(Strict):
    """One fault. It concerns requests with this `method` and `path` whose query string or body has the text `holds`.

    '' stands for any. Of these requests, counted from 1, it is applied to those in `calls`; with `always`, to all.
    """

    method: str = ""
    path: str = ""
    holds: str = ""
    calls: tuple[Annotated[int, Field(ge=1)], ...] = (1,)
    always: bool = False
    do: Action

    @model_validator(mode="after")
    def _is_applied(self) -> Fault:
        if self.always and "calls" in self.model_fields_set:
            raise ValueError("has `always` and `calls`: give one of them")
        if not self.calls:
            raise ValueError("`calls` is empty, so the fault never happens")
        return self

    def concerns(self, method: str, path: str, asked: str) -> bool:
        """Return whether it concerns a request; `asked` is its query string and its body."""
        return self.method.upper() in ("", method) and self.path in ("", path) and self.holds in asked


class FaultPlan(Strict):
    """The content of a plan of faults: faults by name. Of several that concern a call, the first is applied."""

    faults: dict[Name, Fault] = Field(min_length=1)


def read_fault_plan(path: Path) -> FaultPlan:
    """Read a plan of faults. Raises UsageError that names file, line and key of an error."""
    return read_model(path, FaultPlan, what="Fault plan", hint=_HINT)


class Faults:
    """The faults of a server, with the number of requests that each of them has concerned."""

    def __init__(self, plan: FaultPlan | None) -> None:
        self._faults = dict(plan.faults) if plan else {}
        self._calls: Counter[str] = Counter()

    def next(self, method: str, path: str, asked: str) -> tuple[str, Action | None]:
        """Count a request, and return name and action of the fault that is applied to it, ('', None) for none."""
        chosen: tuple[str, Action | None] = ("", None)
        for name, fault in self._faults.items():
            if not fault.concerns(method, path, asked):
                continue
            self._calls[name] += 1
            if not chosen[0] and (fault.always or self._calls[name] in fault.calls):
                chosen = (name, fault.do)
        return chosen
