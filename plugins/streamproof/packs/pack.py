"""A pack: everything that is specific to one pipeline under test, as data."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from streamproof.model.errors import UsageError
from streamproof.model.fixture import ReplayRules


@dataclass(frozen=True, slots=True)
class ProcessorSpec:
    """How the pack's stream processor is started.

    `module` is the dotted path of the local runner (`python -m`); `settings` are environment variables given to it.
    """

    module: str
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ServiceNeeds:
    """What a stack must hold: for every run, and more for some suites. Names are those of docker-compose.yaml.

    The stream processor comes last: it is started when the others are healthy.
    """

    every_run: tuple[str, ...] = ("kafka", "clickhouse", "processor")
    suites: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, suites: tuple[str, ...]) -> tuple[str, ...]:
        """Return what a run of these suites needs: the union, each once."""
        extra = [service for suite in suites for service in self.suites.get(suite, ())]
        names = dict.fromkeys((*self.every_run, *extra))
        return tuple(sorted(names, key=lambda name: name == "processor"))

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> ServiceNeeds:
        """Read `services:` of a pack.yaml."""
        suites = {suite: tuple(services) for suite, services in data.get("suites", {}).items()}
        return cls(tuple(data.get("every_run", cls().every_run)), suites)


def _replay_rules(data: Mapping[str, Any], scenarios: Iterable[str]) -> ReplayRules:
    defaults = ReplayRules()
    return ReplayRules(
        event_table=str(data.get("event_table", defaults.event_table)),
        first_types=tuple(data.get("first_types", defaults.first_types)),
        key_field=str(data.get("key_field", defaults.key_field)),
        time_fields=tuple(data.get("time_fields", defaults.time_fields)),
        scenarios=tuple(scenarios),
    )


@dataclass(frozen=True, slots=True)
class Pack:
    """One pipeline under test. All paths are relative to the project's `include/` folder.

    `layers` lists table names by layer, first layer first; `typed_tables` maps an event family to the tables whose rows
    its records become; `core_types` are the families whose records become exactly one typed row; `informational` is the
    closed list of checks that never fail; `session_families` are the families whose events make sessions, and
    `scenario_needs` those without which no session is in a scenario; `services` says what must be up;
    `run_only_tables` are those that a warehouse has only where a run made it; `oracle` is the dotted path of the module
    that computes what must come out, '' for a pack without one. `exempt_columns` are the columns that nobody can
    foretell, `table.column` or `*.column`, with the reason; `family_columns` name, by table, the column that tells the
    families of events apart.
    """

    name: str
    title: str
    input_topic: str
    dlq_topic: str
    quarantine_topic: str
    core_types: tuple[str, ...]
    typed_tables: Mapping[str, tuple[str, ...]]
    layers: Mapping[str, tuple[str, ...]]
    scenarios: tuple[str, ...]
    suites: tuple[str, ...]
    sql_dir: str
    contracts_dir: str
    fixture_sets: Mapping[str, str]
    default_fixture_set: str
    processor: ProcessorSpec
    generator: str
    replay: ReplayRules = field(default_factory=ReplayRules)
    informational: tuple[str, ...] = ()
    session_families: tuple[str, ...] = ()
    scenario_needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    run_only_tables: tuple[str, ...] = ()
    services: ServiceNeeds = field(default_factory=ServiceNeeds)
    oracle: str = ""
    exempt_columns: Mapping[str, str] = field(default_factory=dict)
    family_columns: Mapping[str, str] = field(default_factory=dict)

    def can_hold(self, scenario: str, families: Collection[str]) -> bool:
        """Tell whether events of these families can make a session of a scenario."""
        makes_sessions = not self.session_families or any(family in families for family in self.session_families)
        return makes_sessions and all(family in families for family in self.scenario_needs.get(scenario, ()))

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

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> Pack:
        """Build a pack from the content of a `pack.yaml`. Raises UsageError naming what is missing or misshapen."""
        try:
            topics, processor = data["topics"], data["processor"]
            return cls(
                name=str(data["name"]),
                title=str(data["title"]),
                input_topic=str(topics["input"]),
                dlq_topic=str(topics["dlq"]),
                quarantine_topic=str(topics["quarantine"]),
                core_types=tuple(data["core_types"]),
                typed_tables={family: tuple(tables) for family, tables in data["typed_tables"].items()},
                layers={layer: tuple(tables) for layer, tables in data["layers"].items()},
                scenarios=tuple(data["scenarios"]),
                suites=tuple(data["suites"]),
                sql_dir=str(data["sql_dir"]),
                contracts_dir=str(data["contracts_dir"]),
                fixture_sets={name: str(path) for name, path in data["fixture_sets"].items()},
                default_fixture_set=str(data["default_fixture_set"]),
                processor=ProcessorSpec(
                    module=str(processor["module"]),
                    settings={key: str(value) for key, value in processor.get("settings", {}).items()},
                ),
                generator=str(data["generator"]),
                replay=_replay_rules(data.get("replay", {}), data["scenarios"]),
                informational=tuple(data.get("informational", ())),
                session_families=tuple(data.get("session_families", ())),
                scenario_needs={name: tuple(found) for name, found in data.get("scenario_needs", {}).items()},
                run_only_tables=tuple(data.get("run_only_tables", ())),
                services=ServiceNeeds.from_mapping(data.get("services", {})),
                oracle=str(data.get("oracle") or ""),
                exempt_columns={name: str(why) for name, why in data.get("exempt_columns", {}).items()},
                family_columns={table: str(column) for table, column in data.get("family_columns", {}).items()},
            )
        except KeyError as error:
            raise UsageError(
                f"pack.yaml lacks {error}.", hint="Compare it with include/packs/livepeer/pack.yaml."
            ) from None
        except (AttributeError, TypeError) as error:
            raise UsageError(
                f"pack.yaml is not shaped as expected: {error}.",
                hint="Compare it with include/packs/livepeer/pack.yaml.",
            ) from None
