"""The source of pack `market`: serves DBN files as the historical API of Databento does, so that its own client works.

`make_app(files, key)` returns an ASGI app for the files of a fixture set by name. `read_records(file)` yields the
records of one of them. Files that the service itself wrote (`.dbn` or `.dbn.zst`, any version) are served as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from packs.market.source.app import make_app
from packs.market.source.jobs import JOB_FILE, job_text
from packs.market.source.records import SourceRecord, read_records

__all__ = ["SourceRecord", "client_files", "make_app", "read_records"]


def client_files(files: Mapping[str, Path]) -> dict[str, str]:
    """Return the job that asks for everything in these files. Raises ValueError and OSError."""
    return {JOB_FILE: job_text(files)}
