"""How a run starts its processor: the command of its pack, with the names of the run filled in."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import orjson

from streamproof.model.errors import StackError, UsageError
from streamproof.model.plan import COMPOSE
from streamproof.model.settings import KafkaSettings, WarehouseSettings
from streamproof.packs.flink_jobs import FlinkProcessor
from streamproof.packs.pack import Pack
from streamproof.packs.processors import CommandProcessor, fill, placeholders
from streamproof.packs.requirements import packages_folder
from streamproof.runs.context import RunContext
from streamproof.runs.names import RunNames
from streamproof.runtime.environment import PLACEHOLDERS, SOURCE_PLACEHOLDERS
from streamproof.runtime.jars import is_named_jar, read_lock
from streamproof.runtime.java import find_java
from streamproof.runtime.stack_spec import ProcessorLaunch
from streamproof.transport.served import CERTIFICATE_FILE, KEY_FILE

# These values may be secret: no argument may hold them, and no file of the run that stays.
SECRETS = (
    "clickhouse_password", "clickhouse_verify", "clickhouse_ca_cert", "kafka_options_json", "postgres_password",
    "postgres_sslmode", "postgres_ca_cert",
)  # fmt: skip
# Those that the services of the run's own stack make when they start. The processor's start fills them in.
_MADE = ("postgres_password",)
# What a program shows to the source of the run, and the file of the certificate that it has to trust.
SOURCE_KEY, CA_FILE = "source_key", "source_ca_file"
# The folder of the files that the source makes for the program, such as a job that asks for all files of the set.
SOURCE_FILES = "source_files"
_BROKERS = "bootstrap_servers"


def processor_problems(pack: Pack, chosen: CommandProcessor) -> list[str]:
    """Return what would stop the start of a program: unknown placeholders, a missing program or lock file of jars."""
    groups = RunNames.of(pack, "any").groups
    known = {"python", "database", "pack", "java", "files", *_later(pack), *(f"port.{name}" for name in chosen.ports)}
    known |= {CA_FILE, SOURCE_FILES} if pack.source else set()
    secrets = _secrets(pack)
    known |= {f"topic.{role}" for role in pack.topics} | {f"group.{role}" for role in groups}
    known |= {"jars"} if chosen.jars else set()
    named = {"argv": chosen.arguments, "env": chosen.env.values(), "secrets": chosen.secrets.values()}
    named["files"] = chosen.files.values()
    found = [
        f"{key} names {{{name}}}, which is not known; placeholders are {', '.join(sorted(known))}"
        for key, texts in named.items()
        for text in texts
        for name in placeholders(text)
        if name not in known | (set() if key == "argv" else set(secrets))
    ]
    program = chosen.argv[0]
    if not placeholders(program) and shutil.which(program) is None:
        found.append(f"there is no program {program}")
    if chosen.jars and not (lock := pack.file.parent / chosen.jars).is_file():
        found.append(f"there is no file {lock}")
    return found


def job_problems(pack: Pack, job: FlinkProcessor) -> list[str]:
    """Return what would stop the submission of a job: unknown placeholders, secrets, a module that does not exist."""
    groups = {*RunNames.of(pack, "any", job).groups}
    known = {"database", "pack", *PLACEHOLDERS, *(f"topic.{role}" for role in pack.topics)}
    known |= {f"group.{role}" for role in groups}
    found = [
        f"it names {{{name}}}, which is not known; placeholders are {', '.join(sorted(known))}"
        for text in job.texts
        for name in placeholders(text)
        if name not in known
    ]
    if job.group and job.group not in groups:
        found.append(f"`group` is {job.group}, which a run does not have; its groups are {', '.join(sorted(groups))}")
    module = pack.python_dir.joinpath(*job.python.split("."))
    if job.python and not (module.with_suffix(".py").is_file() or (module / "__main__.py").is_file()):
        found.append(f"there is no module {job.python} in {pack.python_dir}")
    if job.jar and not is_named_jar(job.jar, pack.file.parent):
        found.append(f"there is no jar {job.jar}: name a file below the pack's folder, or group:artifact:version")
    return found


def refuse_unusable_job(pack: Pack, name: str) -> None:
    """Raise UsageError when a processor is a job on Flink that could not be submitted."""
    job = pack.processors.get(name)
    if isinstance(job, FlinkProcessor) and (problems := job_problems(pack, job)):
        raise UsageError(
            f"{pack.file}: processors.{name}: {problems[0]}.", hint="docs/write-a-pack.md describes a job on Flink."
        )


def run_processor(ctx: RunContext) -> CommandProcessor | None:
    """Return the program that is the run's processor, None when the run starts no program."""
    if ctx.plan.observes:
        return None
    chosen = ctx.pack.processor(ctx.plan.processor)
    return chosen if isinstance(chosen, CommandProcessor) else None


