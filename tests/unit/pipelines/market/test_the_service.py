"""A run on the service itself, as it is planned: what selects it, what it costs, and what is refused."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime

import pytest

from packs.market.source.cost import FETCHES
from streamproof.model.errors import StackError, UsageError
from streamproof.packs.loading import Packs
from streamproof.packs.pack import Pack
from streamproof.runs.request import RunRequest
from streamproof.runs.subject.choosing import Subject, replayed_subject
from streamproof.runs.subject.service import fetched_subject

from .faults import RANGE
from .gateway import KEY


@pytest.fixture(scope="module")
def pack(home) -> Pack:
    return Packs(home).load("market")


@pytest.fixture
def manifest(sets, tmp_path) -> str:
    """Two files of the set that the gateway serves."""
    for schema in ("trades", "tbbo"):
        shutil.copy(sets / "golden" / f"XNAS.ITCH.{schema}.dbn.zst", tmp_path)
    (tmp_path / "manifest.json").write_text('{"files": ["*.dbn.zst"]}')
    return str(tmp_path / "manifest.json")


@pytest.fixture
def planned(market, pack, manifest):
    """Plan a run on the gateway with some variables and parts of the request changed."""

    def plan(variables: dict[str, str] | None = None, **changes) -> Subject:
        environ = {"DATABENTO_GATEWAY": market.gateway.url, "DATABENTO_API_KEY": KEY} | (variables or {})
        request = RunRequest(**{"pack": "market", "stack": "external", "manifest": manifest} | changes)
        subject = replayed_subject(request, pack, datetime.now(UTC))
        found = fetched_subject(subject, request, pack, environ)
        assert market.gateway.requests[RANGE] == 0
        return found

    return plan


def test_the_cost_of_a_run_is_said_and_limited(planned, market):
    subject = planned({"STREAMPROOF_COST_LIMIT": "0.01", "REQUESTS_CA_BUNDLE": "/ca.pem"})
    assert (subject.service_url, subject.service_ca_file) == (market.gateway.url, "/ca.pem")
    records = f"{subject.events} records, which are fetched 2 times."
    assert f"It charges 0.01 US dollars: {records}" in " ".join(subject.notices)
    with pytest.raises(UsageError, match=r"It charges 0\.01 US dollars.* The limit is 0, and nothing") as refused:
        planned()
    assert "STREAMPROOF_COST_LIMIT" in refused.value.hint


def test_what_is_fetched_twice_counts_twice(pack):
    [processor] = pack.processors.values()
    forced = [number for number, arguments in processor.repeat_arguments.items() if "--force" in arguments]
    assert 1 + len(forced) == FETCHES and pack.repeat == 3


@pytest.mark.parametrize(
    ("variables", "changes"), [({"DATABENTO_GATEWAY": ""}, {}), ({}, {"stack": "local"}), ({}, {"stack": "compose"})]
)
def test_a_key_alone_and_other_stacks_select_nothing(planned, market, variables, changes):
    assert planned(variables, **changes).service_url == ""
    assert not market.gateway.requests


@pytest.mark.parametrize(
    ("variables", "changes", "says"),
    [
        ({"DATABENTO_API_KEY": " "}, {}, "there is no key for it"),
        ({"DATABENTO_GATEWAY": "http://127.0.0.1:1"}, {}, "does not begin with https://"),
        ({"DATABENTO_GATEWAY": "no url"}, {}, "DATABENTO_GATEWAY is no address"),
        ({"STREAMPROOF_COST_LIMIT": "much"}, {}, "STREAMPROOF_COST_LIMIT is 'much'"),
        ({"STREAMPROOF_COST_LIMIT": "nan"}, {}, "STREAMPROOF_COST_LIMIT is 'nan'"),
        ({"STREAMPROOF_COST_LIMIT": "-1"}, {}, "STREAMPROOF_COST_LIMIT is '-1'"),
        ({}, {"faults": "short"}, "can get a fault"),
        ({}, {"manifest": "golden"}, "was made by the pack"),
        ({"DATABENTO_API_KEY": "db-wrong-0123456789abcdefghijklm"}, {}, "does not say what the run will cost: 401"),
    ],
)
def test_what_does_not_fit_is_refused(planned, variables, changes, says):
    with pytest.raises(UsageError) as refused:
        planned(variables, **changes)
    assert says in refused.value.message and "db-" not in refused.value.message
    assert refused.value.hint


def test_a_service_that_is_away_is_one_message(planned):
    with pytest.raises(StackError, match=r"https://127\.0\.0\.1:9 does not answer"):
        planned({"DATABENTO_GATEWAY": "https://127.0.0.1:9"})


def test_a_service_that_does_not_know_the_files_is_one_message(planned, market):
    market.gateway.fault = lambda path, number, app, scope, receive, send: _unknown(send)
    with pytest.raises(UsageError, match="does not say what the run will cost: 422"):
        planned()


async def _unknown(send) -> None:
    await send({"type": "http.response.start", "status": 422, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": b'{"detail": {"case": "x", "message": "no such symbol"}}'})
