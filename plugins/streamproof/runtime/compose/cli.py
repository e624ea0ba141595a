"""Find the Compose command, run it for one project, and explain its errors."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from streamproof.model.errors import StackError
from streamproof.runtime.files import last_lines
from streamproof.runtime.process import dying_with_us
from streamproof.runtime.stack_spec import ComposeLaunch

OLDEST_COMPOSE = (2, 20)
CANDIDATES = (("docker", "compose"), ("docker-compose",))
VERSION_TIMEOUT_SEC = 20

_PORT_TAKEN = re.compile(r"(?::|port )(?P<port>\d{2,5})\b[^\n]*(?:already allocated|already in use)")
_KNOWN = (
    (
        re.compile(r"no space left on device", re.IGNORECASE),
        "The disk is full",
        "`docker system df` shows what takes it.",
    ),
    (
        re.compile(r"Cannot connect to the Docker daemon|error during connect", re.IGNORECASE),
        "The Docker engine has gone away",
        "Start it, then try again.",
    ),
)


def find_compose(env: Mapping[str, str]) -> tuple[str, ...]:
    """Return the command of Compose v2. Raises StackError when it is missing or too old."""
    seen = ""
    for candidate in CANDIDATES:
        if shutil.which(candidate[0], path=env.get("PATH")) is None:
            continue
        try:
            answer = subprocess.run(
                [*candidate, "version", "--short"],
                env=dict(env),
                capture_output=True,
                text=True,
                timeout=VERSION_TIMEOUT_SEC,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            seen = f" `{' '.join(candidate)}` did not answer: {error}."
            continue
        numbers = re.match(r"v?(\d+)\.(\d+)", answer.stdout.strip())
        if answer.returncode == 0 and numbers:
            if (int(numbers[1]), int(numbers[2])) >= OLDEST_COMPOSE:
                return candidate
            seen = f" `{' '.join(candidate)}` is version {answer.stdout.strip()}."
    raise StackError(
        f"There is no Docker Compose {OLDEST_COMPOSE[0]}.{OLDEST_COMPOSE[1]} or newer.{seen}",
        hint="Install the package docker-compose-plugin, or use --stack local, which needs no Docker.",
    )


@dataclass(frozen=True, slots=True)
class ComposeCli:
    """The Compose command for one project. `env_files` are read in order; `log` gets its messages."""

    command: tuple[str, ...]
    launch: ComposeLaunch
    files: tuple[Path, ...]
    env_files: tuple[Path, ...]
    env: Mapping[str, str]
    log: Path

    async def run(self, *arguments: str, doing: str, timeout: float) -> bytes:
        """Run Compose and return its standard output. Raises StackError that names `doing` and the reason."""
        env = {**self.env, **({"DOCKER_HOST": self.launch.docker_host} if self.launch.docker_host else {})}
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as said:
            process = await asyncio.create_subprocess_exec(
                *dying_with_us([*self.command, *self._options(), *arguments]),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=said,
                env=env,
                cwd=Path(self.launch.files[0]).parent,
            )
            try:
                out, _ = await asyncio.wait_for(process.communicate(), timeout)
            except TimeoutError:
                raise StackError(
                    f"Compose took more than {timeout:.0f} s {doing}.", hint=f"Its output is in {self.log}."
                ) from None
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        if process.returncode:
            raise self._refusal(doing)
        return out

    async def configuration(self, timeout: float) -> dict[str, Any]:
        """Return the project's configuration as Compose reads it. Raises StackError for an invalid file."""
        out = await self.run("config", "--format", "json", doing="reading its files", timeout=timeout)
        found: dict[str, Any] = orjson.loads(out)
        return found

    def _options(self) -> list[str]:
        options = ["--project-name", self.launch.project, "--ansi", "never", "--progress", "plain"]
        # Every command names its services. Without all profiles, Compose would not find some of them.
        options += ["--profile", "*", "--project-directory", str(Path(self.launch.files[0]).parent)]
        for file in self.files:
            options += ["--file", str(file)]
        for file in self.env_files:
            options += ["--env-file", str(file)]
        return options

    def _refusal(self, doing: str) -> StackError:
        lines = last_lines(self.log)
        hint = f"Compose's words are in {self.log}. Last lines:\n{lines}"
        if taken := _PORT_TAKEN.search(lines):
            return StackError(
                f"Port {taken['port']} is taken.",
                hint=f"Stop what listens there (`ss -ltnp 'sport = :{taken['port']}'`) or name another. {hint}",
            )
        for pattern, message, advice in _KNOWN:
            if pattern.search(lines):
                return StackError(f"{message}: Compose failed {doing}.", hint=f"{advice} {hint}")
        return StackError(f"Compose failed {doing}.", hint=hint)
