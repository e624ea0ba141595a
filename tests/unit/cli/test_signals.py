"""How signals end a command: like Ctrl-C, so that nothing half-written stays."""

from __future__ import annotations

import json
import os
import signal

import pytest
import typer

from streamproof.cli.failures import StreamproofGroup
from streamproof.model.files import new_folder


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_command_as_interrupted_and_nothing_stays(tmp_path, capsys, number):
    app = typer.Typer(cls=StreamproofGroup, pretty_exceptions_enable=False)

    @app.callback()
    def root() -> None:
        """Make `write` a command of a group."""

    @app.command()
    def write(json: bool = False) -> None:
        with new_folder(tmp_path / "set") as work:
            (work / "manifest.json").write_text("half")
            os.kill(os.getpid(), number)

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as ended:
        app(["write", "--json"])

    assert ended.value.code == 130
    assert json.loads(capsys.readouterr().out)["error"] == "Interrupted."
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) is before
