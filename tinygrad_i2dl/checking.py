"""The command ``check``: which names of PyTorch a code base uses that this library lacks."""

from __future__ import annotations

import argparse
import ast
import importlib
import json
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .missing import members, nearest_names
from .substitution import STANDS_FOR

# Methods that only PyTorch's tensors have, as far as can be told from a name: what a call of them is called on is not
# known without running the program.
TENSOR_METHODS = frozenset(
    (
        "cdouble cfloat chalf coalesce crow_indices dequantize frexp geqrf i0 i0_ igamma igamma_ igammac igammac_ "
        "int_repr is_coalesced is_set_to istft lu_solve map2_ nonzero_static orgqr ormqr q_scale q_zero_point qscheme "
        "record_stream resize_as_sparse_ slice_inverse sparse_dim sparse_mask sparse_resize_ stft to_dense to_mkldnn "
        "to_padded_tensor to_sparse to_sparse_bsc to_sparse_bsr to_sparse_coo to_sparse_csc to_sparse_csr"
    ).split()
)

HELP = "list the names of PyTorch that scripts and notebooks use and this library lacks, without running them"


@dataclass(frozen=True, order=True)
class Use:
    """A name as written somewhere."""

    file: str
    line: int
    name: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", help="scripts, notebooks, or folders of them")


def run(arguments: argparse.Namespace) -> int:
    """Print a line for each missing name; exit status 1 if there is any, 2 if a path cannot be read."""
    files = list(_files(arguments.paths))
    missing: list[Use] = []
    uses = 0
    unreadable = 0
    for path in files:
        try:
            found = list(names_in(source_of(path), str(path)))
        except (OSError, ValueError, SyntaxError) as error:
            print(f"{path}: cannot be read as Python: {error}", file=sys.stderr)
            unreadable += 1
            continue
        uses += len(found)
        missing.extend(use for use in found if not present(use.name))
    for use in sorted(set(missing)):
        print(f"{use.file}:{use.line}: {use.name}{hint(use.name)}")
    names = len({use.name for use in missing})
    print(f"{len(files)} files, {uses} uses of PyTorch's names, {names} names missing")
    if unreadable or not files:
        return 2
    return 1 if missing else 0


def _files(paths: list[str]) -> Iterator[Path]:
    for text in paths:
        path = Path(text)
        if path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.suffix in (".py", ".ipynb") and each.is_file())
        else:
            yield path


def source_of(path: Path) -> str:
    """A file's Python code; a notebook's cells with its magic commands left out, lines counted through all cells."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    cells = json.loads(text).get("cells", [])
    lines: list[str] = []
    for cell in cells:
        if cell.get("cell_type") == "code":
            source = cell.get("source", "")
            for line in ("".join(source) if isinstance(source, list) else source).splitlines():
                stripped = line.lstrip()
                lines.append(
                    line[: len(line) - len(stripped)] + "pass" if stripped.startswith(("%", "!", "?")) else line
                )
    return "\n".join(lines)


def names_in(source: str, file: str) -> Iterator[Use]:
    """The dotted names below torch and torchvision that a program uses, aliases resolved, and the methods that only
    tensors have."""
    tree = ast.parse(source)
    aliases: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                if each.name.partition(".")[0] in STANDS_FOR:
                    aliases[each.asname or each.name.partition(".")[0]] = (
                        each.name if each.asname else each.name.partition(".")[0]
                    )
                    yield Use(file, node.lineno, each.name)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            if node.module.partition(".")[0] in STANDS_FOR:
                for each in node.names:
                    if each.name == "*":
                        yield Use(file, node.lineno, node.module)
                    else:
                        aliases[each.asname or each.name] = f"{node.module}.{each.name}"
                        yield Use(file, node.lineno, f"{node.module}.{each.name}")
    inner: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and id(node) not in inner:
            parts = [node.attr]
            value: ast.expr = node.value
            while isinstance(value, ast.Attribute):
                inner.add(id(value))
                parts.append(value.attr)
                value = value.value
            if isinstance(value, ast.Name) and value.id in aliases:
                yield Use(file, node.lineno, ".".join([aliases[value.id], *reversed(parts)]))
            elif aliases and node.attr in TENSOR_METHODS:
                yield Use(file, node.lineno, f"torch.Tensor.{node.attr}")


def present(name: str) -> bool:
    """Whether the library has a dotted name of PyTorch's; what follows a class or a value is not followed."""
    return _resolved(name)[1] is None


def hint(name: str) -> str:
    """The nearest names to the first missing part of `name`."""
    holder, missing, path = _resolved(name)
    return nearest_names(missing, members(holder), path) if missing else ""


def _resolved(name: str) -> tuple[Any, str | None, str]:
    """How far a dotted name leads: the last thing found, the first part missing, and the path to the former."""
    top, *parts = name.split(".")
    holder: Any = importlib.import_module(STANDS_FOR[top][0])
    path = top
    for part in parts:
        if not isinstance(holder, types.ModuleType):
            if isinstance(holder, type) and not hasattr(holder, part):
                return holder, part, path
            return holder, None, path
        try:
            found = getattr(holder, part, None)
        except ImportError:  # it is here, and needs a package that is not installed
            return holder, None, path
        if found is None and part not in vars(holder):
            try:
                found = importlib.import_module(f"{holder.__name__}.{part}")
            except ImportError:
                return holder, part, path
        holder = found
        path = f"{path}.{part}"
    return holder, None, path
