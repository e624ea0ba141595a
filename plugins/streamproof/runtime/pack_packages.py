"""Install the Python packages that a pack needs and this environment lacks into a cache. A lock file names them."""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from streamproof.model.errors import StackError, UsageError
from streamproof.runtime.files import file_lock
from streamproof.runtime.jars import Progress
from streamproof.runtime.uv import run_uv

# Change it when this module puts together a folder in another way.
_LAYOUT = "1"
# A line that names a package. Its hashes follow on indented lines.
_PACKAGE = re.compile(r"^(?=[^\s#])", re.MULTILINE)


def tell(done: int, total: int, name: str) -> None:
    """Write the begin and the end of an installation to standard error."""
    print(f"{name.partition(':')[0]}: done" if done == total else name, file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class PackPackages:
    """The folders of packages of packs in the cache, one for each lock file and environment.

    A folder has only what the environment lacks. So no package of the environment is replaced, in whichever order a
    program looks for modules. `kind` says in messages who needs the packages, if that is no pack.
    """

    cache: Path
    progress: Progress = tell
    kind: str = "pack"

    @property
    def root(self) -> Path:
        """Return the folder that contains the folders of all packs."""
        return self.cache / "packs"

    def folder(self, pack: str, lock: Path) -> Path | None:
        """Return the folder of a pack's packages, after installing it where that was not done yet.

        None: the environment has them all. An interruption leaves nothing that could be used. Two installations at the
        same time wait for each other. Raises UsageError for a lock file that cannot be read, StackError when a package
        cannot be had or does not fit to those of the environment.
        """
        lacking = self._lacking(lock)
        if not lacking:
            return None
        wanted = self.root / f"{pack}-{_key(lacking)}"
        if wanted.is_dir():
            return wanted
        names = ", ".join(each.title for each in lacking)
        what = f"Installing {len(lacking)} packages of {self.kind} '{pack}', once: {names}"
        self.progress(0, 1, what)
        with file_lock(self.root / ".lock"):
            if not wanted.is_dir():
                self._install(pack, lacking, wanted)
        self.progress(1, 1, what)
        return wanted

    def is_complete(self, pack: str, lock: Path) -> bool:
        """Return whether nothing has to be installed for a pack. Raises UsageError."""
        lacking = self._lacking(lock)
        return not lacking or (self.root / f"{pack}-{_key(lacking)}").is_dir()

    def _lacking(self, lock: Path) -> list[_Locked]:
        """Return the packages of a lock file that this environment lacks and this platform needs."""
        return [each for each in _read(lock) if each.applies and _found(each.name, self._environment()) is None]

    def _environment(self) -> list[str]:
        """Return where this process finds modules, without the folders that this class has made."""
        return [entry for entry in sys.path if not Path(entry).is_relative_to(self.root)]

    def _install(self, pack: str, lacking: list[_Locked], wanted: Path) -> None:
        """Make the folder beside its path, and move it there when it is complete."""
        for left_over in self.root.glob(".making-*"):
            # This process holds the lock, so the process that created this folder was killed.
            shutil.rmtree(left_over, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=".making-", dir=self.root) as text:
            made, chosen = Path(text) / "packages", Path(text) / "requirements.txt"
            chosen.write_text("".join(each.text for each in lacking), encoding="utf-8")
            run_uv(
                "pip", "install", "--python", sys.executable, "--target", str(made), "--no-deps", "--require-hashes",
                "--compile-bytecode", "--requirement", str(chosen),
                what=f"What {self.kind} '{pack}' needs",
                needs="It needs a package index (uv's default, or UV_DEFAULT_INDEX), once: later runs take it from "
                f"{self.root}.",
            )  # fmt: skip
            self._require_a_fit(pack, made)
            made.replace(wanted)

    def _require_a_fit(self, pack: str, made: Path) -> None:
        """Raise StackError when an installed package does not work with what the environment has."""
        places = [*self._environment(), str(made)]
        for package in Distribution.discover(path=[str(made)]):
            for needed in _needs(package):
                found = _found(needed.name, places)
                if found is None or not needed.specifier.contains(found.version, prereleases=True):
                    has = f"has {needed.name} {found.version}" if found else f"has no {needed.name}"
                    raise StackError(
                        f"{package.metadata['Name']} {package.version}, which {self.kind} '{pack}' needs, "
                        f"wants {needed}; this environment {has}.",
                        hint="Use an environment with the versions of requirements.txt: its packages go before those "
                        "of a pack.",
                    )


@dataclass(frozen=True, slots=True)
class _Locked:
    """A package of a lock file: its line as it is parsed, and its whole text with the hashes."""

    line: Requirement
    text: str

    @property
    def name(self) -> str:
        return canonicalize_name(self.line.name)

    @property
    def title(self) -> str:
        return f"{self.line.name} {str(self.line.specifier).removeprefix('==')}"

    @property
    def applies(self) -> bool:
        return self.line.marker is None or self.line.marker.evaluate()


def _read(lock: Path) -> Iterator[_Locked]:
    """Yield the packages of a lock file as uv writes it. Raises UsageError."""
    hint = "`requirements:` in pack.yaml names a lock file with hashes, as `uv pip compile --generate-hashes` makes it."
    try:
        # What is before the first package is comments.
        for text in _PACKAGE.split(f"\n{lock.read_text(encoding='utf-8')}")[1:]:
            line = text.partition("\n")[0].partition(" --hash")[0].partition(" #")[0].rstrip(" \\")
            yield _Locked(Requirement(line), text)
    except OSError as error:
        raise UsageError(f"{lock} cannot be read: {error.strerror}.", hint=hint) from None
    except InvalidRequirement as error:
        raise UsageError(f"{lock} is no lock file: {str(error).splitlines()[0]}.", hint=hint) from None


def _found(name: str, places: Iterable[str]) -> Distribution | None:
    return next(iter(Distribution.discover(name=name, path=list(places))), None)


def _needs(package: Distribution) -> Iterator[Requirement]:
    """Yield what a package needs on this platform, without its extras."""
    for text in package.requires or ():
        needed = Requirement(text)
        if needed.marker is None or needed.marker.evaluate({"extra": ""}):
            yield needed


def _key(lacking: Iterable[_Locked]) -> str:
    """Return what tells this set of packages, for this Python on this machine, from others."""
    python = f"{platform.python_version()} {sys.base_prefix} {platform.machine()}"
    text = "\n".join([_LAYOUT, python, *(each.text for each in lacking)])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
