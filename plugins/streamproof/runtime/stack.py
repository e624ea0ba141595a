"""Start, inspect and stop a stack. Its state is in its folder, so any process can do so."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import orjson

from streamproof.model.errors import StackError, WaitTimeoutError
from streamproof.model.formats.json_data import from_json
from streamproof.model.stack import ProcessIdentity, ServiceState, StackState
from streamproof.model.waiting import Probe, now_at, wait_until
from streamproof.runtime.files import last_lines, stack_files, write_json
from streamproof.runtime.flink_home import install_flink
from streamproof.runtime.jars import Progress, fetch_jars, no_progress, read_lock
from streamproof.runtime.process import is_alive, kill_group, own_identity, python_module, send_signal
from streamproof.runtime.stack_spec import BROKER, ProcessorLaunch, StackSpec

__all__ = [
    "ProcessorLaunch",
    "StackSpec",
    "own_identity",
    "read_state",
    "settled_state",
    "stack_is_alive",
    "start_stack",
    "stop_stack",
]

# The program that starts and watches the services of a stack.
SUPERVISOR = "streamproof.services.supervise"
# The supervisor ends at its time-out. If it has not ended this much later, it is stuck.
STUCK_AFTER_SEC = 15.0
KILL_TIMEOUT_SEC = 10.0
# How often the services that are up are shown while a stack starts. Its end is seen at once.
LOOK_EVERY_SEC = 0.5
# A client of a dead service may notice its end earlier than the supervisor, which then needs a moment to report it.
SETTLE_SEC = 5.0
# The grace periods of containers follow one another, and the engine itself is slow.
CONTAINERS_TIMEOUT_SEC = 180.0


def read_state(folder: Path) -> StackState | None:
    """Return the state of the stack in a folder, None when there is none. Raises StackError when it is unreadable."""
    path = folder / "state.json"
    try:
        return from_json(StackState, orjson.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise StackError(
            f"{path} is not a stack's state: {error}.", hint="Stop what still runs by hand, then remove the file."
        ) from None


def stack_is_alive(state: StackState) -> bool:
    """Return whether the stack's supervisor still runs: same pid and same start time."""
    return is_alive(state.supervisor)


def settled_state(folder: Path) -> StackState | None:
    """Return the state of the stack. If a service has just died, wait until the supervisor has reported that."""
    state = read_state(folder)
    if state is None or state.status != "ready" or all(_seems_alive(service) for service in state.services):
        return state

    def look() -> Probe:
        latest = read_state(folder)
        # A process that was started again is alive, too.
        settled = latest is None or latest.status != "ready" or all(map(_seems_alive, latest.services))
        return Probe(settled, "the supervisor's report")

    with suppress(WaitTimeoutError):
        wait_until(look, timeout=SETTLE_SEC, message="the stack to settle", hint="")
    return read_state(folder)


def _seems_alive(service: ServiceState) -> bool:
    """Return whether a service's process runs or has finished; False for a container, which the supervisor checks."""
    return service.finished or (service.process is not None and is_alive(service.process))


def start_stack(
    spec: StackSpec,
    *,
    timeout: float,
    progress: Progress | None = None,
    secrets: Mapping[str, str] | None = None,
) -> StackState:
    """Start a stack and return its state when Kafka, its topics, ClickHouse and the processor's process are up.

    `secrets` are environment variables for the processor. They are passed through pipes and never written to a file.
    `timeout` is in seconds. It does not include fetching missing jars and installing Flink, which is reported to
    `progress`. After a failure nothing is left running. Raises StackError that names the service, with the last lines
    of its log in the hint.
    """
    before = read_state(spec.root)
    if before and stack_is_alive(before):
        raise StackError(
            f"A stack already runs in {spec.folder} (supervisor pid {before.supervisor.pid}).",
            hint="Stop it with `streamproof stack down`, or use another name.",
        )
    if before:
        stop_stack(spec.root, timeout=KILL_TIMEOUT_SEC)
        spec.state_file.unlink(missing_ok=True)
    if spec.kafka_kind == BROKER and spec.compose is None and spec.outside is None:
        _fetch_missing_jars(stack_files(Path(spec.home)) / "jars.lock", Path(spec.cache_dir), progress)
    if spec.flink and spec.compose is None and spec.outside is None:
        install_flink(Path(spec.home), Path(spec.cache_dir), progress or no_progress)
    if spec.processor and spec.processor.jars_lock:
        _fetch_missing_jars(Path(spec.processor.jars_lock), Path(spec.cache_dir), progress)
    log = spec.log("supervisor")
    write_json(_spec_file(spec), spec.as_json())
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        _launch_and_listen(spec, log, timeout, orjson.dumps(dict(secrets or {})))
        return _outcome(spec, log)
    except BaseException:
        stop_stack(spec.root, timeout=KILL_TIMEOUT_SEC)
        raise