def processor_launch(ctx: RunContext, number: int = 1) -> ProcessorLaunch | None:
    """Return how the run's processor is started; None for kind `warehouse`, which has no process.

    `number` counts the runs of a pipeline that a pack repeats.

    Values that are known only once the stack runs stay placeholders. Raises UsageError for an unknown placeholder or a
    lock file that does not exist, StackError when the packages of the pack cannot be installed.
    """
    chosen = run_processor(ctx)
    if chosen is None:
        return None
    files = ctx.folder.stack / "data" / "processor_files"
    later = (*_later(ctx.pack), *(f"port.{name}" for name in chosen.ports))
    known = {**_names(ctx, chosen), "files": str(files), **{name: f"{{{name}}}" for name in later}}
    known_to_env = {**known, **{name: f"{{{name}}}" for name in _secrets(ctx.pack)}}
    # In a container, docker-compose.yaml gives the secrets and the paths of the processor's own files. A program that
    # fetches what is served always runs on this machine, where the source is.
    inside = ctx.plan.stack == COMPOSE and not ctx.pack.source
    texts = chosen.env if inside else {**chosen.env, **chosen.secrets}
    return ProcessorLaunch(
        argv=tuple(_argument(part, known) for part in (*chosen.argv, *chosen.repeat_arguments.get(number, ()))),
        env={
            **{name: fill(text, known_to_env) for name, text in texts.items()},
            **({} if inside else _own(ctx, chosen)),
        },
        status_file=str(_status_file(ctx)) if chosen.status_file else "",
        python_path=os.pathsep.join(
            str(folder) for folder in (ctx.pack.python_dir, packages_folder(ctx.pack)) if folder
        ),
        files={str(files / name): fill(text, known_to_env) for name, text in chosen.files.items()},
        ports=chosen.ports,
        jars_lock=str(_lock(ctx, chosen)) if chosen.jars else "",
        stop_signal=chosen.stop.signal,
        stop_grace_sec=chosen.stop.grace_sec,
        ends=chosen.ends,
    )


def processor_secrets(ctx: RunContext) -> dict[str, str]:
    """Return the values of the placeholders for secrets that the processor uses. They are never written to a file.

    On a stack that the run starts itself, they are empty or default values. Raises StackError when the run needs
    connections and none are configured.
    """
    chosen = run_processor(ctx)
    used = {name for text in chosen.texts for name in placeholders(text)} & {*_secrets(ctx.pack)} if chosen else set()
    if not used:
        return {}
    own = {SOURCE_KEY: _source_key(ctx)} if SOURCE_KEY in used else {}
    warehouse, kafka = WarehouseSettings("", 0), KafkaSettings("")
    if ctx.plan.needs_connections:
        warehouse = ctx.outside().warehouse
        kafka = ctx.outside_kafka() if ctx.needs_kafka else kafka
    else:
        used -= set(_MADE)
    return {name: value for name, value in {**_secret_values(warehouse, kafka), **own}.items() if name in used}


