"""What is wrong with the files of a set together: what a service would serve once, or could not serve in one answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path

from packs.market.source.asking import Asked
from packs.market.source.dbn_file import DbnFile, read_dbn

# The layout of these records differs from version to version; an answer has one.
_CHANGED_LAYOUTS = ("definition", "statistics")


def problems(files: Mapping[str, Path]) -> Iterator[str]:
    """Yield a sentence for each problem. Raises ValueError and OSError for a file that cannot be read."""
    found: dict[tuple[str, str], list[Asked]] = {}
    for name, path in sorted(files.items()):
        asked = Asked(read_dbn(path, name))
        found.setdefault((asked.file.dataset, asked.file.schema), []).append(asked)
    for (dataset, schema), alike in found.items():
        for one, other in combinations(alike, 2):
            names = f"{one.file.name} and {other.file.name}"
            if shared := _records(one.file) & _records(other.file):
                yield (
                    f"{names} both hold {len(shared)} equal record(s) of {dataset} {schema}: leave one of them out, or "
                    "fetch ranges that do not overlap."
                )
            versions = [asked.file.metadata.version for asked in (one, other)]
            if schema in _CHANGED_LAYOUTS and versions[0] != versions[1] and set(one.days) & set(other.days):
                yield f"{names} are DBN of versions {versions[0]} and {versions[1]} on the same day: leave one out."


def _records(file: DbnFile) -> set[bytes]:
    return {file.record(index) for index in range(len(file.times))}
