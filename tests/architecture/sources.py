"""The package read as text: its modules and what each imports, without importing any of them."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "tinygrad_i2dl"


@dataclass(frozen=True)
class Import:
    """One import of a module of ours by another, and the circumstances in which it happens."""

    importer: str
    imported: str
    line: int
    inside_function: bool
    only_for_types: bool

    def __str__(self) -> str:
        return f"{self.importer} (line {self.line}) imports {self.imported}"


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name; a package stands for its ``__init__``."""
    found = {}
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_in(module: str, source: str, is_package: bool, known: set[str]) -> Iterator[Import]:
    """Yield what ``source``, the text of ``module``, imports of ours; ``known`` tells modules from other names."""

    def names(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
            return
        base = node.module or ""
        if node.level:
            parents = module.split(".")
            parents = parents[: len(parents) - node.level + is_package]
            base = ".".join([*parents, base] if base else parents)
        submodules = [name for name in (f"{base}.{alias.name}" for alias in node.names) if name in known]
        yield from submodules
        if len(submodules) < len(node.names):
            yield base

    def visit(node: ast.AST, inside_function: bool, only_for_types: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for name in names(node):
                if name.split(".")[0] == PACKAGE:
                    yield Import(module, name, node.lineno, inside_function, only_for_types)
        elif isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            for child in node.body:
                yield from visit(child, inside_function, True)
            for child in node.orelse:
                yield from visit(child, inside_function, only_for_types)
        else:
            deeper = inside_function or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            for child in ast.iter_child_nodes(node):
                yield from visit(child, deeper, only_for_types)

    yield from visit(ast.parse(source), inside_function=False, only_for_types=False)


def imports() -> list[Import]:
    """Every import between modules of the package."""
    found = modules()
    return [
        one
        for name, path in found.items()
        for one in imports_in(name, path.read_text(encoding="utf-8"), path.name == "__init__.py", set(found))
    ]
