"""The oracle is worth something only as long as it shares nothing with what it judges."""

from __future__ import annotations

import ast
import sys

OWN = "packs.livepeer.oracle"


def _imports(source: str) -> set[str]:
    """Return the dotted names of all modules that a source text imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where a name comes from"
            names.add(node.module)
    return names


def test_the_oracle_imports_only_itself_and_the_standard_library(home):
    sources = sorted((home / "include/packs/livepeer/oracle").rglob("*.py"))
    assert sources
    for path in sources:
        strangers = {
            name
            for name in _imports(path.read_text(encoding="utf-8"))
            if not (name == OWN or name.startswith(f"{OWN}.") or name.split(".")[0] in sys.stdlib_module_names)
        }
        assert not strangers, f"{path.name} imports {strangers}"


def test_no_module_is_reached_by_name_at_run_time(home):
    for path in (home / "include/packs/livepeer/oracle").rglob("*.py"):
        assert "importlib" not in path.read_text(encoding="utf-8")
        assert "__import__" not in path.read_text(encoding="utf-8")
