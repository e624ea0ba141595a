"""A pack: everything that is specific to one pipeline under test, as data."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator, model_validator

from streamproof.model.correlation import Correlation
from streamproof.model.errors import UsageError
from streamproof.model.fixture import ReplayRules
from streamproof.packs.accounting import Accounting
from streamproof.packs.context import Context
from streamproof.packs.dead_letters import DeadLetterRules
from streamproof.packs.entities import Entities
from streamproof.packs.exports import Export
from streamproof.packs.flink_jobs import FlinkProcessor
from streamproof.packs.processors import Expression, Processor, RunningProcessor
from streamproof.packs.requirements import Packages
from streamproof.packs.schedule import DagSettings
from streamproof.packs.sources import ServiceVariables, problems_of, read_records, unfit_key
from streamproof.packs.strict import Strict
from streamproof.redaction.rules import RedactionRules
from streamproof.sql.dialects import CLICKHOUSE, DIALECTS, Dialect

INPUT = "input"
MOST_REPEATS = 10
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
# The type of a query parameter's value.
Parameter = str | int | float | tuple[str, ...] | dict[str, tuple[str, ...]] | dict[str, str]


class ServiceNeeds(Strict):
    """The services of a stack: those of every run, and additional ones for some suites.

    The names are those of docker-compose.yaml. The processor comes last, because it starts when the others are healthy.
    """

    every_run: tuple[str, ...] = ("kafka", "clickhouse", "processor")
    suites: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    def of(self, suites: tuple[str, ...]) -> tuple[str, ...]:
        """Return the services that a run of these suites needs, each once."""
        extra = [service for suite in suites for service in self.suites.get(suite, ())]
        names = dict.fromkeys((*self.every_run, *extra))
        return tuple(sorted(names, key=lambda name: name == "processor"))


class PackFile(Strict):
    """The content of a pack.yaml.

    - `warehouse` and `transport` are kinds: subpackages of the engine's packages of these names.
    - `requirements` is a lock file of Python packages, '' for none; what the environment lacks goes into the cache.
    - `source` is the dotted path of the module that serves a fixture set to the pipeline and reads its files, '' for a
      pack whose events are published. `repeat` is how often such a pipeline runs, one time after the other.
    - `service` names the environment variables that select the service itself on stack `external`, in place of a
      source on this machine.
    - `topics` are given by role. The role `input` is required without a `source`; the pack defines the others.
    - `layers` lists the tables and views by layer, the first layer first.
    - `processors` are given by name, the default first.
    - `oracle` and `generator` are dotted paths of Python modules below the pack's folder, '' for none.
    - `scenarios` lists for each scenario the event families that an entity of it must have.
    - `parameters` are query parameters that every check gets.
    - `services` are the services that must run.
    - `log_lines` says by service which lines of its log the checks read whatever their level: regular expressions.
    - `run_only_tables` are tables that only a run creates, so that another warehouse may not have them.
    - `exempt_columns` are columns whose values cannot be predicted, `table.column` or `*.column`, with the reason.
    - `correlation` says how a run's events are told apart in a pipeline that others use; `staging` says that this
      pipeline is made for tests.
    - `dag` holds what the pack's DAG in Airflow takes from it.
    - `export` says how fixtures are cut out of a warehouse; without it, they cannot be.
    - `family_columns` names for each table the column that holds the event family.
    - `context` describes events that belong to no entity and that entities need.
    - `redaction` says which texts of an event stay when a fixture set is redacted.
    - `dead_letters` says how the topic of rejected records is read and replayed.
    """

    name: Name
    title: str
    warehouse: str
    transport: str
    requirements: str = ""
    source: str = ""
    service: ServiceVariables | None = None
    repeat: int = Field(default=1, ge=1, le=MOST_REPEATS)
    topics: dict[Name, str] = Field(default_factory=dict, validate_default=True)
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
    redaction: RedactionRules = Field(default_factory=RedactionRules)
    context: Context | None = None
    log_lines: dict[str, tuple[Expression, ...]] = Field(default_factory=dict)
    run_only_tables: tuple[str, ...] = ()
    staging: bool = False
    correlation: Correlation | None = None
    dag: DagSettings = Field(default_factory=DagSettings)
    export: Export | None = None
    services: ServiceNeeds = Field(default_factory=ServiceNeeds)
    exempt_columns: dict[str, str] = Field(default_factory=dict)
    family_columns: dict[str, str] = Field(default_factory=dict)
    dead_letters: DeadLetterRules | None = None

    @field_validator("topics")
    @classmethod
    def _has_an_input(cls, topics: dict[Name, str], info: ValidationInfo) -> dict[Name, str]:
        if INPUT not in topics and not info.data.get("source"):
            raise ValueError(f"needs the role `{INPUT}`: what a replay publishes to")
        return topics

    @model_validator(mode="after")
    def _serves_or_publishes(self) -> PackFile:
        if problem := unfit_key(self):
            raise ValueError(problem)
        return self

    @model_validator(mode="after")
    def _a_running_pipeline_is_shared(self) -> PackFile:
        for name, processor in self.processors.items():
            if not isinstance(processor, RunningProcessor):
                continue
            if self.correlation is None:
                raise ValueError(f"processor `{name}` is shared with others: `correlation` is missing")
            if missing := sorted(set(self.topics) - set(processor.topics)):
                raise ValueError(f"processor `{name}` names no topic for the role `{missing[0]}`")
        return self

    @model_validator(mode="after")
    def _row_topics_are_topics(self) -> PackFile:
        for name, processor in self.processors.items():
            topics = processor.row_topics if isinstance(processor, FlinkProcessor) else {}
            if unknown := sorted(topics.keys() - self.topics.keys()):
                raise ValueError(
                    f"processor `{name}` names `{unknown[0]}` in `row_topics`, which is no role in `topics`"
                )
        return self

    @field_validator("replay")
    @classmethod
    def _refuse_what_other_keys_say(cls, replay: ReplayRules) -> ReplayRules:
        elsewhere = {
            "pack": "name",
            "scenarios": "scenarios",
            "id_field": "entities.id",
            "id_parts": "entities.id_parts",
            "reader": "source",
            "checker": "source",
        }
        for name in sorted(elsewhere.keys() & replay.model_fields_set):
            raise ValueError(f"has no key `{name}`: that is `{elsewhere[name]}` of the pack")
        return replay

    @model_validator(mode="after")
    def _reject_topics_are_topics(self) -> PackFile:
        places = self.accounting.ids.reject_topics if self.accounting.ids else ()
        unknown = sorted({place.topic for place in places} - self.topics.keys())
        if unknown:
            raise ValueError(f"`accounting.ids.reject_topics` names `{unknown[0]}`, which is no role in `topics`")
        if self.dead_letters and self.dead_letters.topic not in self.topics:
            raise ValueError(f"`dead_letters.topic` is `{self.dead_letters.topic}`, which is no role in `topics`")
        return self


def file_schema() -> dict[str, Any]:
    """Return the JSON schema of a pack.yaml, for editors. It is kept as docs/pack.schema.json."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **PackFile.model_json_schema()}


