"""The command line: `python -m pipelines.market.main ingest --api databento --job NAME`, or with a request by options.

It exits with 0 when the job is finished, with 2 when the job, an option, a setting or the key is wrong, and with 1 when
it failed. An error is one line on standard error. Standard output is one JSON object with the sums of the run.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn, get_args

from pipelines.market.errors import BadInputError, PipelineError
from pipelines.market.jobs import Job, Schema, SymbolType, job_of, read_job
from pipelines.market.orchestrator import PipelineOrchestrator
from pipelines.market.settings import from_environment
from pipelines.market.storage.database import connected

_LOG = logging.getLogger(__name__)
_OPTIONS = ("dataset", "schema", "symbols", "start_date", "end_date")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser(prog="main.py", description=__doc__.partition("\n")[0])
    ingest = top.add_subparsers(dest="command", required=True).add_parser("ingest", help="fetch and load market data")
    ingest.add_argument("--api", choices=["databento"], required=True)
    ingest.add_argument("--job", help="the name of a job of a job file")
    ingest.add_argument("--config", type=Path, help="the job file (default: those of the folder configs)")
    ingest.add_argument("--dataset", help="without a job: the data set, as GLBX.MDP3")
    ingest.add_argument("--schema", action="append", choices=get_args(Schema), help="repeat it for more than one")
    ingest.add_argument("--symbols", help="divided by commas")
    ingest.add_argument("--start-date", help="the first day, UTC")
    ingest.add_argument("--end-date", help="the last day, UTC, included")
    ingest.add_argument("--stype-in", choices=get_args(SymbolType), help="how the symbols are written")
    ingest.add_argument("--chunk-hours", type=int, help="the length of a chunk; 24 by default")
    ingest.add_argument("--force", action="store_true", help="fetch chunks again that are loaded already")
    ingest.add_argument("--verbose", action="store_true", help="log what the client does, too")
    return top


def chosen_job(options: argparse.Namespace) -> tuple[str, Job]:
    """Return the job's id and the job. Raises BadInputError."""
    given = [name for name in _OPTIONS if getattr(options, name)]
    if options.job:
        if given:
            raise BadInputError(
                f"--job and --{given[0].replace('_', '-')} exclude each other.", hint="Use one of them."
            )
        return options.job, read_job(options.job, options.config)
    missing = [f"--{name.replace('_', '-')}" for name in _OPTIONS if name not in given]
    if missing:
        raise BadInputError(f"Without --job, {', '.join(missing)} must be given.", hint="Or name a job with --job.")
    request = {
        "dataset": options.dataset,
        "schemas": tuple(options.schema),
        "symbols": tuple(symbol.strip() for symbol in options.symbols.split(",")),
        "start_date": options.start_date,
        "end_date": options.end_date,
        "symbol_type": options.stype_in,
    }
    if options.chunk_hours is not None:
        request["chunk_hours"] = options.chunk_hours
    return "adhoc", job_of(request)


def run(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the command and return the exit code."""
    options = parser().parse_args(arguments)
    _log_to_stderr(verbose=options.verbose)
    try:
        job_id, job = chosen_job(options)
        settings = from_environment(environment)
        with connected() as connection:
            totals = PipelineOrchestrator(connection, settings, force=options.force).run(job_id, job)
    except PipelineError as error:
        _LOG.error("%s %s", error.message, error.hint)
        return error.exit_code
    except OSError as error:
        _LOG.error(
            "%s: %s Free space or correct the path; loaded chunks are kept.", error.filename or "File", error.strerror
        )
        return 1
    except KeyboardInterrupt:
        _LOG.error("Stopped by a signal. The chunk in work was not loaded; the next run continues with it.")
        return 130
    print(json.dumps({"job_id": job_id, **totals.as_dict()}))
    return 0


class _KeyFilter(logging.Filter):
    """Removes keys of the service from what is logged, whoever logs it."""

    _KEY = re.compile(r"\bdb-[A-Za-z0-9]{8,}")

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._KEY.sub("db-…", record.getMessage()), None
        return True


def _log_to_stderr(*, verbose: bool) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_KeyFilter())
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, handlers=[handler], force=True)
    if not verbose:
        for name in ("databento", "urllib3", "requests"):
            logging.getLogger(name).setLevel(logging.WARNING)


def _stop(_: int, __: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(run(sys.argv[1:], os.environ))
