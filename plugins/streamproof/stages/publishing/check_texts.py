"""The texts by which a run's checks judge, kept in its folder: the pack's files may change after the run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import orjson

from streamproof.checks.contracts.files import ContractCheck
from streamproof.checks.parity import SUITE
from streamproof.model.errors import StreamproofError
from streamproof.model.plan import CONTRACTS, ORACLE
from streamproof.runs.context import RunContext
from streamproof.runtime.files import write_json

FILE = "checks.json"


def keep_texts(ctx: RunContext) -> None:
    """Write the text of each check of the run to `checks.json`, by `suite.name`.

    A pack whose files can no longer be read is logged: the report then shows no text.
    """
    try:
        write_json(ctx.folder.root / FILE, dict(_texts(ctx)))
    except StreamproofError as problem:
        ctx.log(f"{FILE} is not written: {problem.message}")


def read_texts(ctx: RunContext) -> dict[str, str]:
    """Return the texts of the run's checks by `suite.name`; empty for a run that has kept none."""
    path = ctx.folder.root / FILE
    if not path.is_file():
        return {}
    try:
        found = orjson.loads(path.read_bytes())
    except ValueError as problem:
        ctx.log(f"{FILE} cannot be read: {problem}")
        return {}
    return {str(name): str(text) for name, text in found.items()} if isinstance(found, dict) else {}


def _texts(ctx: RunContext) -> Iterator[tuple[str, str]]:
    planned = set(ctx.plan.planned_stages)
    for suite in ctx.plan.sql_suites:
        for block in ctx.files.suite(suite):
            yield f"{suite}.{block.name}", block.sql
    if CONTRACTS in planned:
        for contract in ctx.files.contracts:
            for check in contract.checks:
                yield f"{CONTRACTS}.{check.name}", _expectation(check)
    if ORACLE in planned:
        yield from _of_oracle(ctx)


def _of_oracle(ctx: RunContext) -> Iterator[tuple[str, str]]:
    """Yield the checks of stage `oracle` that judge by SQL: the others compare with the oracle's rows alone."""
    if ctx.pack.entities is not None:
        for name, block in ctx.files.oracle_sql.checks.items():
            yield f"{ORACLE}.{name}", block.sql
    for item in ctx.files.parity:
        if text := item.expected_sql or item.seen_sql:
            yield f"{SUITE}.{item.check}", text


def _expectation(check: ContractCheck) -> str:
    """Return an expectation as its file states it: the type, and the arguments as JSON."""
    arguments: dict[str, Any] = dict(check.kwargs)
    return f"{check.type}\n{json.dumps(arguments, indent=2, ensure_ascii=False, default=str)}"
