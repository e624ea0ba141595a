"""Find the root cause in what Flink says about a failure. Flink answers with Java's stack traces of many causes."""

from __future__ import annotations

import re

LONGEST_CAUSE = 600

_CAUSED_BY = re.compile(r"^\s*Caused by: ", re.MULTILINE)
_FRAME = re.compile(r"^\s+at |^\s*\.\.\. \d+ (more|common frames)|^\s*Suppressed: |^End of exception on server side")
# An exception that only carries another one repeats its class and message behind its own name.
_SERVER_SIDE = re.compile(r"^<Exception on server side:\s*")
_CARRIERS = re.compile(
    r"^(?:(?:java\.util\.concurrent\.(?:CompletionException|ExecutionException)"
    r"|org\.apache\.flink\.util\.SerializedThrowable"
    r"|org\.apache\.flink\.runtime\.rest\.handler\.RestHandlerException): )+"
)
_PYTHON_ERROR = re.compile(r"^(?P<error>[A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit)\b.*)$", re.MULTILINE)
_PYTHON_TRACE = "Traceback (most recent call last):"
_HINTS = (
    (r"Python process exits with code", "The output of the Python program is in the log of the job manager."),
    (
        r"allowNonRestoredState|Cannot map checkpoint/savepoint state|StateMigrationException|incompatible",
        "The savepoint is of an incompatible build. Give the operators the uids that they had, or drop the state that "
        "no operator takes (--allow-non-restored-state).",
    ),
    (r"entry point class|'Main-Class'", "Name an entry class that the jar holds."),
    (
        r"(NoSuchMethod|NoSuchField|NoClassDefFound|AbstractMethod|IncompatibleClassChange|UnsupportedClassVersion"
        r"|ClassNotFound)(Error|Exception)",
        "A class is missing or of another version: was the connector's jar made for this version of Flink?",
    ),
    (r"No space left on device|Disk quota exceeded", "The disk of the checkpoints is full. Free space on it."),
    (
        r"NoResourceAvailableException|Could not acquire the minimum required resources|Slot request",
        "The cluster has no free task slot. Cancel a job, add a task manager, or lower the parallelism.",
    ),
    (r"Cannot find checkpoint or savepoint", "Is the path of the savepoint right, and can the job manager read it?"),
    (
        r"savepoint directory|checkpoint directory|Permission denied|Failed to create directory",
        "Can the job manager and all task managers write to the folder of the savepoints?",
    ),
    (
        r"[Tt]ask ?[Mm]anager|TaskExecutor|JobManager responsible .* lost",
        "A task manager was lost. Its log says why; out of memory and a full disk are the usual reasons.",
    ),
    (r"parallelism", "Choose a parallelism that the job and the cluster's slots allow."),
)
_PYTHON_EXIT = "Python process exits with code"
_PYTHON_START = "Python Process Started"
_LOGGED_ERROR = re.compile(r"(?:^|- |INFO\s+)(?P<error>[A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit)\b(?:: .*)?)$")
LOG_HINT = "The log of the job manager has the whole stack trace."


def root_cause(trace: str) -> str:
    """Return the last cause of a Java stack trace on one line: its class and message, '' for an empty trace.

    The failure of a Python function contains Python's own trace; its last line is then the cause.
    """
    last = _CAUSED_BY.split(_SERVER_SIDE.sub("", trace.strip()))[-1]
    if _PYTHON_TRACE in trace:
        errors = _PYTHON_ERROR.findall(trace.rpartition(_PYTHON_TRACE)[2])
        if errors:
            return _shortened(errors[0])
    lines = []
    for line in last.splitlines():
        if _FRAME.match(line):
            break
        lines.append(line.strip())
    return _shortened(_CARRIERS.sub("", " ".join(filter(None, lines))))


def refused_because(errors: list[str]) -> str:
    """Return the root cause in the list `errors` of an answer with an error status."""
    traces = [error for error in errors if error and error != "Internal server error."]
    return root_cause(traces[-1]) if traces else "Flink gives no reason"


def is_python_exit(cause: str) -> bool:
    """Return whether a Python program ended before it had submitted a job. Only the job manager's log says why."""
    return _PYTHON_EXIT in cause


def python_error(log: str) -> str:
    """Return the error of the Python program that was started last, from the job manager's log; '' if none is there."""
    trace = log.rpartition(_PYTHON_START)[2].rpartition(_PYTHON_TRACE)
    if not trace[1]:
        return ""
    found = (_LOGGED_ERROR.search(line.rstrip()) for line in trace[2].splitlines())
    return next((_shortened(match["error"]) for match in found if match), "")


def hint_for(cause: str) -> str:
    """Return what to do about a root cause."""
    return next((hint for pattern, hint in _HINTS if re.search(pattern, cause)), LOG_HINT)


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_CAUSE else f"{text[:LONGEST_CAUSE]} …"
