"""Secrets among a program's arguments: no message and no output repeats them."""

from __future__ import annotations

import pytest

from streamproof.flink.rest import RefusedError
from streamproof.flink.secrets import hidden, secret_values


@pytest.mark.parametrize(
    ("arguments", "secrets"),
    [
        (["--user", "me", "--password", "pw1"], ("pw1",)),
        (["--clickhouse.password=pw1", "--api-key", "longer"], ("longer", "pw1")),
        (["-token", "t", "--topic", "t2"], ("t",)),
        (["--password"], ()),
        (["password", "x"], ()),
        ([], ()),
    ],
)
def test_values_of_secrets_are_found(arguments, secrets):
    assert secret_values(arguments) == secrets
    assert not any(secret in argument for secret in secrets for argument in hidden(arguments) if len(secret) > 1)


def test_options_of_a_job_may_be_secrets_too():
    assert secret_values((), {"s3.secret-key": "abc", "state.backend": "rocksdb"}) == ("abc",)


@pytest.mark.parametrize("request_name", ["run", "plan"])
def test_a_refusal_that_repeats_the_arguments_does_not_show_them(client, answers, request_name):
    trace = "java.lang.IllegalArgumentException: Error parsing arguments '[--password, pw-of-mine, x]' on 'x'."
    answers.answer(f"POST /jars/x.jar/{request_name}", {"errors": [trace]}, status=400)

    with pytest.raises(RefusedError, match=r"\[--password, \*\*\*, x\]") as refused:
        getattr(client, request_name)("x.jar", arguments=["--password", "pw-of-mine", "x"])

    assert "pw-of-mine" not in f"{refused.value} {refused.value.cause} {refused.value.hint}"
