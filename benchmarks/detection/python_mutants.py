"""Mutants of the processor's pure core: cosmic-ray's operators and our own over every module that it consists of."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.provider import OperatorProvider

from benchmarks.detection.mutants import MutationPoint
from benchmarks.detection.operators import OWN

# The pure core: the code that makes rows of a record's value. Code that moves records and rows is not run here.
PACKAGE = "pipelines/livepeer"
MODULES = (
    "catalogue.py",
    "core.py",
    "dedup.py",
    "event.py",
    "failures.py",
    "fields.py",
    "gate.py",
    "health.py",
    "identity.py",
    "ignored.py",
    "rejects.py",
    "tables.py",
    "lifecycle/*.py",
    "parsers/*.py",
)
# Operators that need arguments, or that do not change the behaviour of values.
_LEFT_OUT = frozenset({"VariableReplacer", "VariableInserter", "RemoveDecorator", "ExceptionReplacer"})

Position = tuple[tuple[int, int], tuple[int, int]]


def python_points(include: Path) -> list[MutationPoint]:
    """Return every location of the core that an operator can change, in the order of files, operators and lines."""
    files = sorted({file for pattern in MODULES for file in (include / PACKAGE).glob(pattern)})
    return [point for file in files for point in _points(file, str(file.relative_to(include)))]


def _points(file: Path, path: str) -> Iterator[MutationPoint]:
    code = file.read_text(encoding="utf-8")
    silent = _silent_spans(code)
    for (_, position), ways in sorted(_ways(code).items()):
        if not any(start <= position[0] and position[1] <= end for start, end in silent):
            made = [(name, partial(mutated_code, code, name, occurrence)) for name, occurrence in ways]
            yield MutationPoint(path, position[0][0], code, made)


def mutated_code(code: str, operator: str, occurrence: int) -> str | None:
    """Return the code with one change, None when it is invalid or unchanged."""
    mutated = mutate_code(code, operators()[operator](), occurrence)
    try:
        same = mutated is None or ast.dump(ast.parse(mutated)) == ast.dump(ast.parse(code))
    except SyntaxError:
        return None
    return None if same else mutated


def _ways(code: str) -> dict[tuple[str, Position], list[tuple[str, int]]]:
    """Return (operator, occurrence) of every possible mutation, by kind of operator and location."""
    ways: dict[tuple[str, Position], list[tuple[str, int]]] = defaultdict(list)
    nodes = list(ast_nodes(get_ast(code)))
    for name, operator in operators().items():
        mutator, occurrence = operator(), 0
        for node in nodes:
            for start, end in mutator.mutation_positions(node):
                ways[name.split("_")[0], (tuple(start), tuple(end))].append((name, occurrence))
                occurrence += 1
    return ways


@cache
def operators() -> dict[str, Any]:
    """Return cosmic-ray's operators and our own by name."""
    provider = OperatorProvider()
    return {**{name: provider[name] for name in provider if name not in _LEFT_OUT}, **OWN}


def _silent_spans(code: str) -> list[Position]:
    """Return the spans of what is never evaluated: docstrings, annotations, and blocks for the type checker."""
    found = (_silent_in(node) for node in ast.walk(ast.parse(code)))
    return [_span(node) for node in found if node is not None]


def _silent_in(node: ast.AST) -> ast.AST | None:
    """Return the parts of a node that are never evaluated: some, all of it, or none."""
    match node:
        case ast.arg(annotation=part) | ast.AnnAssign(annotation=part) | ast.FunctionDef(returns=part):
            return part
        case ast.Expr(value=ast.Constant()) | ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return node
    return None


def _span(node: Any) -> Position:
    return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
