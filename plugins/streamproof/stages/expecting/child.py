"""The process that computes expected rows: `python -m streamproof.stages.expecting.child`.

It gets pickled messages by standard input: first the run and the columns to compare, then for each part the sequences
whose rows belong to other parts, lists of records, and None as their end. It answers each part on standard output, and
stores its rows itself. It ends when standard input does.
"""

from __future__ import annotations

import os
import pickle
import sys
import traceback
from collections.abc import Collection, Iterator, Mapping
from typing import Any, BinaryIO

from streamproof.checks.oracle_parts import PartedOracle, is_parted, load_oracle
from streamproof.model.errors import StreamproofError, UsageError
from streamproof.runs.context import RunContext
from streamproof.stages.expecting.answer import Answer
from streamproof.warehouse.base import Warehouse


def _records(source: BinaryIO) -> Iterator[tuple[Any, ...]]:
    while (batch := pickle.load(source)) is not None:  # noqa: S301 - from the process that started us
        yield from batch


def _answer(
    oracle: PartedOracle,
    warehouse: Warehouse,
    columns: Mapping[str, Mapping[str, str]],
    records: Iterator[tuple[Any, ...]],
    context: Collection[int],
) -> Answer:
    try:
        expectation = oracle.PartExpectation(records, context)
        numbers = warehouse.store_expected(expectation.rows(), columns, added=True)
        return Answer(numbers, expectation.sessions())
    except StreamproofError as error:
        return Answer({}, [], (type(error).__name__, error.message, error.hint))
    except Exception:  # noqa: BLE001 - the process that started us raises it
        return Answer({}, [], trace=traceback.format_exc())
    finally:
        # The next message stands behind the records that were not read.
        for _ in records:
            pass


def main() -> None:
    """Judge parts until standard input ends."""
    # A pack's code may print. That must not get between the answers, so it goes to the log.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    source = sys.stdin.buffer
    folder, connections, columns = pickle.load(source)  # noqa: S301 - from the process that started us
    ctx = RunContext.open(folder)
    ctx = ctx.connected(lambda: connections) if connections else ctx
    oracle = load_oracle(ctx.pack)
    if not is_parted(oracle):
        raise UsageError(f"The oracle of pack '{ctx.pack.name}' has changed.", hint="Run again.")
    with ctx.warehouse() as warehouse:
        while True:
            try:
                context = pickle.load(source)  # noqa: S301 - from the process that started us
            except EOFError:
                return
            pickle.dump(_answer(oracle, warehouse, columns, _records(source), context), answers)
            answers.flush()


if __name__ == "__main__":
    main()
