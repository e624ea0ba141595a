"""What a build asks of Flink once its jar has a place there."""

from __future__ import annotations

import pytest

from streamproof.flink.bundle import BUNDLE
from streamproof.flink.deploying.record import Build


@pytest.mark.parametrize(
    ("arguments", "configuration", "asked"),
    [
        (("--to", "x"), {"a": "b"}, {"a": "b"}),
        (("-pyfs", BUNDLE), {"a": "b"}, {"a": "b", "python.files": "/up/job.jar"}),
        (("-pyfs", BUNDLE), {"python.files": "/lib/x.zip"}, {"python.files": "/lib/x.zip,/up/job.jar"}),
    ],
)
def test_task_managers_import_a_python_job_of_its_bundle(arguments, configuration, asked):
    build = Build("job.jar", "ab", "/kept/job.jar", arguments=arguments, configuration=configuration)
    assert build.configuration_for("/up/job.jar") == asked
    assert build.configuration == configuration
