"""Write `tinygrad_i2dl/operations.pyi`: the methods that operations attach to Tensor at run time, for editors and mypy.

Signatures come from the live class. What a method returns comes from its annotation, or from what it returns for its
samples (`tests/samples`), so the stub promises only what was seen.

    python -m tools.generate_stubs           # write
    python -m tools.generate_stubs --check   # exit with 1 if the file is out of date
"""

from __future__ import annotations

import inspect
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tinygrad_i2dl
from tests.calls import Call, cases_of, function_of
from tests.samples import load_all
from tinygrad_i2dl.operations import Operations
from tinygrad_i2dl.tensors import Tensor

TARGET = Path(tinygrad_i2dl.__file__).with_name("operations.pyi")
SENTENCE = "What operations attach to Tensor. Written by tools/generate_stubs.py: change the operations, not this file."
IMPORTED = {"collections.abc": ("Callable", "Sequence"), "typing": ("Any",), ".tensors": ("Size", "Tensor")}
BUILTINS = {"bool", "int", "float", "str", "tuple", "list"}  # some methods have these names: types are written in full
KNOWN = BUILTINS | {"Any", "Callable", "None", "Sequence", "Size", "Tensor"}
OVERRIDES = {"__eq__", "__ne__"}  # which object defines, returning a bool
WIDTH = 120


def text_of(annotation: Any) -> str:
    """An annotation as the stub writes it; Any where it names what the stub does not import."""
    if annotation is inspect.Parameter.empty:
        return "Any"
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "Any")
    names = set(re.findall(r"[A-Za-z_][\w.]*", text))
    if not names <= KNOWN:
        return "Any"
    return re.sub(rf"\b({'|'.join(sorted(BUILTINS))})\b", r"builtins.\1", text)


def default_of(value: Any) -> str:
    """A default value as text; ... where its text would not be the value."""
    plain = type(value) in (bool, int, float, str, type(None)) and repr(value) not in ("nan", "inf", "-inf")
    return repr(value).replace("'", '"') if plain else "..."


def parameters_of(function: Any) -> list[str]:
    """The parameters of a method as text, self first."""
    found: list[str] = []
    keywords = False
    for number, parameter in enumerate(inspect.signature(function).parameters.values()):
        kind = parameter.kind
        if number == 0 and kind is not parameter.VAR_POSITIONAL:
            found.append("self")
            continue
        if number == 0:
            found.append("self")
        if parameter.name == "self":
            continue
        if kind is parameter.KEYWORD_ONLY and not keywords:
            found.append("*")
            keywords = True
        stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(kind, "")
        keywords = keywords or stars == "*"
        text = f"{stars}{parameter.name}: {text_of(parameter.annotation)}"
        if parameter.default is not parameter.empty:
            text += f" = {default_of(parameter.default)}"
        found.append(text)
    return found


def kind_of(value: Any) -> str:
    """The type of a result as text."""
    if isinstance(value, Tensor):
        return "Tensor"
    if type(value).__name__ in ("bool", "int", "float", "str"):
        return f"builtins.{type(value).__name__}"
    if type(value) is tuple and all(isinstance(each, Tensor) for each in value):
        return "builtins.tuple[Tensor, ...]"
    return "Any"


def seen_results() -> dict[str, set[str]]:
    """For each method with samples the types of its results."""
    seen: dict[str, set[str]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for block in load_all().values():
            function = inspect.unwrap(function_of(block)) if block.determined else function_of(block)
            names = [name for name in vars(Operations) if same(vars(Operations)[name], function)]
            for name in names:
                kinds = seen.setdefault(name, set())
                for case in cases_of(block):
                    kinds.add(kind_of(Call(tinygrad_i2dl, case)(function)))
    return seen


def same(method: Any, function: Any) -> bool:
    """Whether a method is a function, or the in-place or operator form of its operation."""
    if method is function:
        return True
    operation = getattr(method, "op", None)
    return operation is not None and operation is getattr(function, "op", None)


def result_of(name: str, function: Any, seen: dict[str, set[str]]) -> str:
    if name == "__contains__":
        return "builtins.bool"
    if name == "__setitem__":
        return "None"
    if re.fullmatch(r"\w*[^_]_|__i\w+__", name) and name != "__invert__":
        return "Tensor"  # in place
    annotated = text_of(inspect.signature(function).return_annotation)
    if annotated != "Any":
        return annotated
    kinds = seen.get(name, set())
    if len(kinds) == 1:
        return kinds.pop()
    if re.fullmatch(r"__(r\w+|[lg][te]|eq|ne)__", name):
        return "Tensor"  # operators that return NotImplemented for what they do not know
    return "Any"


def summary_of(function: Any) -> str:
    """The first line of a documentation, where it is a sentence that can stand in a stub."""
    first = (inspect.getdoc(function) or "").partition("\n")[0].replace("\\", "\\\\")
    return first if first.endswith(".") and '"""' not in first and len(first) < WIDTH - 14 else ""


def method(name: str, function: Any, seen: dict[str, set[str]]) -> Iterator[str]:
    """The lines of one method."""
    try:
        parameters = parameters_of(function)
    except ValueError:
        parameters = ["self", "*args: Any", "**kwargs: Any"]
    ending = "  # type: ignore[override]" if name in OVERRIDES else ""
    summary = summary_of(function)
    body = "" if summary else " ..."
    result = result_of(name, function, seen)
    line = f"    def {name}({', '.join(parameters)}) -> {result}:{body}{ending}"
    if len(line) <= WIDTH:
        yield line
    else:
        yield f"    def {name}("
        yield from (f"        {each}," for each in parameters)
        yield f"    ) -> {result}:{body}{ending}"
    if summary:
        yield from (f'        """{summary}"""', "")


def stub() -> str:
    """The text of the stub."""
    seen = seen_results()
    own = vars(Tensor)
    lines: list[str] = []
    for name, value in sorted(vars(Operations).items()):
        if name in own or name in ("__module__", "__slots__", "__doc__"):
            continue
        if isinstance(value, property):
            annotated = text_of(inspect.signature(value.fget).return_annotation)  # type: ignore[arg-type]
            lines += ["    @property", f"    def {name}(self) -> {annotated}: ..."]
        elif callable(value):
            lines += method(name, value, seen)
    body = "class Operations:\n" + "\n".join(lines).rstrip() + "\n"
    return f'"""{SENTENCE}"""\n\n{imports_of(body)}\n{body}'


def imports_of(body: str) -> str:
    """The imports of the names that are used."""
    text = "import builtins\n"
    for module, names in IMPORTED.items():
        used = [name for name in names if re.search(rf"\b{name}\b", re.sub(r'""".*', "", body))]
        gap = "\n" if module.startswith(".") else ""
        text += f"{gap}from {module} import {', '.join(used)}\n" if used else ""
    return text


def main() -> int:
    text = stub()
    if sys.argv[1:] == ["--check"]:
        return int(TARGET.read_text() != text)
    TARGET.write_text(text)
    print(f"{TARGET}: {text.count('    def ')} methods")
    return 0


if __name__ == "__main__":
    sys.exit(main())
