"""Contract files: what a table guarantees to its readers. Each is one YAML file about one table."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from streamproof.checks.contracts.expectations import refuse_misspelt
from streamproof.model.errors import UsageError
from streamproof.model.formats.yaml_files import read_model
from streamproof.packs.strict import Strict
from streamproof.sql.reading import shown_path

# Valid names in `{$PARAMETER: name}`: the bounds of the window, and the topics that the run publishes to.
PARAMETERS = frozenset({"from_ts", "to_ts", "input_topics"})

_HINT = "docs/write-a-pack.md has every key, in section Contracts."
_TYPE = re.compile(r"expect_[a-z0-9_]+|unexpected_rows_expectation")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def _column_name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(f"`{text}` is not a name that a column can have")
    return text


class Mutation(Strict):
    """SQL statements that make a check fail. `also_fails` names other checks that must also fail.

    A file has either one statement as text, or a mapping whose `sql` is one statement or a list.
    """

    statements: tuple[Annotated[str, AfterValidator(str.strip)], ...] = Field(alias="sql", min_length=1)
    also_fails: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _of_one_statement(cls, given: Any) -> Any:
        data = {"sql": given} if isinstance(given, str) else given
        if isinstance(data, dict) and isinstance(data.get("sql"), str):
            return {**data, "sql": [data["sql"]]}
        return data


class ContractCheck(Strict):
    """One expectation: its Great Expectations type and arguments, why it matters, and mutations that make it fail.

    `name` is the full name of the check. In a file, it is a suffix that replaces the column in that name.
    """

    type: str = Field(alias="expect")
    why: str
    mutations: tuple[Mutation, ...] = Field(min_length=1)
    kwargs: dict[str, Any] = Field(default_factory=dict)
    name: str = ""

    @model_validator(mode="after")
    def _refuse_misspelt(self) -> ContractCheck:
        if not _TYPE.fullmatch(self.type):
            raise ValueError(f"`{self.type}` is not the name of an expectation (expect_...)")
        refuse_misspelt(self.type, self.kwargs, PARAMETERS)
        return self

    def full_name(self, table: str) -> str:
        """Return the name of the check: table, expectation, and its own name or its column."""
        subject = self.name or self.kwargs.get("column")
        return ".".join(str(part) for part in (table, self.type.removeprefix("expect_"), subject) if part)


class ContractFile(Strict):
    """The content of a contract file.

    `layer` is the layer that a failure is attributed to, '' for the table's layer in the pack. `needs` names the data
    that is missing when the table is empty. `time` is the column that is compared with the window, '' to read the whole
    table. With grain `hour`, its values are starts of hours, and every hour that overlaps the window is read.
    `leave_out` are columns that are not read. `computed` maps the names of additional columns, which follow the others,
    to their SQL expressions. `identify` are the columns that identify an offending row. The values of the columns in
    `session`, joined by `|`, are the id of an entity; it is empty for a table without entities.
    """

    table: str
    needs: str
    identify: tuple[str, ...]
    checks: tuple[ContractCheck, ...] = Field(alias="expectations", min_length=1)
    about: str = ""
    layer: str = ""
    time: str = ""
    grain: Literal["hour"] | None = None
    leave_out: tuple[str, ...] = ()
    computed: dict[Annotated[str, AfterValidator(_column_name)], str] = Field(default_factory=dict)
    session: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _refuse_what_does_not_fit(self) -> ContractFile:
        if self.grain and not self.time:
            raise ValueError("a grain needs a time")
        names = [check.full_name(self.table) for check in self.checks]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"the check {twice[0]} appears twice; give one of them a `name`")
        return self

    @property
    def hourly(self) -> bool:
        """Return whether the values of `time` are starts of hours."""
        return self.grain == "hour"


class Contract(ContractFile):
    """The contract of one table or view, whose checks have their full names. `file` is the path of its file."""

    file: Path


def load_contracts(folder: Path, *, relative_to: Path | None = None) -> tuple[Contract, ...]:
    """Read every contract of a pack, sorted by file name. `file` of each is a path relative to `relative_to`.

    Raises UsageError naming file, line and key of what is wrong.
    """
    files = sorted(path for path in folder.glob("*") if path.suffix in (".yaml", ".yml"))
    if not files:
        raise UsageError(f"There is no contract in {folder}.", hint="Add a YAML file for each table that has readers.")
    contracts = (load_contract(file) for file in files)
    return tuple(
        contract.model_copy(update={"file": Path(shown_path(contract.file, relative_to))}) for contract in contracts
    )


def load_contract(file: Path) -> Contract:
    """Read one contract. Raises UsageError naming file, line and key of what is wrong."""
    content = read_model(file, ContractFile, what="Contract", hint=_HINT)
    checks = tuple(check.model_copy(update={"name": check.full_name(content.table)}) for check in content.checks)
    return Contract.model_construct(**{**dict(content), "checks": checks, "file": file})
