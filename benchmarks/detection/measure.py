"""The bench `detection`: how many seeded faults in the pack's own code a run would see. See benchmarks/README.md."""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.detection.judge import Judge, Outcome, Verdict, judge_all, provers_of
from benchmarks.detection.mutants import draw
from benchmarks.detection.python_mutants import python_points
from benchmarks.detection.report import figures, table
from benchmarks.detection.sets import EventSet, kept_runs, read_set
from benchmarks.detection.sql_mutants import sql_points

HOME = Path(__file__).resolve().parents[2]
RESULT = HOME / "benchmarks" / "detection.json"
WORKERS = 2


def detection(arguments: Sequence[str]) -> int:
    """Measure and write `benchmarks/detection.json`; return the exit code. RuntimeError when a run cannot be made."""
    asked = _parser().parse_args(arguments)
    include = HOME / "include"
    sql, left_out = sql_points(include)
    points = [*python_points(include), *sql]
    verdicts: list[Verdict] = []
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="streamproof-detection-") as scratch, _sets(asked.runs, scratch) as sets:
        judges: list[Judge] = []
        try:
            judges += [Judge(include, Path(scratch), sets, number) for number in range(1, WORKERS + 1)]
            provers = provers_of(judges[0], sets)
            for verdict in judge_all(draw(points, asked.seed), judges, provers, asked.mutants):
                verdicts.append(verdict)
                _show(len(verdicts), verdict)
        finally:
            for judge in judges:
                judge.close()
    document = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": f"python -m benchmarks detection --mutants {asked.mutants} --seed {asked.seed}",
        "places": len(points),
        "left_out": left_out,
        "wall_sec": round(time.monotonic() - started, 1),
        **figures(verdicts),
    }
    asked.out.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    for survivor in document["survivors"]:
        print(f"\nsurvived {survivor['operator']}; changed: {survivor['changed']}\n{survivor['diff']}", end="")
    print(f"\n{table(document)}\nrate {document['rate']}, by checks alone {document['rate_by_checks']}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks detection", description=__doc__)
    parser.add_argument("--mutants", type=int, default=300, help="how many that are not equivalent")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=RESULT)
    parser.add_argument(
        "--runs", nargs=3, type=Path, help="folders of kept runs of golden, hostile and a generated set"
    )
    return parser


@contextmanager
def _sets(runs: Sequence[Path] | None, scratch: str) -> Iterator[list[EventSet]]:
    """Use the runs that are named, else make and end our own."""
    if runs:
        yield [read_set(name, run) for name, run in zip(("golden", "hostile", "generated"), runs, strict=True)]
        return
    with kept_runs(HOME, Path(scratch)) as sets:
        yield sets


def _show(number: int, verdict: Verdict) -> None:
    mutant = verdict.mutant
    where = f"{mutant.path}:{mutant.line}"
    said = verdict.by if verdict.outcome is not Outcome.EQUIVALENT else ""
    print(f"{number:4} {verdict.duration_sec:5.1f}s {verdict.outcome:<10} {mutant.operator} {where} {said}", flush=True)
