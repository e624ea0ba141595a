"""The DAGs that Airflow shows: one for each pack that can be found, and an error for each pack that is broken."""

from __future__ import annotations

from dataclasses import dataclass

from streamproof.environment import NIGHTLY, Environment
from streamproof.model.errors import StreamproofError, UsageError

RUN_DAG = "streamproof_run"


@dataclass(frozen=True, slots=True)
class PackDag:
    """The DAG of one pack: its id, and what it takes from the pack. `schedule` is a cron line in UTC, None for none."""

    dag_id: str
    pack: str
    title: str
    schedule: str | None
    owner: str


def pack_dags(settings: Environment) -> tuple[PackDag, ...]:
    """Return the DAGs of all packs that can be read, the default pack's first. A broken pack has none.

    The default pack has `streamproof_run`, and pack NAME has `streamproof_run_NAME`. STREAMPROOF_SCHEDULE replaces the
    schedule of every pack. Raises UsageError when no default pack is named.
    """
    default = settings.packs.default_name
    names = sorted(settings.packs.names(), key=lambda name: (name != default, name))
    return tuple(dag for name in names if (dag := _dag_of(settings, name)))


def _dag_of(settings: Environment, name: str) -> PackDag | None:
    try:
        pack = settings.packs.load(name)
    except UsageError:
        # `refuse_broken_packs` reports it, so that the DAGs of the other packs remain.
        return None
    schedule = pack.dag.schedule or (NIGHTLY if name == settings.packs.default_name else None)
    if settings.names_a_schedule:
        schedule = settings.schedule
    return PackDag(dag_id_of(settings, name), name, pack.title, schedule, pack.dag.owner)


def dag_id_of(settings: Environment, pack: str) -> str:
    """Return the id of a pack's DAG, by the name of the pack. Raises UsageError when no default pack is named."""
    return RUN_DAG if pack == settings.packs.default_name else f"{RUN_DAG}_{pack}"


def refuse_broken_packs(settings: Environment) -> None:
    """Raise UsageError that names every pack that cannot be read. Airflow shows it as an import error."""
    broken = []
    for name in settings.packs.names():
        try:
            settings.packs.load(name)
        except UsageError as error:
            broken.append(error.message)
    if broken:
        raise UsageError("\n".join(broken), hint="Such a pack has no DAG. `streamproof pack check` lists all faults.")


def recipients(settings: Environment, dag_id: str) -> tuple[str, ...]:
    """Return who gets the mail of a failed run of a DAG: the addresses of its pack, else those of the environment."""
    given = None if dag_id == RUN_DAG else dag_id.removeprefix(f"{RUN_DAG}_")
    try:
        return settings.packs.load(given).dag.alert_to or settings.alert_to
    except StreamproofError:
        # The DAG is not one of a pack, or its pack cannot be read any more.
        return settings.alert_to
