"""The options of `fixtures export` that a pack declares, as words of a command line."""

from __future__ import annotations

import pytest

from streamproof.cli.commands.export.own_options import read_own_options
from streamproof.model.errors import UsageError
from streamproof.packs.exports import ExportOption

KNOWN = {
    "rows": ExportOption(default=2, help="how many"),
    "name": ExportOption(default="", help="which"),
    "no_window": ExportOption(default=1, help="a number whose name begins like that of a switch"),
    "precede": ExportOption(default=False, help="whether"),
}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ([], {}),
        (["--rows", "3", "--precede"], {"rows": "3", "precede": True}),
        (["--no-precede", "--name=a b"], {"precede": False, "name": "a b"}),
        (["--rows", "-1"], {"rows": "-1"}),
        (["--precede=false"], {"precede": "false"}),
        (["--no-window", "4"], {"no_window": "4"}),
        (["--unknown"], {"unknown": ""}),
    ],
)
def test_words_are_read_as_the_pack_declares_them(words, found):
    assert read_own_options(words, KNOWN) == found


@pytest.mark.parametrize(("words", "said"), [(["--rows"], "requires an argument"), (["word"], "unexpected extra")])
def test_other_words_are_refused(words, said):
    with pytest.raises(UsageError, match=said):
        read_own_options(words, KNOWN)
