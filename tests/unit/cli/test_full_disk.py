"""A disk that is full is no defect of the program: one message says so."""

from __future__ import annotations

import errno
import os

import pytest

from streamproof.cli.failures import _report_defect


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_said_in_one_message(capsys, number):
    assert _report_defect(OSError(number, os.strerror(number), "/runs/a/summary.json"), as_json=False) == 3
    shown = capsys.readouterr().err
    assert "The disk is full: /runs/a/summary.json could not be written." in shown and "Free space" in shown
    assert "defect" not in shown


def test_another_error_of_the_system_is_a_defect(capsys):
    assert _report_defect(OSError(errno.EIO, "Input/output error"), as_json=False) == 3
    assert "defect" in capsys.readouterr().err
