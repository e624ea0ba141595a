"""What a pack offers. It decides which stages a run has, and whether a replay is possible."""

from __future__ import annotations

from streamproof.model.errors import UsageError
from streamproof.packs.pack import Pack
from streamproof.runs.names import RunNames

# What a stage may need of a pack.
TRACE_SQL, CONTRACT_FILES, DISPOSITIONS, AN_ORACLE = "trace", "contracts", "dispositions", "oracle"


def pack_offers(pack: Pack) -> frozenset[str]:
    """Return those of `trace`, `contracts`, `dispositions` and `oracle` that the pack has; stages may need them."""
    offered = {
        TRACE_SQL: any((pack.sql_dir / "trace").glob("*.sql")),
        CONTRACT_FILES: any(pack.contracts_dir.glob("*.yaml")),
        DISPOSITIONS: pack.accounting.dispositions is not None,
        AN_ORACLE: bool(pack.oracle),
    }
    return frozenset(name for name, there in offered.items() if there)


def require_an_end(pack: Pack) -> None:
    """Raise UsageError unless the pack says how a run recognises that a replay has drained."""
    drained, known = pack.accounting.drained, RunNames.of(pack, "any").groups
    for role in drained.consumer_groups:
        if role not in known:
            raise UsageError(
                f"{pack.file}: accounting.drained names group '{role}'.", hint=f"Groups of a run: {', '.join(known)}."
            )
    if not drained.consumer_groups and not drained.settled_tables:
        raise UsageError(
            f"Pack '{pack.name}' does not say how the end of a replay is seen.",
            hint="Name consumer_groups or settled_tables in accounting.drained, or use --mode observe.",
        )
