"""JSON data becomes the model's dataclasses, or one error that names the field."""

from __future__ import annotations

import pytest

from streamproof.model.formats.json_data import from_json
from streamproof.model.results import StageResult, Status
from streamproof.model.stack import ProcessIdentity, ServiceState

SERVICE = {"name": "kafka", "process": {"pid": 7, "started_at": 1.5}, "ports": {"a": 1}, "log": "", "version": "4"}


def test_nested_data_and_unknown_keys():
    found = from_json(ServiceState, SERVICE | {"key_of_another_version": 1})
    assert found == ServiceState("kafka", ProcessIdentity(7, 1.5), {"a": 1}, "", "4")


def test_texts_become_enumerations():
    data = {"stage": "oracle", "status": "failed", "started_at": "", "ended_at": "", "duration_sec": 1.0}
    assert from_json(StageResult, data).status is Status.FAILED


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "name: Field required"),
        (SERVICE | {"process": {"pid": "x", "started_at": 1}}, "process.pid: .*integer"),
        ([1], "ServiceState: "),
    ],
)
def test_what_does_not_fit_is_named(data, message):
    with pytest.raises(ValueError, match=message):
        from_json(ServiceState, data)
