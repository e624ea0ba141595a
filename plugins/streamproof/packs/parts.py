"""Import the Python parts of a pack (oracle, generator, source) from the pack's own folder."""

from __future__ import annotations

import sys
from importlib import import_module, invalidate_caches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streamproof.model.errors import UsageError
from streamproof.packs.requirements import packages_folder

if TYPE_CHECKING:
    from streamproof.packs.pack import Pack


def import_part(pack: Pack, key: str, needs: tuple[str, ...]) -> Any:
    """Import the module that `key` of a pack.yaml names; `needs` are the names that it must define.

    Raises UsageError when the pack names none, it cannot be imported, another imported module has its name, or it does
    not define a name. Raises StackError when what the pack requires cannot be installed.
    """
    dotted = str(getattr(pack, key))
    hint = f"`{key}:` in {pack.file} is the dotted path of a module below {pack.python_dir}: see docs/write-a-pack.md."
    if not dotted:
        raise UsageError(f"Pack '{pack.name}' has no {key}.", hint=hint)
    if str(pack.python_dir) not in sys.path:
        sys.path.insert(0, str(pack.python_dir))
        invalidate_caches()
    own_packages = packages_folder(pack)
    # Behind the environment's own.
    if own_packages and str(own_packages) not in sys.path:
        sys.path.append(str(own_packages))
        invalidate_caches()
    try:
        module = import_module(dotted)
    except ImportError as error:
        raise UsageError(f"The {key} of pack '{pack.name}' cannot be imported: {error}.", hint=hint) from None
    path = pack.python_dir.joinpath(*dotted.split("."))
    own = {path.with_suffix(".py").resolve(), (path / "__init__.py").resolve()}
    if not module.__file__ or Path(module.__file__).resolve() not in own:
        raise UsageError(
            f"The {key} of pack '{pack.name}', {dotted}, is a module of {module.__file__}, not of the pack.",
            hint="Give the pack's module another name.",
        )
    missing = [name for name in needs if not hasattr(module, name)]
    if missing:
        raise UsageError(f"{dotted} has no {', '.join(missing)}.", hint=hint)
    return module
