"""Judge the parts of a run in processes of their own, one for each core that this process may use."""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Any, BinaryIO, NoReturn, Self, cast

from streamproof.checks.oracle_parts import Row
from streamproof.checks.partitions import Part
from streamproof.model import errors
from streamproof.model.errors import StackError
from streamproof.runs.context import RunContext
from streamproof.runtime.process import dying_with_us, python_module
from streamproof.stages.expecting.answer import Answer

CHILD = "streamproof.stages.expecting.child"
# Records are sent in lists of this length, because every message costs time of its own.
SENT_TOGETHER = 500

Records = Callable[[Part], Iterator[tuple[Any, ...]]]


class Worker:
    """One process. It ends at the latest with the thread that started it. Its output goes to the stage's log."""

    def __init__(self, ctx: RunContext, stage: str, columns: Mapping[str, Mapping[str, str]]) -> None:
        """Start the process and send it the run, its connections, and the columns to compare."""
        self._log = ctx.folder.stages / f"{stage}.log"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                dying_with_us(python_module(CHILD)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        self._messages = cast("BinaryIO", self._process.stdin)
        self._answers = cast("BinaryIO", self._process.stdout)
        # Connections hold secrets, which must not be in the run's folder. So they are sent by the pipe.
        connections = ctx.outside() if ctx.plan.needs_connections else None
        self._send((ctx.folder.root, connections, dict(columns)))

    def judge(self, part: Part, records: Iterator[tuple[Any, ...]]) -> Answer:
        """Return what the process answers for a part. Raises its error, or StackError when it has ended."""
        self._send(part.context)
        while batch := list(islice(records, SENT_TOGETHER)):
            self._send(batch)
        self._send(None)
        return self._answer()

    def _send(self, message: object) -> None:
        try:
            pickle.dump(message, self._messages, protocol=pickle.HIGHEST_PROTOCOL)
            self._messages.flush()
        except BrokenPipeError:
            self._lost()

    def _answer(self) -> Answer:
        try:
            answer: Answer = pickle.load(self._answers)  # noqa: S301 - from the process that we started
        except EOFError:
            self._lost()
        if answer.error is not None:
            kind, message, hint = answer.error
            raise getattr(errors, kind)(message, hint=hint)
        if answer.trace:
            raise RuntimeError(f"The pack's oracle failed:\n{answer.trace}")
        return answer

    def _lost(self) -> NoReturn:
        code = self._process.wait()
        raise StackError(
            f"A process of the oracle ended before its work was done, code {code}.",
            hint=f"Its last lines are in {self._log}. Code -9: was memory short?",
        )

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        self._answers.close()
        # What was not sent is of no use to a process that has ended.
        with contextlib.suppress(BrokenPipeError):
            self._messages.close()


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def judge_parts(
    ctx: RunContext, stage: str, columns: Mapping[str, Mapping[str, str]], parts: Sequence[Part], records: Records
) -> tuple[dict[str, int], list[Row]]:
    """Judge every part, and return the numbers of stored rows by table, and the sessions in the order of the parts.

    `records` returns the records of a part. The first error ends all processes and is raised.
    """
    waiting: SimpleQueue[int] = SimpleQueue()
    for number in range(len(parts)):
        waiting.put(number)
    answers: dict[int, Answer] = {}

    def work() -> None:
        try:
            with Worker(ctx, stage, columns) as worker:
                while True:
                    number = waiting.get_nowait()
                    answers[number] = worker.judge(parts[number], records(parts[number]))
                    ctx.log(f"part {number + 1} of {len(parts)}: {len(parts[number].records)} records judged")
        except Empty:
            return
        except BaseException:
            _drop(waiting)
            raise

    workers = min(cores(), len(parts))
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="oracle") as pool:
        for done in [pool.submit(work) for _ in range(workers)]:
            done.result()
    numbers: Counter[str] = Counter(dict.fromkeys(columns, 0))
    for number in range(len(parts)):
        numbers.update(answers[number].numbers)
    return dict(numbers), [session for number in range(len(parts)) for session in answers[number].sessions]


def _drop(waiting: SimpleQueue[int]) -> None:
    """Take all parts from the queue, so that no other process begins one."""
    try:
        while True:
            waiting.get_nowait()
    except Empty:
        return
