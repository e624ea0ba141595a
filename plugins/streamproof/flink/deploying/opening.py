"""Open a deployment, and describe the build of a jar or of a Python job."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from streamproof.flink.bundle import ENTRY_CLASS, make_bundle, python_arguments
from streamproof.flink.client import FlinkClient
from streamproof.flink.deploying.deployment import Deployment
from streamproof.flink.deploying.record import Build, Store
from streamproof.flink.deploying.work import Gate, Limits, Work
from streamproof.model.settings import FlinkSettings


@contextmanager
def opened(
    settings: FlinkSettings,
    folder: Path,
    name: str,
    *,
    limits: Limits | None = None,
    gate: Gate | None = None,
    say: Callable[[str], None] | None = None,
    reads_only: bool = False,
) -> Iterator[Deployment]:
    """Open the deployment `name` on a cluster; `folder` holds the records of all deployments.

    No other process can work on it until the end of the block, unless the caller only reads. Raises UsageError for a
    wrong name.
    """
    store = Store(folder, name)
    with FlinkClient(settings) as client, nullcontext() if reads_only else store.locked():
        work = Work(client, store, store.read(), limits or Limits(), gate)
        if say is not None:
            work.say = say
        yield Deployment(work)


def jar_build(
    store: Store,
    jar: Path,
    *,
    entry_class: str | None = None,
    arguments: Sequence[str] = (),
    parallelism: int | None = None,
    configuration: Mapping[str, str] | None = None,
) -> Build:
    """Return the build of a jar, of which the store keeps a copy. Raises UsageError when it cannot be read."""
    digest, copy = store.keep(jar)
    options = dict(configuration or {})
    # A bundle of Python modules may be named like any jar, with the arguments of Flink's driver.
    plannable = entry_class != ENTRY_CLASS
    return Build(jar.name, digest, copy, entry_class, tuple(arguments), parallelism, options, plannable)


def python_build(
    store: Store,
    folder: Path,
    module: str,
    *,
    python: str = "",
    arguments: Sequence[str] = (),
    parallelism: int | None = None,
    configuration: Mapping[str, str] | None = None,
) -> Build:
    """Return the build of a Python job: all modules in `folder`, of which `module` is run.

    `python` is the interpreter on the cluster, '' for the one that it is configured for. Raises UsageError.
    """
    with tempfile.TemporaryDirectory() as made:
        bundle = make_bundle(store.name, folder, Path(made), module=module)
        digest, copy = store.keep(bundle)
    driver = python_arguments(module, python=python, arguments=arguments)
    return Build(
        bundle.name,
        digest,
        copy,
        ENTRY_CLASS,
        tuple(driver),
        parallelism,
        dict(configuration or {}),
        plannable=False,
    )
