"""How a run sees that a program is ready, and that one which ends by itself has finished."""

from __future__ import annotations

import http.server
import socket
import threading
from dataclasses import replace

import pytest

from streamproof.model.errors import StackError
from streamproof.model.stack import ServiceState
from streamproof.packs.processors import CommandProcessor
from streamproof.stages import processor_ready
from streamproof.stages.processor_ready import processor_log, processor_missing, processor_unfinished
from streamproof.transport.base import GroupState


class Groups:
    """A transport with one partition that is assigned to nobody."""

    def partitions(self, topic):
        return frozenset([0])

    def state(self, group, topic):
        return GroupState(group, "stable", frozenset())


@pytest.fixture
def with_program(planned, monkeypatch):
    """Return a function that plans a run with this program, whose port `rest` is `port`."""

    def make(*, port=0, finished=False, **changes):
        described = {"kind": "command", "argv": ["x"], "ports": ["rest"], **changes}
        ctx = planned()
        processors = {"local": CommandProcessor.model_validate(described)}
        ctx = replace(ctx, pack=ctx.pack.model_copy(update={"processors": processors}))
        state = ServiceState("processor", None, {"rest": port}, "", "", finished=finished)
        monkeypatch.setattr(processor_ready, "_state", lambda _ctx: state)
        return ctx

    return make


@pytest.fixture
def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_a_program_without_a_condition_is_ready(with_program):
    assert processor_missing(with_program(), Groups()) == []


def test_a_group_without_the_topic_is_named(with_program):
    ctx = with_program(ready={"group": "raw"})
    assert processor_missing(ctx, Groups()) == [f"group {ctx.names.groups['raw']} has no consumer for partition 0"]


def test_a_line_of_the_log(with_program):
    ctx = with_program(ready={"log": r"^listening on \d+$"})
    assert processor_missing(ctx, Groups()) == [r"a line of the processor's log that matches ^listening on \d+$"]
    processor_log(ctx).parent.mkdir(parents=True)
    processor_log(ctx).write_text("starting\nlistening on 80\n")
    assert processor_missing(ctx, Groups()) == []


def test_a_port_that_is_listened_on(with_program):
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert processor_missing(with_program(port=server.getsockname()[1], ready={"port": "rest"}), Groups()) == []


def test_a_port_that_nobody_listens_on(with_program, free_port):
    (missing,) = processor_missing(with_program(port=free_port, ready={"port": "rest"}), Groups())
    assert missing == f"the processor on port rest ({free_port}): Connection refused"


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/ready" else 503)
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


@pytest.mark.parametrize(
    ("path", "said"), [("/ready", ""), ("/soon", "a good answer to GET /soon on port {}, which is 503 now")]
)
def test_a_path_over_http(with_program, path, said):
    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        ctx = with_program(port=server.server_port, ready={"http": path, "port": "rest"})
        assert processor_missing(ctx, Groups()) == ([said.format(server.server_port)] if said else [])


def test_a_path_that_nobody_answers(with_program, free_port):
    (missing,) = processor_missing(with_program(port=free_port, ready={"http": "/x", "port": "rest"}), Groups())
    assert missing.startswith(f"an answer to GET /x on port {free_port}:")


def test_one_that_ends_by_itself_must_not_do_so_before_the_replay(with_program):
    ctx = with_program(ends=True, finished=True)
    with pytest.raises(StackError, match="before anything was published"):
        processor_missing(ctx, Groups())
    assert processor_unfinished(ctx) == []


def test_a_drain_waits_for_its_end(with_program):
    assert processor_unfinished(with_program(ends=True)) == ["the processor to end"]


def test_a_drain_does_not_wait_for_the_end_of_any_other(with_program):
    assert processor_unfinished(with_program()) == []
