"""What the Docker tests stand on: an engine, Compose v2, and images. What is missing is made, and ended again."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from images import base, contexts

from streamproof.model.errors import StackError
from streamproof.model.waiting import Probe, wait_until
from streamproof.runtime.compose.cli import find_compose

HERE = Path(__file__).parent
HOME = HERE.parents[1]
OFFICIAL = "apache/kafka:4.3.1"
PYTHON = "streamproof-test/python:1"
STANDINS = tuple(f"streamproof-test/{name}:1" for name in ("kafka", "clickhouse", "postgres", "timescaledb", "mail"))
ENGINE_TIMEOUT_SEC = 60
PULL_TIMEOUT_SEC = 300
KEY = "streamproof.test.key"


def run(
    *command: str, env: dict[str, str], check: bool = True, timeout: float = 900
) -> subprocess.CompletedProcess[str]:
    """Run a command; when it fails, what it said is the error."""
    ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=timeout, check=False)
    if check and ended.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {ended.returncode}:\n{ended.stdout}\n{ended.stderr}")
    return ended


def answers(env: dict[str, str]) -> bool:
    """Tell whether a Docker engine answers."""
    docker = shutil.which("docker", path=env["PATH"])
    return docker is not None and run(docker, "info", env=env, check=False).returncode == 0


@contextmanager
def engine(cache: Path) -> Iterator[dict[str, str]]:
    """Give the environment of a Docker engine that answers: the machine's own, else one started here as root."""
    env = dict(os.environ)
    if answers(env):
        yield env
        return
    if shutil.which("dockerd") is None:
        noninteractive = {**env, "DEBIAN_FRONTEND": "noninteractive"}
        run("apt-get", "update", "-qq", env=noninteractive)
        run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "docker.io", "iptables", env=noninteractive)
    with tempfile.TemporaryDirectory(prefix="sp-docker-") as text:
        env["DOCKER_HOST"] = f"unix://{text}/docker.sock"
        options = ["--data-root", str(cache / "data"), "--exec-root", f"{text}/exec", "--pidfile", f"{text}/pid"]
        cache.mkdir(parents=True, exist_ok=True)
        with (cache / "dockerd.log").open("wb") as log:
            daemon = subprocess.Popen(
                ["dockerd", *options, "--host", env["DOCKER_HOST"]], stdout=log, stderr=log, start_new_session=True
            )
        try:

            def look() -> Probe:
                if daemon.poll() is not None:
                    raise StackError(f"dockerd ended with {daemon.returncode}.", hint=f"See {cache}/dockerd.log.")
                return Probe(answers(env), "an answer to `docker info`")

            wait_until(look, timeout=ENGINE_TIMEOUT_SEC, message="dockerd", hint=f"See {cache}/dockerd.log.")
            yield env
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(ENGINE_TIMEOUT_SEC)


def with_compose(env: dict[str, str], cache: Path) -> dict[str, str]:
    """Return the environment with Compose v2 on its PATH; where there is none it is built from its Go module, once."""
    try:
        find_compose(env)
    except StackError:
        source = HERE / "tools"
        key = hashlib.sha256((source / "go.sum").read_bytes()).hexdigest()[:12]
        folder = cache / f"compose-{key}"
        if not (folder / "docker-compose").exists():
            pinned = re.search(r"docker/compose/v2 (v[\d.]+)", (source / "go.mod").read_text())
            assert pinned is not None
            version = f"-X github.com/docker/compose/v2/internal.Version={pinned[1]}"
            folder.mkdir(parents=True, exist_ok=True)
            target = folder / "docker-compose"
            go = ["go", "build", "-C", str(source), "-trimpath", "-ldflags", f"-s -w {version}", "-o", str(target)]
            run(*go, "github.com/docker/compose/v2/cmd", env=env, timeout=1800)
        return {**env, "PATH": f"{folder}{os.pathsep}{env['PATH']}"}
    return env


def with_images(env: dict[str, str], cache: Path, streamproof_cache: Path) -> dict[str, str]:
    """Return the environment whose COMPOSE_FILE has images that are there: official ones, else small local ones."""
    files = [str(HOME / "docker-compose.yaml")]
    if run("docker", "pull", "--quiet", OFFICIAL, env=env, check=False, timeout=PULL_TIMEOUT_SEC).returncode:
        _build_standins(env, cache, streamproof_cache)
        files.append(str(HERE / "compose.local.yaml"))
    env = {**env, "COMPOSE_FILE": os.pathsep.join(files)}
    run(*find_compose(env), "--profile", "*", "build", "processor", env=env)
    return env


def _build_standins(env: dict[str, str], cache: Path, streamproof_cache: Path) -> None:
    """Build the base from this machine's files and the stand-ins of official images on it, unless that was done."""
    made_base = _made_of([HERE / "images" / "base.py"])
    if _keys([PYTHON], env) != [made_base]:
        root = cache / "root.tar"
        base.write_root(root)
        changes = [f"ENV {name}={value}" for name, value in base.ENVIRONMENT.items()] + [f"LABEL {KEY}={made_base}"]
        options = [word for change in changes for word in ("--change", change)]
        run("docker", "import", *options, str(root), PYTHON, env=env)
        root.unlink()
    parts = [part for part in (HERE / "images").rglob("*") if part.is_file() and part.suffix != ".pyc"]
    parts += [HERE / "compose.build.yaml", HOME / "requirements.txt", HOME / "include" / "stack" / "jars.lock"]
    made = _made_of(parts)
    if _keys(STANDINS, env) != [made] * len(STANDINS):
        gathered = cache / "contexts"
        contexts.write_contexts(gathered, home=HOME, cache_dir=streamproof_cache)
        build = [*find_compose(env), "--file", str(HERE / "compose.build.yaml"), "build"]
        run(*build, env={**env, "TEST_CONTEXTS": str(gathered), "TEST_KEY": made})
        shutil.rmtree(gathered)


def _made_of(parts: list[Path]) -> str:
    return hashlib.sha256(b"".join(part.read_bytes() for part in sorted(parts))).hexdigest()


def _keys(images: Sequence[str], env: dict[str, str]) -> list[str]:
    """Return what each image says that it was made of; none when one of them is not there."""
    label = f'{{{{index .Config.Labels "{KEY}"}}}}'
    asked = run("docker", "image", "inspect", "--format", label, *images, env=env, check=False)
    return asked.stdout.split() if asked.returncode == 0 else []
