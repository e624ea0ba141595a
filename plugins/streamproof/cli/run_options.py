"""The options of `run` and `prove` as objects that build the request of the run."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_type_hints

import typer

from streamproof.cli.annotations import Annotations
from streamproof.cli.options import (
    Events,
    Faults,
    FromTs,
    Inject,
    Json,
    Kafka,
    KeepStack,
    LookbackHours,
    Manifest,
    NewRunId,
    Pack,
    Parallelism,
    Partitions,
    Processor,
    ShiftTo,
    Speed,
    Stack,
    TolerateBadLines,
    ToTs,
    named,
    window_texts,
)
from streamproof.model.plan import PROVE

if TYPE_CHECKING:
    from streamproof.runs.request import RunRequest

Mode = Annotated[
    str,
    typer.Option(
        "--mode",
        help="full; smoke: one session per scenario; observe: judge the warehouse of CH_HOST in a window, "
        "writing nothing.",
    ),
]
Suites = Annotated[
    list[str] | None, typer.Option("--suites", help="Only these suites; can be repeated.", metavar="NAME")
]
InputTopic = Annotated[
    str | None,
    typer.Option("--input-topic", help="With --mode observe: the topic that feeds the warehouse.", metavar="TOPIC"),
]
YesShared = Annotated[
    bool,
    typer.Option("--yes-shared", help="Publish into a running pipeline that others use, with marked events."),
]
Options = TypeVar("Options")


def takes(options: type[Options]) -> Callable[[Callable[[Options], None]], Callable[..., None]]:
    """Make a command of a function that takes one object: each field of its dataclass is an option of the command."""

    def command_of(function: Callable[[Options], None]) -> Callable[..., None]:
        @functools.wraps(function)
        def command(**given: Any) -> None:
            function(options(**given))

        hints = get_type_hints(options, include_extras=True)
        signature = inspect.signature(options)
        parameters = [one.replace(annotation=hints[name]) for name, one in signature.parameters.items()]
        # Typer reads both.
        command.__dict__["__signature__"] = signature.replace(parameters=parameters, return_annotation=None)
        command.__annotations__ = {name: hints[name] for name in signature.parameters}
        return command

    return command_of


@dataclass(frozen=True, kw_only=True)
class CommonOptions:
    """The options that `run` and `prove` share."""

    pack: Pack = None
    run_id: NewRunId = None
    stack: Stack = "local"
    processor: Processor = None
    partitions: Partitions = 1
    parallelism: Parallelism = None
    kafka: Kafka = "broker"
    manifest: Manifest = None
    speed: Speed = "max"
    shift_to: ShiftTo = None
    events: Events = None
    faults: Faults = None
    keep_stack: KeepStack = False
    tolerate_bad_lines: TolerateBadLines = False
    inject: Inject = None
    from_ts: FromTs = None
    to_ts: ToTs = None
    lookback_hours: LookbackHours = None
    json: Json = False

    def common_request(self, mode: str, now: datetime) -> RunRequest:
        """Return the request of a run in a mode, with what these options say of it. Raises UsageError."""
        from streamproof.runs.request import RunRequest

        start, end = window_texts(self.from_ts, self.to_ts, self.lookback_hours, now=now)
        return RunRequest(
            pack=self.pack,
            run_id=self.run_id,
            mode=mode,
            stack=self.stack,
            processor=self.processor,
            partitions=self.partitions,
            parallelism=self.parallelism,
            kafka=self.kafka,
            manifest=self.manifest,
            speed=self.speed,
            shift_to=self.shift_to,
            events=self.events,
            faults=self.faults,
            keep_stack=self.keep_stack,
            tolerate_bad_lines=self.tolerate_bad_lines,
            inject=self.inject,
            from_ts=start,
            to_ts=end,
        )


@dataclass(frozen=True, kw_only=True)
class RunOptions(CommonOptions):
    """The options of `run`."""

    mode: Mode = "full"
    suites: Suites = None
    input_topic: InputTopic = None
    yes_shared: YesShared = False
    annotations: Annotations = None

    def request(self, now: datetime) -> RunRequest:
        """Return the request of the run. Raises UsageError."""
        suites = named(self.suites)
        return replace(
            self.common_request(self.mode, now),
            # A proof always makes a complete run. The selected suites limit only what it proves.
            suites=() if self.mode == PROVE else suites,
            prove_suites=suites if self.mode == PROVE else (),
            input_topic=self.input_topic,
            yes_shared=self.yes_shared,
        )
