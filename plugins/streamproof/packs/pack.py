"""A pack: everything that is specific to one pipeline under test, as data."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from streamproof.model.errors import UsageError
from streamproof.model.fixture import ReplayRules
from streamproof.packs.accounting import Accounting
from streamproof.packs.entities import Entities
from streamproof.packs.processors import Processor
from streamproof.packs.strict import Strict

INPUT = "input"
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
# What a check may be given: ClickHouse binds texts, numbers, lists and mappings of them.
Parameter = str | int | float | tuple[str, ...] | dict[str, tuple[str, ...]] | dict[str, str]


class ServiceNeeds(Strict):
    """What a stack must hold: for every run, and more for some suites. Names are those of docker-compose.yaml.

    The processor comes last: it is started when the others are healthy.
    """

    every_run: tuple[str, ...] = ("kafka", "clickhouse", "processor")
    suites: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    def of(self, suites: tuple[str, ...]) -> tuple[str, ...]:
        """Return what a run of these suites needs: the union, each once."""
        extra = [service for suite in suites for service in self.suites.get(suite, ())]
        names = dict.fromkeys((*self.every_run, *extra))
        return tuple(sorted(names, key=lambda name: name == "processor"))


class PackFile(Strict):
    """The content of a pack.yaml.

    `warehouse` and `transport` are kinds (folders below `warehouse/` and `transport/` of the engine). `topics` are by
    role: `input` is required, other roles are the pack's. `layers` lists table names by layer, first layer first.
    `processors` are by name, the default first. `oracle` and `generator` are dotted paths of Python modules below the
    pack's folder, '' for a pack without. `scenarios` names, by scenario, the families of events without which no entity
    is in it. `parameters` are query parameters that every check gets. `services` says what must be up;
    `run_only_tables` are those that a warehouse has only where a run made it. `exempt_columns` are the columns that
    nobody can foretell, `table.column` or `*.column`, with the reason; `family_columns` name, by table, the column that
    tells the families of events apart.
    """

    name: Name
    title: str
    warehouse: str
    transport: str
    topics: dict[Name, str]
    layers: dict[str, tuple[str, ...]] = Field(min_length=1)
    processors: dict[Name, Processor] = Field(default_factory=dict)
    accounting: Accounting = Field(default_factory=Accounting)
    entities: Entities | None = None
    scenarios: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    oracle: str = ""
    generator: str = ""
    suites: tuple[str, ...] = ()
    parameters: dict[Name, Parameter] = Field(default_factory=dict)
    default_fixture_set: str = ""
    replay: ReplayRules = Field(default_factory=ReplayRules)
    run_only_tables: tuple[str, ...] = ()
    services: ServiceNeeds = Field(default_factory=ServiceNeeds)
    exempt_columns: dict[str, str] = Field(default_factory=dict)
    family_columns: dict[str, str] = Field(default_factory=dict)

    @field_validator("topics")
    @classmethod
    def _has_an_input(cls, topics: dict[Name, str]) -> dict[Name, str]:
        if INPUT not in topics:
            raise ValueError(f"needs the role `{INPUT}`: what a replay publishes to")
        return topics

    @field_validator("replay")
    @classmethod
    def _refuse_what_other_keys_say(cls, replay: ReplayRules) -> ReplayRules:
        elsewhere = {"scenarios": "scenarios", "id_field": "entities.id", "id_parts": "entities.id_parts"}
        for name in sorted(elsewhere.keys() & replay.model_fields_set):
            raise ValueError(f"has no key `{name}`: that is `{elsewhere[name]}` of the pack")
        return replay

    @model_validator(mode="after")
    def _an_oracle_needs_entities(self) -> PackFile:
        if self.oracle and not self.entities:
            raise ValueError("an oracle foretells entities: `entities` is missing")
        return self


class Pack(PackFile):
    """One pipeline under test: its pack.yaml, and where the rest of it is. All paths are absolute.

    `file` is the pack.yaml; `python_dir` is what its dotted Python paths are relative to.
    """

    file: Path
    python_dir: Path
    sql_dir: Path
    contracts_dir: Path
    fixtures_dir: Path

    @classmethod
    def of(cls, content: PackFile, file: Path, home: Path) -> Pack:
        """Say where the parts of a pack are.

        A pack that is shipped with the project (`include/packs/NAME/pack.yaml`) has them by kind of file, in
        `include/sql/NAME` and so on; any other has them beside its pack.yaml.
        """
        include = home / "include"
        shipped = file.parent.parent == include / "packs"
        fields: dict[str, Any] = dict(content)
        known: dict[str, Any] = {"scenarios": tuple(content.scenarios)}
        if content.entities:
            known |= {"id_field": content.entities.id, "id_parts": content.entities.id_parts}
        fields["replay"] = content.replay.model_copy(update=known)
        for kind in ("sql", "contracts", "fixtures"):
            fields[f"{kind}_dir"] = include / kind / file.parent.name if shipped else file.parent / kind
        return cls.model_construct(**fields, file=file, python_dir=include if shipped else file.parent)

    @property
    def query_parameters(self) -> dict[str, object]:
        """Return what a check may ask for of the pack: its `parameters`, and each layer's tables as `layer_<name>`."""
        layers = {f"layer_{name}": list(tables) for name, tables in self.layers.items()}
        own = {name: list(value) if isinstance(value, tuple) else value for name, value in self.parameters.items()}
        return {**layers, **own}

    def can_hold(self, scenario: str, families: Collection[str]) -> bool:
        """Tell whether events of these families can make an entity that is in a scenario."""
        making = self.entities.families if self.entities else ()
        makes_one = not making or any(family in families for family in making)
        return makes_one and all(family in families for family in self.scenarios.get(scenario, ()))

    def suite_names(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        """Return the wanted suites in the pack's order, all of them when none is named.

        Raises UsageError for a name that the pack does not have.
        """
        unknown = sorted(set(wanted) - set(self.suites))
        if unknown:
            raise UsageError(
                f"Pack '{self.name}' has no suite {', '.join(unknown)}.", hint=f"It has: {', '.join(self.suites)}."
            )
        return tuple(name for name in self.suites if not wanted or name in wanted)

    def processor_name(self, given: str | None = None) -> str:
        """Return the name of a processor: the first when none is given. Raises UsageError for one that is not there."""
        name = given or next(iter(self.processors), "")
        if given and given not in self.processors:
            raise UsageError(
                f"There is no processor '{given}'.",
                hint=f"Pack '{self.name}' has: {', '.join(self.processors) or 'none'}. A processor that already runs "
                "cannot be judged: its topics and tables are not the run's.",
            )
        return name

    def processor(self, name: str | None = None) -> Processor:
        """Return a processor, without a name the first. Raises UsageError for one that the pack does not have."""
        chosen = self.processor_name(name)
        if not chosen:
            raise UsageError(f"Pack '{self.name}' has no processor.", hint="It can only be observed (--mode observe).")
        return self.processors[chosen]

    @property
    def fixture_sets(self) -> tuple[str, ...]:
        """Return the names of the fixture sets: the folders of `fixtures_dir` that hold a manifest, sorted."""
        return tuple(sorted(file.parent.name for file in self.fixtures_dir.glob("*/manifest.json")))

    def manifest(self, given: str | None) -> Path:
        """Return the manifest of a fixture set by name, or the path that was given; None is the default set.

        Raises UsageError when none is given and the pack names no default.
        """
        name = given or self.default_fixture_set
        if not name:
            raise UsageError(f"Pack '{self.name}' has no default fixture set.", hint="Give --manifest SET|PATH.")
        if name in self.fixture_sets:
            return (self.fixtures_dir / name / "manifest.json").resolve()
        return Path(name).expanduser().resolve()