class Pack(PackFile):
    """One pipeline under test: the content of its pack.yaml, and the folders of its parts. All paths are absolute.

    `file` is the pack.yaml. Its dotted Python paths are relative to `python_dir`. `packages` installs what its
    `requirements` name, None where nothing may be installed.
    """

    file: Path
    python_dir: Path
    sql_dir: Path
    contracts_dir: Path
    fixtures_dir: Path
    packages: Packages | None = None

    @classmethod
    def of(cls, content: PackFile, file: Path, home: Path, packages: Packages | None = None) -> Pack:
        """Return the pack of a pack.yaml with the folders of its parts.

        The parts of a pack that is shipped with the project (`include/packs/NAME/pack.yaml`) are in `include/sql/NAME`,
        `include/contracts/NAME` and so on. Those of any other pack are in the folder of its pack.yaml.
        """
        include = home / "include"
        shipped = file.parent.parent == include / "packs"
        fields: dict[str, Any] = dict(content)
        known: dict[str, Any] = {"pack": content.name, "scenarios": tuple(content.scenarios)}
        if content.entities:
            known |= {"id_field": content.entities.id, "id_parts": content.entities.id_parts}
        fields["replay"] = content.replay.model_copy(update=known)
        fields["redaction"] = content.redaction.with_event_fields(content.replay)
        for kind in ("sql", "contracts", "fixtures"):
            fields[f"{kind}_dir"] = include / kind / file.parent.name if shipped else file.parent / kind
        fields |= {"file": file, "python_dir": include if shipped else file.parent, "packages": packages}
        pack = cls.model_construct(**fields)
        if not content.source:
            return pack
        replay = pack.replay.model_copy(
            update={"reader": partial(read_records, pack), "checker": partial(problems_of, pack)}
        )
        return pack.model_copy(update={"replay": replay})

    @property
    def query_parameters(self) -> dict[str, object]:
        """Return the query parameters that checks get from the pack.

        They are its `parameters`, and the tables of each layer as `layer_<name>`.
        """
        layers = {f"layer_{name}": list(tables) for name, tables in self.layers.items()}
        own = {name: list(value) if isinstance(value, tuple) else value for name, value in self.parameters.items()}
        return {**layers, **own}

    @property
    def input_topic(self) -> str:
        """Return the pack's own name of the topic that events are published to.

        Raises UsageError for a pack that has none because its pipeline fetches what a run serves.
        """
        if self.source:
            raise UsageError(
                f"Pack '{self.name}' has no topics: its pipeline fetches what a run serves.",
                hint="This command publishes events. `streamproof run` serves a fixture set.",
            )
        return self.topics[INPUT]

    def can_hold(self, scenario: str, families: Collection[str]) -> bool:
        """Return whether events of these families can create an entity of the scenario."""
        creating = self.entities.families if self.entities else ()
        creates_one = not creating or any(family in families for family in creating)
        return creates_one and all(family in families for family in self.scenarios.get(scenario, ()))

    def suite_names(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        """Return the wanted suites in the pack's order; all suites if none is named.

        Raises UsageError for a name that the pack does not have.
        """
        unknown = sorted(set(wanted) - set(self.suites))
        if unknown:
            raise UsageError(
                f"Pack '{self.name}' has no suite {', '.join(unknown)}.", hint=f"It has: {', '.join(self.suites)}."
            )
        return tuple(name for name in self.suites if not wanted or name in wanted)

    def processor_name(self, given: str | None = None) -> str:
        """Return the given name of a processor, or the first name. Raises UsageError for an unknown processor."""
        name = given or next(iter(self.processors), "")
        if given and given not in self.processors:
            raise UsageError(
                f"There is no processor '{given}'.",
                hint=f"Pack '{self.name}' has: {', '.join(self.processors) or 'none'}. A processor that already runs "
                "cannot be judged: its topics and tables are not the run's.",
            )
        return name

    def processor(self, name: str | None = None) -> Processor:
        """Return a processor by name, by default the first. Raises UsageError if there is none."""
        chosen = self.processor_name(name)
        if not chosen:
            raise UsageError(f"Pack '{self.name}' has no processor.", hint="It can only be observed (--mode observe).")
        return self.processors[chosen]

    @property
    def dialect(self) -> Dialect:
        """Return the dialect of the pack's SQL, which is that of its warehouse."""
        return DIALECTS.get(self.warehouse, CLICKHOUSE)

    @property
    def fixture_sets(self) -> tuple[str, ...]:
        """Return the names of the fixture sets: the folders of `fixtures_dir` that hold a manifest, sorted."""
        return tuple(sorted(file.parent.name for file in self.fixtures_dir.glob("*/manifest.json")))

    def manifest(self, given: str | None) -> Path:
        """Return the manifest of a fixture set.

        `given` is the set's name, its folder, or the path of its manifest; None is the default set. Raises UsageError
        when there is no default set.
        """
        name = given or self.default_fixture_set
        if not name:
            raise UsageError(f"Pack '{self.name}' has no default fixture set.", hint="Give --manifest SET|PATH.")
        if name in self.fixture_sets:
            return (self.fixtures_dir / name / "manifest.json").resolve()
        path = Path(name).expanduser().resolve()
        return path / "manifest.json" if path.is_dir() else path
