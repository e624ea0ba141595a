"""The program of a source: `python -m streamproof.transport.http.serve LAUNCH.json`.

It makes a certificate and a key, serves the app of the pack, and prints the URL when it listens. The file is the
JSON text of a `ServeLaunch`.
"""

from __future__ import annotations

import os
import secrets
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import orjson

from streamproof.model.errors import StackError, StreamproofError
from streamproof.model.files import write_private
from streamproof.model.formats.json_data import from_json
from streamproof.packs.loading import read_pack
from streamproof.packs.parts import import_part
from streamproof.packs.sources import SOURCE_PARTS
from streamproof.transport.http.answering import App, WatchedApp
from streamproof.transport.http.certificates import Certificate, make_certificate
from streamproof.transport.http.faults import Faults, read_fault_plan
from streamproof.transport.http.ledger import LedgerWriter
from streamproof.transport.http.server import serve
from streamproof.transport.served import KEY_FILE

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class ServeLaunch:
    """What a source serves. Paths are absolute text.

    `files` are the files of the fixture set by their name in the manifest. `folder` gets the certificate, its private
    key and the key of the API; `ledger` is the file for the requests. `faults` is a plan of faults, '' for none. `port`
    is 0 for any free port.
    """

    home: str
    pack_file: str
    files: Mapping[str, str]
    folder: str
    ledger: str
    faults: str = ""
    port: int = 0


class SourceModule(Protocol):
    """The module that `source:` of a pack.yaml names."""

    def make_app(self, files: Mapping[str, Path], key: str) -> App:
        """Return an ASGI app that serves these files, by name, to clients that show the key."""


def watched_app(launch: ServeLaunch, key: str, ledger: LedgerWriter) -> App:
    """Return the app of the pack, with the ledger and the planned faults around it. Raises UsageError."""
    pack = read_pack(Path(launch.pack_file), Path(launch.home))
    module: SourceModule = import_part(pack, "source", SOURCE_PARTS)
    faults = Faults(read_fault_plan(Path(launch.faults)) if launch.faults else None)
    return WatchedApp(
        module.make_app({name: Path(file) for name, file in launch.files.items()}, key), faults, ledger, key
    )


def run(launch: ServeLaunch, on_listening: Callable[[str], object]) -> None:
    """Serve until the process is asked to end. `on_listening` is called with the URL. Raises StreamproofError."""
    folder = Path(launch.folder)
    key = secrets.token_urlsafe(24)
    write_private(folder / KEY_FILE, key.encode())
    certificate: Certificate = make_certificate(folder)
    ledger = LedgerWriter(Path(launch.ledger))
    app = watched_app(launch, key, ledger)
    with socket.socket() as listening:
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((LOOPBACK, launch.port))
        except OSError as error:
            raise StackError(
                f"Port {launch.port} for the source cannot be used: {error.strerror}.", hint="Leave the port out."
            ) from None
        url = f"https://{LOOPBACK}:{listening.getsockname()[1]}"
        if not serve(app, certificate, listening, lambda: on_listening(url)):
            raise StackError("The app of the source could not be started.", hint="Its log says why.")


def main() -> None:
    """Serve what the launch file names. An error ends the program with code 1 and is the last line of its log."""
    launch = from_json(ServeLaunch, orjson.loads(Path(sys.argv[1]).read_bytes()))
    # The app may print. That must not get into the pipe, so it goes to the log.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        run(launch, lambda url: print(url, file=answers, flush=True))
    except StreamproofError as error:
        sys.exit(f"{error.message} {error.hint}")


if __name__ == "__main__":
    main()