def _fetch_missing_jars(lock: Path, cache: Path, progress: Progress | None) -> None:
    """Fetch missing jars in this process, which can show progress. The supervisor checks the hashes of all jars."""
    if all(jar.sha256 and jar.path_in(cache).is_file() for jar in read_lock(lock)):
        return
    if progress:
        fetch_jars(lock, cache, progress)
    else:
        fetch_jars(lock, cache)


def _spec_file(spec: StackSpec) -> Path:
    return spec.root / "spec.json"


def _launch_and_listen(spec: StackSpec, log: Path, timeout: float, secrets: bytes) -> None:
    """Start the supervisor, and return when its standard output closes: the stack is up or failed, or it has died.

    Meanwhile, say which services are up.
    """
    command = python_module(SUPERVISOR, str(_spec_file(spec)), str(timeout))
    limit = time.monotonic() + timeout + STUCK_AFTER_SEC
    with (
        log.open("ab") as errors,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors) as launched,
    ):
        given: bytes | None = secrets
        try:
            while time.monotonic() < limit:
                try:
                    launched.communicate(given, timeout=LOOK_EVERY_SEC)
                except subprocess.TimeoutExpired:
                    given = None
                    now_at(_services_up(spec))
                else:
                    return
        finally:
            launched.kill()
        raise StackError(
            f"The supervisor said nothing for {timeout + STUCK_AFTER_SEC:.0f} s.", hint=f"Its log is {log}."
        )


def _services_up(spec: StackSpec) -> str:
    state = read_state(spec.root)
    up = ", ".join(service.name for service in state.services) if state else ""
    return f"services; up: {up or 'none yet'}"


def _outcome(spec: StackSpec, log: Path) -> StackState:
    state = read_state(spec.root)
    if state and state.status == "ready":
        return state
    if state and (state.status == "failed" or state.error):
        raise StackError(state.error or "The stack failed.", hint=state.hint or f"Look at {spec.root / 'logs'}.")
    raise StackError(
        "The stack's supervisor ended before the stack was up.",
        hint=f"Its log is {log}. Last lines:\n{last_lines(log)}",
    )


def stop_stack(folder: Path, *, timeout: float) -> bool:
    """Stop the stack in a folder, remove its data and keep its logs. Return True when a process was still running.

    It may be called again, and for a stack whose supervisor was killed. A process that has not ended after `timeout`
    seconds is killed. Raises StackError when it does not end even then.
    """
    state = read_state(folder)
    if state is None:
        return False
    running = _end(state.supervisor, max(timeout, CONTAINERS_TIMEOUT_SEC) if state.project else timeout)
    # On Linux, the kernel has killed the supervisor's children by now. Elsewhere this does.
    for service in state.services:
        running = (service.process is not None and _end(service.process, 0)) or running
        if service.process is not None:
            kill_group(service.process)
    after = read_state(folder) or state
    if after.project:
        _remove_containers(folder)
        after = replace(after, project="")
        write_json(folder / "state.json", after.as_json())
    if after.status in ("starting", "ready"):
        stopped = replace(after, status="stopped", error="The supervisor was killed; the stack was cleaned up later.")
        write_json(folder / "state.json", stopped.as_json())
    shutil.rmtree(folder / "data", ignore_errors=True)
    return running


def _remove_containers(folder: Path) -> None:
    """Remove the containers of a Docker stack whose supervisor was killed. Raises StackError."""
    command = python_module("streamproof.runtime.compose.down", str(folder))
    ended = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if ended.returncode != 0:
        raise StackError(
            f"The containers of the stack in {folder} could not be removed.", hint=" ".join(ended.stderr.split())
        )


def _end(identity: ProcessIdentity, grace: float) -> bool:
    """End a process: terminate it if there is a grace period, then kill it. Return True when it was running."""
    if grace and send_signal(identity, signal.SIGTERM):
        try:
            _wait_for_end(identity, grace)
        except WaitTimeoutError:
            send_signal(identity, signal.SIGKILL)
    elif not send_signal(identity, signal.SIGKILL):
        return False
    _wait_for_end(identity, KILL_TIMEOUT_SEC)
    return True


def _wait_for_end(identity: ProcessIdentity, timeout: float) -> None:
    wait_until(
        lambda: Probe(not is_alive(identity), f"its end, pid {identity.pid}"),
        timeout=timeout,
        message="a process of the stack to end",
        hint="Is it another user's, or stuck in the kernel?",
    )
