"""Make a fixture set of an existing pack from files of events."""

from __future__ import annotations

import itertools
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from streamproof.fixtures.envelope import epoch_ms
from streamproof.fixtures.importing.reading import read_events
from streamproof.fixtures.importing.records import Record
from streamproof.fixtures.importing.set_writer import CAPTURED, SetWriter
from streamproof.fixtures.inference.event_times import event_ms
from streamproof.fixtures.plain_values import NO_EVENT, classified
from streamproof.fixtures.values import UnreadableError, read_value
from streamproof.fixtures.verify import check_fixture_set, shown
from streamproof.model.errors import FixtureError, UsageError
from streamproof.model.fixture import FixtureReport, ReplayRules
from streamproof.packs.pack import Pack
from streamproof.packs.sources import require_lines
from streamproof.scaffold.importing import SAMPLE_RECORDS, present_ms

# A scenario is the name of a folder of the set, beside its manifest.json.
_PLAIN = re.compile(r"(?!\.{1,2}$)(?!(?i:manifest\.json)$)[A-Za-z0-9_.-]{1,100}")


@dataclass(frozen=True, slots=True)
class ImportedSet:
    """A fixture set that was written, with the report on it. `problems` counts the values that are no events."""

    manifest: Path
    report: FixtureReport
    problems: Mapping[str, int]


def import_set(pack: Pack, files: Sequence[Path], out: Path, *, scenario: str | None = None) -> ImportedSet:
    """Write the events of the files, in their order, as a fixture set into a new folder.

    `scenario` is what the events show, for a pack that has scenarios. Nothing is left when it fails. Raises UsageError
    for a folder that exists, or a scenario that does not or is no plain name, FixtureError for a file that cannot be
    read.
    """
    require_lines(pack)
    chosen = _scenario(pack, scenario)
    out = out.expanduser().absolute()
    if out.exists():
        raise UsageError(f"{out} is there already.", hint="Give a folder that does not exist: it is made.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise UsageError(f"{out} cannot be written: {error.strerror}.", hint="Give another folder.") from None
    try:
        problems = _write(pack, itertools.chain.from_iterable(map(read_events, files)), work / "set", chosen)
        report = check_fixture_set(work / "set" / "manifest.json", rules=pack.replay)
        if report.problems:
            raise FixtureError(shown(report.problems), hint=f"Pack '{pack.name}' cannot replay these events.")
        (work / "set").rename(out)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    manifest = out / "manifest.json"
    return ImportedSet(manifest, replace(report, manifest=str(manifest)), problems)


def _scenario(pack: Pack, given: str | None) -> str:
    if pack.scenarios and given not in pack.scenarios:
        said = f"has no scenario '{given}'" if given else "has scenarios, and none is named"
        raise UsageError(
            f"Pack '{pack.name}' {said}.", hint=f"Give --scenario with one of: {', '.join(pack.scenarios)}."
        )
    chosen = CAPTURED if given is None else given
    if not _PLAIN.fullmatch(chosen):
        raise UsageError(
            f"'{chosen}' is no name for a scenario.",
            hint="Use at most 100 letters, digits and the signs _ . -: the events go into a folder of that name.",
        )
    return chosen


def _write(pack: Pack, records: Iterable[Record], folder: Path, scenario: str) -> Mapping[str, int]:
    """Write the set and return how many values are no events, by their problem."""
    rules = pack.replay
    stream: Iterator[Record] = iter(records)
    sample = list(itertools.islice(stream, SAMPLE_RECORDS))
    timed = any(record.milliseconds is not None or _described(record, rules)[1] is not None for record in sample)
    problems: Counter[str] = Counter()
    fallback_ms = None if timed else present_ms()
    with SetWriter(folder, fallback_ms=fallback_ms, pack=pack.name, scenario=scenario) as writer:
        for record in itertools.chain(sample, stream):
            problem, milliseconds = _described(record, rules)
            problems[problem] += bool(problem)
            # What becomes of a value without an envelope is known; of any other, only its pack knows.
            writer.add(record, problem if problem in NO_EVENT else "", milliseconds)
        writer.finish()
    return {problem: number for problem, number in sorted(problems.items()) if number}


def _described(record: Record, rules: ReplayRules) -> tuple[str, int | None]:
    """Return why a value is no event ('' if it is one, or if only the pack knows), and the time that it states."""
    if rules.values is not None:
        found = classified(record.value, rules.values)
        return found.problem, event_ms(found.document, rules.values.times) if found.document else None
    try:
        envelope = read_value(record.value) if record.value else None
    except UnreadableError:
        return "", None
    return "", epoch_ms(envelope.get("timestamp")) if isinstance(envelope, dict) else None
