"""The source of pack `market`: serves DBN files as the historical API of Databento does, so that its own client works.

`make_app(files, key)` returns an ASGI app for the files of a fixture set by name. `read_records(file)` yields the
records of one of them. `client_files(files)` returns the job that asks for all of them, and `problems(files)` says why
some of them cannot be served together. `service_cost(files, url, key)` asks the service itself what they cost.
Files that the service itself wrote (`.dbn` or `.dbn.zst`, any version) are
served as they are.
"""

from __future__ import annotations

from packs.market.source.app import make_app
from packs.market.source.cost import service_cost
from packs.market.source.jobs import client_files
from packs.market.source.records import SourceRecord, read_records
from packs.market.source.together import problems

__all__ = ["SourceRecord", "client_files", "make_app", "problems", "read_records", "service_cost"]
