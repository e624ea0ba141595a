"""Contract files: what a table promises its readers, as data (one YAML file a table)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from streamproof.checks.contracts.expectations import refuse_misspelt
from streamproof.model.documents import read_yaml
from streamproof.model.errors import UsageError
from streamproof.sql.reading import shown_path

# What `{$PARAMETER: name}` in a contract may name: the ends of the window, and the topics that the run publishes to.
PARAMETERS = frozenset({"from_ts", "to_ts", "input_topics"})

_HINT = "docs/write-a-pack.md has every key, in section Contracts."
_TYPE = re.compile(r"expect_[a-z0-9_]+|unexpected_rows_expectation")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_CONTRACT_KEYS = frozenset(
    {
        "table",
        "about",
        "layer",
        "needs",
        "time",
        "grain",
        "leave_out",
        "computed",
        "identify",
        "session",
        "expectations",
    }
)
_EXPECTATION_KEYS = frozenset({"expect", "name", "why", "kwargs", "mutations"})


@dataclass(frozen=True, slots=True)
class Mutation:
    """SQL statements that make a check fail; `also_fails` names the only others that may fail."""

    statements: tuple[str, ...]
    also_fails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContractCheck:
    """One expectation: its Great Expectations type and arguments, why it matters, and how it is proved able to fail."""

    name: str
    type: str
    kwargs: Mapping[str, Any]
    why: str
    mutations: tuple[Mutation, ...]


@dataclass(frozen=True, slots=True)
class Contract:
    """What one table or view promises.

    `layer` is the layer whose content a failure puts in doubt ('' for that of the table in the pack); `needs` says what
    an empty table lacks. `time` is the column that the window is held against ('' to read the table whole); with
    `hourly`, its values are starts of hours, and every hour that the window touches is read. `leave_out` are columns
    not read; `computed` are columns that are made as they are read, SQL by name, behind the others. `identify` are the
    columns that tell an offending row; `session` the columns whose values, joined by `|`, are the workflow session id
    (or none).
    """

    table: str
    file: Path
    layer: str
    needs: str
    time: str
    hourly: bool
    leave_out: tuple[str, ...]
    computed: Mapping[str, str]
    identify: tuple[str, ...]
    session: tuple[str, ...]
    checks: tuple[ContractCheck, ...]


def load_contracts(folder: Path, *, relative_to: Path | None = None) -> tuple[Contract, ...]:
    """Read every contract of a pack, sorted by file name; `file` of each is told relative to `relative_to`.

    Raises UsageError naming the file that is broken.
    """
    files = sorted(path for path in folder.glob("*") if path.suffix in (".yaml", ".yml"))
    if not files:
        raise UsageError(f"There is no contract in {folder}.", hint="Add a YAML file for each table that has readers.")
    contracts = (load_contract(file) for file in files)
    return tuple(replace(contract, file=Path(shown_path(contract.file, relative_to))) for contract in contracts)


def load_contract(file: Path) -> Contract:
    """Read one contract. Raises UsageError naming the file and what is wrong with it."""
    data = read_yaml(file, what="Contract", hint=_HINT)
    try:
        return _contract(file, data)
    except KeyError as error:
        raise _broken(file, f"lacks {error}") from None
    except (AttributeError, TypeError, ValueError) as error:
        raise _broken(file, str(error)) from None


def _broken(file: Path, what: str) -> UsageError:
    return UsageError(f"Contract {file}: {what.rstrip('.?')}{'?' if what.endswith('?') else '.'}", hint=_HINT)


def _contract(file: Path, data: Any) -> Contract:
    if not isinstance(data, Mapping):
        raise TypeError("it is not a mapping")
    _only(data, _CONTRACT_KEYS, "the contract")
    table = str(data["table"])
    checks = tuple(_check(table, entry) for entry in data["expectations"])
    names = [check.name for check in checks]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"the check {twice[0]} is there twice; give one of them a `name`")
    if not checks:
        raise ValueError("there are no expectations")
    return Contract(
        table=table,
        file=file,
        layer=str(data.get("layer", "")),
        needs=str(data["needs"]),
        time=str(data.get("time", "")),
        hourly=_is_hourly(data),
        computed=_computed(data.get("computed", {})),
        leave_out=_texts(data.get("leave_out", []), "leave_out"),
        identify=_texts(data["identify"], "identify"),
        session=_texts(data.get("session", []), "session"),
        checks=checks,
    )


def _is_hourly(data: Mapping[str, Any]) -> bool:
    grain = data.get("grain")
    if grain not in (None, "hour"):
        raise ValueError(f"there is no grain `{grain}`; it is `hour`, or left out")
    if grain and "time" not in data:
        raise ValueError("a grain needs a time")
    return grain == "hour"


def _computed(entries: Any) -> dict[str, str]:
    if not isinstance(entries, Mapping) or not all(isinstance(sql, str) for sql in entries.values()):
        raise TypeError("computed is not a mapping of names to SQL")
    unfit = [name for name in entries if not _NAME.fullmatch(str(name))]
    if unfit:
        raise ValueError(f"`{unfit[0]}` is not a name that a column can have")
    return dict(entries)


def _check(table: str, entry: Mapping[str, Any]) -> ContractCheck:
    _only(entry, _EXPECTATION_KEYS, "an expectation")
    kind, kwargs = str(entry["expect"]), entry.get("kwargs", {})
    if not _TYPE.fullmatch(kind):
        raise ValueError(f"`{kind}` is not the name of an expectation (expect_...)")
    if not isinstance(kwargs, Mapping):
        raise TypeError(f"kwargs of {kind} is not a mapping")
    subject = entry.get("name") or kwargs.get("column")
    name = ".".join(str(part) for part in (table, kind.removeprefix("expect_"), subject) if part)
    try:
        refuse_misspelt(kind, kwargs, PARAMETERS)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    mutations = tuple(_mutation(name, mutation) for mutation in entry["mutations"])
    if not mutations:
        raise ValueError(f"{name} has no mutation that proves it able to fail")
    return ContractCheck(name=name, type=kind, kwargs=kwargs, why=str(entry["why"]), mutations=mutations)


def _mutation(name: str, entry: Mapping[str, Any] | str) -> Mutation:
    if isinstance(entry, str):
        return Mutation(statements=(entry.strip(),))
    _only(entry, frozenset({"sql", "also_fails"}), f"a mutation of {name}")
    sql = entry["sql"]
    statements = (sql,) if isinstance(sql, str) else _texts(sql, "sql")
    return Mutation(tuple(text.strip() for text in statements), _texts(entry.get("also_fails", []), "also_fails"))


def _only(data: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    unknown = sorted(set(data) - known)
    if unknown:
        raise ValueError(f"{where} has an unknown key `{unknown[0]}`")


def _texts(value: Sequence[str], key: str) -> tuple[str, ...]:
    if isinstance(value, str) or not all(isinstance(item, str) for item in value):
        raise TypeError(f"{key} is not a list of texts")
    return tuple(value)
