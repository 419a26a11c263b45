"""A module imports only from lower floors (the contract is in pyproject.toml), in the open, never in a circle."""

import ast
import graphlib
import textwrap

import pytest
from importlinter.cli import lint_imports

from tests.architecture.sources import PACKAGE, ROOT, imports, imports_in, modules

# Above every floor: these see the package as a user does.
OUTSIDE = {f"{PACKAGE}.__main__", f"{PACKAGE}.doctor"}


def test_the_contract_of_the_floors_is_kept(capfd: pytest.CaptureFixture[str]) -> None:
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    report = capfd.readouterr().out
    assert status == 0, f"{report}\nA new module takes its floor in pyproject.toml, [tool.importlinter]."
    assert "1 kept, 0 broken" in report


def test_no_import_of_ours_hides_in_a_function() -> None:
    hidden = [str(one) for one in imports() if one.inside_function and one.importer not in OUTSIDE]
    assert not hidden, "an import inside a function hides a circle; move the shared part to a lower floor"


def test_no_module_imports_the_package_itself() -> None:
    upward = [str(one) for one in imports() if one.imported == PACKAGE and not one.only_for_types]
    upward = [text for text in upward if not text.startswith(tuple(OUTSIDE))]
    assert not upward, "the package's __init__ is the top floor; import from the module that defines the name"


def test_no_circles_between_modules() -> None:
    graph: dict[str, set[str]] = {name: set() for name in modules()}
    for one in imports():
        if not one.only_for_types:
            graph[one.importer].add(one.imported)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail("circle of imports: " + " <- ".join(error.args[1]))


@pytest.mark.parametrize("name", [name for name, path in modules().items() if path.name == "__init__.py"])
def test_init_files_only_reexport(name: str) -> None:
    path = modules()[name]
    allowed = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.Delete)
    for statement in ast.parse(path.read_text(encoding="utf-8")).body:
        is_docstring = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        is_type_checking = isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING"
        assert is_docstring or is_type_checking or isinstance(statement, allowed), (
            f"{path.relative_to(ROOT)}:{statement.lineno}: an __init__ file holds a docstring, imports and names only"
        )


def test_the_reader_of_imports_sees_every_form() -> None:
    source = textwrap.dedent(
        """
        from typing import TYPE_CHECKING
        import numpy
        import tinygrad_i2dl.engine.node as node
        from . import sibling
        from .sibling import name
        from ..engine import node, backward
        from tinygrad_i2dl.engine import mode, anything
        if TYPE_CHECKING:
            from tinygrad_i2dl.tensor import Tensor
        else:
            from tinygrad_i2dl import errors
        def function():
            import tinygrad_i2dl.nn
            class Inner:
                from tinygrad_i2dl.optim import sgd
        """
    )
    known = {
        "tinygrad_i2dl.ops.sibling",
        "tinygrad_i2dl.engine.node",
        "tinygrad_i2dl.engine.mode",
        "tinygrad_i2dl.engine.backward",
        "tinygrad_i2dl.errors",
        "tinygrad_i2dl.optim.sgd",
    }
    found = list(imports_in("tinygrad_i2dl.ops.example", source, False, known))
    assert [
        (one.imported.removeprefix("tinygrad_i2dl."), one.inside_function, one.only_for_types) for one in found
    ] == [
        ("engine.node", False, False),
        ("ops.sibling", False, False),
        ("ops.sibling", False, False),
        ("engine.node", False, False),
        ("engine.backward", False, False),
        ("engine.mode", False, False),
        ("engine", False, False),
        ("tensor", False, True),
        ("errors", False, False),
        ("nn", True, False),
        ("optim.sgd", True, False),
    ]
    in_package = list(imports_in("tinygrad_i2dl.ops", "from .sibling import name\nfrom ..errors import e", True, known))
    assert [one.imported for one in in_package] == ["tinygrad_i2dl.ops.sibling", "tinygrad_i2dl.errors"]


def test_the_reader_finds_the_package() -> None:
    found = modules()
    assert f"{PACKAGE}.__main__" in found and PACKAGE in found and len(found) > 10