def _later(pack: Pack) -> tuple[str, ...]:
    """Return the placeholders whose values are known once the services are up."""
    if not pack.source:
        return PLACEHOLDERS
    return (*(name for name in PLACEHOLDERS if name != _BROKERS), *SOURCE_PLACEHOLDERS)


def _secrets(pack: Pack) -> tuple[str, ...]:
    return (*SECRETS, SOURCE_KEY) if pack.source else SECRETS


def _source_key(ctx: RunContext) -> str:
    """Return the key of the run's source, or of the service itself. Raises StackError when there is none."""
    if ctx.plan.service_url:
        service = ctx.outside().service
        if service is None or service.url != ctx.plan.service_url:
            raise StackError(
                f"The run was planned for {ctx.plan.service_url}, which is not named any more.",
                hint="Set the same variables for all of the run.",
            )
        return service.key
    file = ctx.folder.source / KEY_FILE
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise StackError(
            f"The key of the source cannot be read: {error.strerror}.", hint="Stage stack_up makes it: is the stack up?"
        ) from None


def _argument(text: str, known: Mapping[str, str]) -> str:
    if secret := next((name for name in placeholders(text) if name in (*SECRETS, SOURCE_KEY)), ""):
        raise UsageError(
            f"pack.yaml: an argument of a processor names {{{secret}}}.",
            hint="Every user of the machine can read arguments: put it into `env` or `files`.",
        )
    return fill(text, known)


def _status_file(ctx: RunContext) -> Path:
    return ctx.folder.stack / "processor_status.json"


def _own(ctx: RunContext, chosen: CommandProcessor) -> dict[str, str]:
    """Return the variables that say where the processor reports its state and keeps its files."""
    paths = {
        chosen.status_file: str(_status_file(ctx)),
        chosen.state_dir: str(ctx.folder.stack / "data" / "processor"),
    }
    return {variable: path for variable, path in paths.items() if variable}


def _names(ctx: RunContext, chosen: CommandProcessor) -> dict[str, str]:
    names = {**ctx.names.placeholders, "python": sys.executable, "pack": str(ctx.pack.python_dir)}
    # Only for a program that asks for it: a JRE that does not exist must not stop any other.
    if ctx.pack.source:
        own = str(ctx.folder.source / CERTIFICATE_FILE)
        names |= {CA_FILE: ctx.plan.service_ca_file if ctx.plan.service_url else own}
        names |= {SOURCE_FILES: str(ctx.folder.source_files)}
    names["java"] = str(find_java(ctx.plan.java)) if any("{java}" in text for text in chosen.texts) else ""
    if chosen.jars:
        jars = read_lock(_lock(ctx, chosen))
        names["jars"] = ":".join(str(jar.path_in(Path(ctx.plan.cache_dir))) for jar in jars)
    return names


def _lock(ctx: RunContext, chosen: CommandProcessor) -> Path:
    lock = ctx.pack.file.parent / chosen.jars
    if not lock.is_file():
        raise UsageError(
            f"{ctx.pack.file}: `jars` of a processor is {chosen.jars}, and there is no file {lock}.",
            hint="A lock file has a line `group:artifact:version sha256` for each jar.",
        )
    return lock


def _secret_values(warehouse: WarehouseSettings, kafka: KafkaSettings) -> Mapping[str, str]:
    encrypted = "verify-full" if warehouse.verify else "require"
    return {
        "clickhouse_password": warehouse.password,
        "clickhouse_verify": "on" if warehouse.verify else "off",
        "clickhouse_ca_cert": warehouse.ca_cert or "",
        "postgres_password": warehouse.password,
        "postgres_sslmode": encrypted if warehouse.secure else "prefer",
        "postgres_ca_cert": warehouse.ca_cert or "",
        "kafka_options_json": orjson.dumps(dict(kafka.options)).decode(),
    }
