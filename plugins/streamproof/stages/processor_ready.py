"""Whether the run's processor is ready and whether it has finished, as its pack says that this is seen."""

from __future__ import annotations

import http.client
import re
import socket
from pathlib import Path

from streamproof.model.errors import StackError
from streamproof.model.stack import ServiceState
from streamproof.packs.processors import CommandProcessor, Ready
from streamproof.runs.context import RunContext
from streamproof.runs.processors import run_processor
from streamproof.runtime.files import last_lines
from streamproof.runtime.ports import LOOPBACK
from streamproof.runtime.stack_spec import PROCESSOR
from streamproof.transport.base import Consumers

ANSWER_SEC = 2.0
_REFUSED = 400


def processor_log(ctx: RunContext) -> Path:
    """Return the path of the processor's log."""
    return ctx.folder.stack / "logs" / f"{PROCESSOR}.log"


def processor_missing(ctx: RunContext, groups: Consumers) -> list[str]:
    """Return what is missing before the processor is ready, nothing for a processor without `ready`.

    Raises StackError when it has ended already.
    """
    chosen = run_processor(ctx)
    if chosen is None:
        return []
    _require_running(ctx, chosen)
    return _missing(ctx, chosen.ready, groups) if chosen.ready else []


def processor_unfinished(ctx: RunContext) -> list[str]:
    """Return what is missing before a processor that ends by itself has finished; nothing for any other."""
    chosen = run_processor(ctx)
    # One that fetches what is served has been waited for by the stage that started it.
    if chosen is None or not chosen.ends or ctx.pack.source or _state(ctx).finished:
        return []
    return ["the processor to end"]


def _state(ctx: RunContext) -> ServiceState:
    for service in ctx.stack_state().services:
        if service.name == PROCESSOR:
            return service
    raise StackError("The stack has no processor.", hint="This is a defect of streamproof.")


def _require_running(ctx: RunContext, chosen: CommandProcessor) -> None:
    if chosen.ends and _state(ctx).finished:
        log = processor_log(ctx)
        raise StackError(
            "The processor ended with code 0 before anything was published.",
            hint=f"It must wait for records, and end when it has read them. Its log is {log}. "
            f"Last lines:\n{last_lines(log)}",
        )


def _missing(ctx: RunContext, ready: Ready, groups: Consumers) -> list[str]:
    if ready.group:
        topic = ctx.names.input_topic
        state = groups.state(ctx.names.groups[ready.group], topic)
        what = state.missing(groups.partitions(topic))
    elif ready.log:
        what = (
            "" if _log_has(processor_log(ctx), ready.log) else f"a line of the processor's log that matches {ready.log}"
        )
    elif ready.http:
        what = _http_missing(_state(ctx).ports[ready.port], ready.http)
    else:
        what = _port_missing(_state(ctx).ports[ready.port], ready.port)
    return [what] if what else []


def _log_has(log: Path, expression: str) -> bool:
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return re.search(expression, text, re.MULTILINE) is not None


def _port_missing(port: int, name: str) -> str:
    try:
        socket.create_connection((LOOPBACK, port), ANSWER_SEC).close()
    except OSError as error:
        return f"the processor on port {name} ({port}): {error.strerror or error}"
    return ""


def _http_missing(port: int, path: str) -> str:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=ANSWER_SEC)
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"an answer to GET {path} on port {port}: {error}"
    finally:
        connection.close()
    return f"a good answer to GET {path} on port {port}, which is {status} now" if status >= _REFUSED else ""
