"""What a pack offers. It decides which stages a run has, and whether a replay is possible."""

from __future__ import annotations

from streamproof.model.errors import UsageError
from streamproof.model.rungs import Rung
from streamproof.packs.flink_jobs import FlinkProcessor
from streamproof.packs.pack import Pack
from streamproof.packs.processors import CommandProcessor, Processor
from streamproof.runs.names import RunNames

# What a stage may need of a pack.
TRACE_SQL, CONTRACT_FILES = "trace", "contracts"
# The run's processor is a job on Flink, whose restarts are judged whatever the pack says of its records.
FLINK_JOB = "flink_job"
# Events are published to topics, whose consumers can be waited for.
PUBLISHED = "published"
# The pipeline runs several times, and the later runs must change nothing.
REPEATED = "repeated"


def pack_offers(pack: Pack, processor: Processor | None = None) -> frozenset[str]:
    """Return the parts that a run with this processor has, and the pack's rungs."""
    offered = {
        TRACE_SQL: any((pack.sql_dir / "trace").glob("*.sql")),
        CONTRACT_FILES: has_contracts(pack),
        FLINK_JOB: isinstance(processor, FlinkProcessor),
        PUBLISHED: not pack.source,
        REPEATED: pack.repeat > 1,
    }
    return frozenset(name for name, there in offered.items() if there) | frozenset(offered_rungs(pack))


def has_contracts(pack: Pack) -> bool:
    """Return whether the pack has contracts."""
    return any(pack.contracts_dir.glob("*.yaml"))


def offered_rungs(pack: Pack) -> tuple[str, ...]:
    """Return the rungs that a pack offers, in their order."""
    offered = set(pack.accounting.rungs)
    if _sees_all_read(pack) and pack.accounting.shows_arrival:
        offered.add(Rung.DRAINED)
    if pack.suites or has_contracts(pack):
        offered.add(Rung.JUDGED)
    if pack.oracle:
        offered.add(Rung.FORETOLD)
    return tuple(rung.value for rung in Rung if rung in offered)


def require_an_end(pack: Pack, processor: Processor | None = None) -> None:
    """Raise UsageError unless the pack says how a run with this processor recognises that a replay has drained."""
    drained, known = pack.accounting.drained, RunNames.of(pack, "any", processor).groups
    ready = [p.ready.group for p in pack.processors.values() if isinstance(p, CommandProcessor) and p.ready]
    for role in (*drained.consumer_groups, *filter(None, ready)):
        if role not in known:
            raise UsageError(
                f"{pack.file}: it names group '{role}', which a run does not have.",
                hint=f"Groups of a run: {', '.join(known)}.",
            )
    if not _sees_all_read(pack):
        raise UsageError(
            f"Pack '{pack.name}' does not say how a run sees that everything was read.",
            hint="Name consumer_groups in accounting.drained (or say `ends: true` of the processor), or use --mode "
            "observe.",
        )
    if not pack.accounting.shows_arrival:
        raise UsageError(
            f"Pack '{pack.name}' does not say how a run sees that all rows have arrived.",
            hint="Name settled_tables in accounting.drained: a program may commit an offset before its rows are there.",
        )


def _sees_all_read(pack: Pack) -> bool:
    """Return whether offsets, or the end of a program, show that all records were read."""
    ends = any(isinstance(processor, CommandProcessor) and processor.ends for processor in pack.processors.values())
    return bool(pack.accounting.drained.consumer_groups) or ends
